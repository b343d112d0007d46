import { annotatedProxyConfig, effectiveProxyConfig } from '@weft/core/mesh/effective-proxy-config';
import { parseLocality } from '@weft/core/mesh/labels';
import { registeredAnnotation, registeredName } from '@weft/core/mesh/registered-workload';
import type { Workload } from '@weft/core/mesh/workload';
import type { GroupWorkloadQuery, LocalWorkload } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { AgentParts } from './agent-parts.ts';

/** The workloads of this computer that get a proxy: WorkloadEntries with a loopback address in injected namespaces, and gateways. Those that registered themselves have theirs. */
export function listLocalWorkloads(parts: AgentParts): readonly LocalWorkload[] {
  const mesh = parts.config.current.mesh();
  return mesh.workloads
    .filter((workload) => workload.kind === 'WorkloadEntry' && workload.addresses.some(isLoopback))
    .filter(({ annotations }) => annotations[registeredAnnotation] === undefined)
    .filter((workload) => isInjected(workload, mesh.namespaceLabels.get(workload.namespace) ?? {}))
    .map((workload) => toLocal(parts, workload))
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
}

function toLocal(parts: AgentParts, workload: Workload): LocalWorkload {
  const { meshConfig } = parts.config.current.settings;
  const config = effectiveProxyConfig(parts.config.current.mesh().resources.ofKind('ProxyConfig'), meshConfig, {
    namespace: workload.namespace,
    labels: workload.labels,
    own: annotatedProxyConfig(workload.annotations),
  });
  return {
    name: workload.name,
    namespace: workload.namespace,
    type: isGateway(workload) ? 'router' : 'sidecar',
    address: workload.addresses.find(isLoopback) ?? '127.0.0.1',
    labels: workload.labels,
    workloadName: workload.workloadName,
    serviceAccount: workload.serviceAccount || 'default',
    cluster: workload.cluster,
    network: workload.network,
    locality: workload.locality,
    trustDomain: meshConfig.trustDomain,
    registration: null,
    proxyMetadata: texts(config.proxyMetadata),
    proxyConfig: config,
  };
}

/** What a workload is that is to register itself from a group: its proxy names the group, and asks the application what the group's probe says. */
export function readGroupWorkload(parts: AgentParts, { namespace, group: name, address }: GroupWorkloadQuery): LocalWorkload {
  const { settings, mesh } = parts.config.current;
  const { resources } = mesh();
  const group = resources.ofKind('WorkloadGroup').find(({ ref }) => ref.namespace === namespace && ref.name === name);
  if (!group) throw new WeftError('NOT_FOUND', `there is no WorkloadGroup ${namespace}/${name}`);
  const { template = {}, metadata = {}, probe } = group.spec ?? {};
  const labels = { ...metadata.labels, ...template.labels };
  const config = effectiveProxyConfig(resources.ofKind('ProxyConfig'), settings.meshConfig, {
    namespace,
    labels,
    own: annotatedProxyConfig(metadata.annotations ?? {}),
  });
  return {
    name: registeredName(name, { ip: address, network: template.network ?? '' }),
    namespace,
    type: 'sidecar',
    address,
    labels,
    workloadName: name,
    serviceAccount: template.serviceAccount || 'default',
    cluster: settings.clusterId,
    network: template.network ?? '',
    locality: parseLocality(template.locality),
    trustDomain: settings.meshConfig.trustDomain,
    proxyMetadata: texts(config.proxyMetadata),
    proxyConfig: config,
    registration: {
      group: name,
      readinessProbe: (probe as Readonly<Record<string, unknown>> | undefined) ?? config.readinessProbe ?? null,
    },
  };
}

/** Namespace label `istio-injection` or `istio.io/rev`; the workload's own `sidecar.istio.io/inject` wins, as with pods. */
function isInjected({ labels, annotations }: Workload, namespaceLabels: Readonly<Record<string, string>>): boolean {
  const own = labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject'];
  if (own !== undefined) return own === 'true';
  if (isGateway({ annotations })) return true;
  const injection = namespaceLabels['istio-injection'];
  return injection === undefined ? namespaceLabels['istio.io/rev'] !== undefined : injection === 'enabled';
}

function isGateway({ annotations }: Pick<Workload, 'annotations'>): boolean {
  return annotations['inject.istio.io/templates']?.split(',').includes('gateway') ?? false;
}

/** Values as they are passed on, whatever they were written as. */
function texts(values: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}
