import type { Resource } from '@weft/core/resource/resource';
import { stringify } from 'yaml';

/** A local program that joins a mesh. */
export interface LocalProgram {
  readonly name: string;
  readonly namespace: string;
  /** The Service it serves; null for a program that only calls. */
  readonly service: string | null;
  readonly serviceAccount: string;
  /** Where the program listens. */
  readonly port: number;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  /** Where its sidecar takes requests for it. */
  readonly inboundPort: number;
  /** Where its sidecar is an HTTP proxy for it. */
  readonly proxyPort: number;
  readonly upstreams: readonly Upstream[];
}

/** A service that is reached at `127.0.0.1:<port>`, where port is the service's own. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'http' | 'grpc' | 'tcp';
}

/** One resource of a program, as its document and its id. */
export interface ProgramResource {
  readonly id: string;
  readonly yaml: string;
}

/** Port of a Service that is made for a program. */
const servicePort = 80;

/**
 * The resources that put a program in the mesh: a WorkloadEntry, which the data plane of the computer gives a sidecar, the Sidecar that leads to the
 * program, its ServiceAccount, and its Service unless `existing` is there.
 */
export function programResources(program: LocalProgram, existing: Resource | null): readonly ProgramResource[] {
  const { name, namespace, service, serviceAccount, port, protocol, inboundPort, proxyPort, upstreams } = program;
  const found = existing?.spec as
    | { readonly selector?: Readonly<Record<string, string>>; readonly ports?: readonly { name?: string }[] }
    | undefined;
  const portName = found?.ports?.[0]?.name ?? protocol;
  const labels = { app: service ?? name, version: 'local', ...found?.selector, 'weft.dev/run': name };
  const selector = { workloadSelector: { labels: { 'weft.dev/run': name } } };
  const entry = {
    address: '127.0.0.1',
    ports: { [portName]: inboundPort },
    labels: { ...labels, 'sidecar.istio.io/inject': 'true' },
    serviceAccount,
  };
  const ingress = {
    port: { number: inboundPort, protocol: protocol.toUpperCase(), name: portName },
    bind: '127.0.0.1',
    captureMode: 'NONE',
    defaultEndpoint: `127.0.0.1:${port}`,
  };
  const egress = [...upstreams.map(egressOf), { hosts: ['*/*'], captureMode: 'IPTABLES' }];
  const proxyConfig = stringify({ proxyMetadata: { ISTIO_META_HTTP_PROXY_PORT: String(proxyPort) } });
  const meta = { name, namespace };
  const made = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace } },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'WorkloadEntry',
      metadata: { ...meta, labels, annotations: { 'proxy.istio.io/config': proxyConfig } },
      spec: entry,
    },
    { apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata: meta, spec: { ...selector, ingress: [ingress], egress } },
  ];
  const served = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service ?? name, namespace },
    spec: { selector: { app: labels.app }, ports: [{ name: protocol, port: servicePort, targetPort: port }] },
  };
  const all = service === null || existing !== null ? made : [...made, served];
  return all.map((resource) => ({
    id: `${resource.kind}/${namespace}/${resource.metadata.name}`,
    yaml: stringify(resource, { aliasDuplicateObjects: false }),
  }));
}

function egressOf({ host, port, protocol }: Upstream) {
  return {
    port: { number: port, protocol: protocol.toUpperCase(), name: `${protocol}-${port}` },
    bind: '127.0.0.1',
    captureMode: 'NONE',
    hosts: [`*/${host}`],
  };
}
