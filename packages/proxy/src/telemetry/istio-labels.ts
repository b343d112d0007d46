import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { Workload } from './peer-metadata.ts';
import type { Labels } from './stat-sample.ts';

/** What the common labels of Istio's metrics are made of. Values that are not known are `''` or null. */
export interface LabelledCall {
  readonly isServer: boolean;
  readonly own: Workload;
  readonly peer: Workload | null;
  readonly cluster: ClusterPlan | null;
  readonly routeName: string;
  /** The Host header where it may name the service, else `''`. */
  readonly fallbackHost: string;
  readonly localPrincipal: string;
  readonly peerPrincipal: string;
}

/** The labels that every metric has, in Istio's order. */
export function commonLabels(call: LabelledCall): Labels {
  const { own, peer, isServer } = call;
  const source = isServer ? peer : own;
  const destination = isServer ? own : peer;
  const peerNamespace = namespaceOfPrincipal(call.peerPrincipal) || peer?.namespace;
  const service = serviceOf(call);
  return [
    ['reporter', isServer ? 'destination' : 'source'],
    ['source_workload', orUnknown(source?.name)],
    ['source_canonical_service', orUnknown(source?.canonicalService)],
    ['source_canonical_revision', source?.canonicalRevision || 'latest'],
    ['source_workload_namespace', orUnknown(isServer ? peerNamespace : own.namespace)],
    ['source_principal', orUnknown(isServer ? call.peerPrincipal : call.localPrincipal)],
    ['source_app', orUnknown(source?.app)],
    ['source_version', orUnknown(source?.version)],
    ['source_cluster', orUnknown(source?.cluster)],
    ['destination_workload', orUnknown(destination?.name)],
    ['destination_workload_namespace', orUnknown(isServer ? own.namespace : peerNamespace)],
    ['destination_principal', orUnknown(isServer ? call.localPrincipal : call.peerPrincipal)],
    ['destination_app', orUnknown(destination?.app)],
    ['destination_version', orUnknown(destination?.version)],
    ['destination_service', orUnknown(service.host || (isServer ? own.canonicalService : ''))],
    ['destination_canonical_service', orUnknown(destination?.canonicalService)],
    ['destination_canonical_revision', destination?.canonicalRevision || 'latest'],
    ['destination_service_name', orUnknown(service.name || (isServer ? own.canonicalService : ''))],
    ['destination_service_namespace', orUnknown(isServer ? own.namespace : service.namespace || peerNamespace)],
    ['destination_cluster', orUnknown(destination?.cluster || (isServer ? '' : own.cluster))],
  ];
}

interface Service {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
}

const pseudoServices = ['BlackHoleCluster', 'PassthroughCluster', 'InboundPassthroughCluster', 'InboundPassthroughClusterIpv4'];

/** The service a call went to: from Istio's cluster metadata, or the cluster's name, or the host that was asked for. */
function serviceOf({ cluster, routeName, fallbackHost }: LabelledCall): Service {
  const asked = { host: fallbackHost, name: fallbackHost, namespace: '' };
  if (routeName === 'block_all') return { ...asked, name: 'BlackHoleCluster' };
  if (routeName === 'allow_any') return { ...asked, name: 'PassthroughCluster' };
  if (cluster === null) return asked;
  if (pseudoServices.includes(cluster.name)) return { ...asked, name: cluster.name };
  const services = cluster.metadata.istio?.services;
  const first: unknown = Array.isArray(services) ? services[0] : undefined;
  if (typeof first === 'object' && first !== null) {
    const { host = '', name = '', namespace = '' } = first as { host?: string; name?: string; namespace?: string };
    return { host, name: name || (host.split('.')[0] ?? ''), namespace };
  }
  const host = cluster.name.split('|')[3] ?? '';
  return host === '' ? asked : { host, name: host.split('.')[0] ?? host, namespace: host.split('.')[1] ?? '' };
}

/** The namespace in `spiffe://domain/ns/NAMESPACE/sa/ACCOUNT`; `''` elsewhere. */
function namespaceOfPrincipal(principal: string): string {
  const start = principal.indexOf('/ns/');
  if (start < 0) return '';
  const end = principal.indexOf('/', start + 4);
  return principal.slice(start + 4, end < 0 ? undefined : end);
}

function orUnknown(value: string | undefined): string {
  return value === undefined || value === '' ? 'unknown' : value;
}
