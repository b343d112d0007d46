import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** One workload of the shop with the loopback ports that the mesh's YAML gives it. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  /** Where the application itself listens: its Sidecar's `defaultEndpoint`. */
  readonly appPort: number;
  /** The sidecar's HTTP proxy port, or null for workloads that make no HTTP calls. */
  readonly httpProxyPort: number | null;
  /** Local ports of the Sidecar's egress listeners by port name (`grpc`, `tcp`). */
  readonly egressPortByName: ReadonlyMap<string, number>;
}

interface Manifest {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly annotations?: Record<string, string> };
  readonly spec?: {
    readonly labels?: Record<string, string>;
    readonly ingress?: readonly { readonly defaultEndpoint?: string }[];
    readonly egress?: readonly { readonly port?: { readonly number: number; readonly name: string } }[];
  };
}

/** Reads the shop's workloads from a directory of mesh YAML: every WorkloadEntry that has a Sidecar of the same name. */
export function readWorkloads(directory: string): readonly Workload[] {
  const manifests = readManifests(directory);
  const sidecarByKey = new Map(manifests.filter((each) => each.kind === 'Sidecar').map((each) => [keyOf(each), each]));
  return manifests.flatMap((entry) => {
    const sidecar = entry.kind === 'WorkloadEntry' ? sidecarByKey.get(keyOf(entry)) : undefined;
    const appPort = Number(sidecar?.spec?.ingress?.[0]?.defaultEndpoint?.split(':').at(-1));
    return sidecar && appPort > 0 ? [workload(entry, sidecar, appPort)] : [];
  });
}

function readManifests(directory: string): readonly Manifest[] {
  return readdirSync(directory)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(directory, file), 'utf8')))
    .map((document) => (document.toJS() ?? {}) as Manifest);
}

const keyOf = (manifest: Manifest): string => `${manifest.metadata?.namespace}/${manifest.metadata?.name}`;

function workload(entry: Manifest, sidecar: Manifest, appPort: number): Workload {
  const proxyPort = /ISTIO_META_HTTP_PROXY_PORT:\s*"?(\d+)/.exec(entry.metadata?.annotations?.['proxy.istio.io/config'] ?? '');
  const egress = sidecar.spec?.egress ?? [];
  return {
    name: entry.metadata?.name ?? '',
    namespace: entry.metadata?.namespace ?? '',
    app: entry.spec?.labels?.app ?? '',
    version: entry.spec?.labels?.version ?? '',
    appPort,
    httpProxyPort: proxyPort ? Number(proxyPort[1]) : null,
    egressPortByName: new Map(egress.flatMap(({ port }) => (port ? [[port.name, port.number] as const] : []))),
  };
}
