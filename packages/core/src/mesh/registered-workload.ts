import type { WorkloadGroup } from '../resource/kinds.ts';
import { parseYaml } from '../resource/parse.ts';
import type { Resource } from '../resource/resource.ts';
import { formatLocality } from './labels.ts';
import type { ProxyNode } from './proxy-node.ts';

/** What is known of a workload that registered itself. */
export interface Registration {
  readonly group: WorkloadGroup;
  readonly node: ProxyNode;
  /** What its last health check came to: null before the first, `''` when healthy, else what is wrong. */
  readonly health: string | null;
}

/** Names the group of a WorkloadEntry that its workload registered itself. */
export const registeredAnnotation = 'istio.io/autoRegistrationGroup';
const maxNameLength = 253;

/** `<group>-<ip>[-<network>]`, a name that Kubernetes takes. */
export function registeredName(group: string, { ip, network }: Pick<ProxyNode, 'ip' | 'network'>): string {
  const name = [group, ip.replaceAll(':', '-'), ...(network ? [network] : [])].join('-');
  return name.length <= maxNameLength ? name : name.slice(name.length - maxNameLength).replace(/^-+/, '');
}

/**
 * The WorkloadEntry of a workload that registers itself from a group: the group's template at the proxy's address, the proxy's own labels, place and
 * network before the template's. With a probe in the group it takes no traffic until the workload reports that it is healthy.
 */
export function registeredEntry({ group, node, health }: Registration, file: string): Resource | null {
  const { template = {}, metadata = {}, probe } = group.spec ?? {};
  const labels = { ...metadata.labels, ...template.labels, ...node.labels };
  const locality = formatLocality(node.locality) || template.locality;
  const condition =
    health === null ? [] : [{ type: 'Healthy', status: health === '' ? 'True' : 'False', ...(health === '' ? {} : { message: health }) }];
  const entry = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: {
      name: registeredName(group.ref.name, node),
      namespace: group.ref.namespace,
      labels,
      annotations: {
        ...metadata.annotations,
        [registeredAnnotation]: group.ref.name,
        ...(probe ? { 'proxy.istio.io/health-checks-enabled': 'true' } : {}),
      },
    },
    spec: {
      ...template,
      address: node.ip,
      labels,
      ...(locality ? { locality } : {}),
      ...(node.network ? { network: node.network } : {}),
      ...(template.serviceAccount || node.serviceAccount ? { serviceAccount: template.serviceAccount || node.serviceAccount } : {}),
    },
    status: { conditions: condition },
  };
  return parseYaml(JSON.stringify(entry), file).resources[0] ?? null;
}
