import { selectsLabels } from '@weft/core/base/labels';
import { parseYaml } from '@weft/core/resource/parse';
import type { Resource } from '@weft/core/resource/resource';
import type { ProxyRequest } from './check-mesh.ts';

/** The workload a question is about. */
export interface WorkloadRequest extends ProxyRequest {
  readonly ports?: readonly { readonly port: number; readonly protocol?: string; readonly name?: string }[];
}

/** What of a request tells how it reaches the workload. */
interface PortRequest {
  readonly port?: number;
  readonly protocol?: string;
}

const checkLabel = 'weft.dev/checked-workload';
const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';

/** Whether some gateway configuration stands on workloads with these labels. */
export function isGatewayWorkload(resources: readonly Resource[], { labels = {} }: WorkloadRequest): boolean {
  if (labels[gatewayNameLabel] !== undefined) return true;
  return resources.some(({ ref, spec }) => {
    const selector = (spec as { readonly selector?: Readonly<Record<string, string>> } | undefined)?.selector;
    const isIstioGateway = ref.kind === 'Gateway' && ref.group === 'networking.istio.io';
    return isIstioGateway && selector !== undefined && Object.keys(selector).length > 0 && selectsLabels(selector, labels);
  });
}

/** Declares the workload and a service before it, as a cluster would, so that its proxy knows its ports. */
export function workloadResources(workload: WorkloadRequest, request: PortRequest, isGateway: boolean): readonly Resource[] {
  const namespace = workload.namespace ?? 'default';
  const asked = { port: request.port ?? 80, protocol: request.protocol ?? 'http' };
  const ports = workload.ports?.length ? workload.ports : [asked];
  const named = ports.map(({ port, protocol = 'TCP' }, i) => ({ name: `${portName(protocol)}-${i}`, port, targetPort: port }));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'checked-workload', namespace },
    spec: { selector: { [checkLabel]: 'true' }, ports: isGateway ? gatewayPorts(ports) : named },
  };
  const entry = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name: workload.name ?? 'proxy', namespace },
    spec: {
      address: workload.ip ?? '10.0.0.1',
      labels: { ...workload.labels, [checkLabel]: 'true' },
      serviceAccount: workload.serviceAccount ?? 'default',
    },
  };
  return [service, entry].flatMap((object) => parseYaml(JSON.stringify(object), 'request').resources);
}

function portName(protocol: string): string {
  return protocol.toLowerCase().replace('_', '-');
}

/** Gateways listen on unprivileged ports behind a service with the well-known ones. */
function gatewayPorts(ports: NonNullable<WorkloadRequest['ports']>): object[] {
  const servicePort = (port: number): number => (port === 8080 ? 80 : port === 8443 ? 443 : port);
  return ports.map(({ port }, i) => ({ name: `port-${i}`, port: servicePort(port), targetPort: port }));
}
