import type { LbEndpointJson, LocalityLbEndpointsJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_components_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import { hostSubsetOf } from '../base/hosts.ts';
import { selectsLabels } from '../base/labels.ts';
import { discoversItself } from '../mesh/fleet.ts';
import { formatLocality } from '../mesh/labels.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { Endpoint, Locality, ServicePort } from '../mesh/service.ts';
import { localCluster } from '../snapshot/names.ts';
import type { LocalityLb } from './cluster-locality.ts';
import { type LocalityGroup, totalWeight, type WeightedEndpoint } from './locality-group.ts';
import { applyLocalityLb } from './locality-priorities.ts';
import { throughGateways } from './network-endpoints.ts';
import { socketAddress } from './socket-address.ts';

/** Which endpoints a cluster has. */
export interface AssignmentRequest {
  readonly clusterName: string;
  readonly service: ServiceView;
  readonly port: ServicePort;
  /** Labels of the subset. */
  readonly labels: Readonly<Record<string, string>>;
  readonly lb: LocalityLb;
  /** Whether the client speaks mutual TLS to endpoints that take it; by rule it may be made not to. */
  readonly offersMtls: boolean;
  /** Whether only endpoints that take mTLS count, as for traffic that is passed on unopened. */
  readonly onlyMtls: boolean;
  readonly isDiscovered: boolean;
  /** Whether the cluster can have one endpoint only, as with logical DNS. */
  readonly isSingle: boolean;
}

/** The endpoints of a cluster by locality: those that are ready and reachable, with the weights and priorities that locality settings give them. */
export function loadAssignment(view: ProxyView, request: AssignmentRequest): ClusterLoadAssignmentJson {
  const matching = request.service.endpoints.endpoints.filter((endpoint) => isUsable(view, request, endpoint));
  const usable = request.isSingle ? matching.slice(0, 1) : matching;
  const reachable = throughGateways(view, groupByLocality(usable, request.offersMtls));
  const groups = request.onlyMtls ? reachable.map(keepMtls) : reachable;
  const placed = applyLocalityLb(view, groups, request.lb);
  const endpoints = placed.map((group) => localityEndpoints(group, request));
  return { clusterName: request.clusterName, ...(endpoints.length > 0 ? { endpoints } : {}) };
}

/** The proxy's own fleet by locality, for the cluster that its bootstrap names as local; nothing is sent there. */
export function fleetAssignments({ node, fleet }: ProxyView): readonly ClusterLoadAssignmentJson[] {
  if (!discoversItself(node)) return [];
  const endpoints = groupByLocality(fleet, false).map((group) => ({
    ...localityField(group.locality),
    lbEndpoints: group.endpoints.map(({ address, port }) => ({ endpoint: { address: socketAddress(address, port) } })),
    loadBalancingWeight: group.endpoints.length,
  }));
  return [{ clusterName: localCluster, ...(endpoints.length > 0 ? { endpoints } : {}) }];
}

function isUsable(view: ProxyView, request: AssignmentRequest, endpoint: Endpoint): boolean {
  const { node } = view;
  if (endpoint.portName !== request.port.name || endpoint.health !== 'healthy') return false;
  if (!selectsLabels(request.labels, endpoint.labels)) return false;
  if (endpoint.cluster !== node.cluster && isClusterLocal(view, request.service.service.hostname)) return false;
  if (request.service.service.isNodeLocal && endpoint.nodeName !== node.nodeName) return false;
  if (node.requestedNetworks.length > 0 && endpoint.network !== '' && !node.requestedNetworks.includes(endpoint.network)) return false;
  // Discovered endpoints are addresses; names can only be resolved by DNS clusters.
  return !request.isDiscovered || endpoint.port === 0 || !isHostName(endpoint.address);
}

/** Whether a service is kept within the client's own cluster: as the mesh configuration says, and Kubernetes' own services always. */
function isClusterLocal(view: ProxyView, hostname: string): boolean {
  const { meshConfig, domain } = view.settings;
  const isSaid = (wanted: boolean) =>
    meshConfig.serviceSettings.some(
      (entry) => (entry.settings?.clusterLocal ?? false) === wanted && (entry.hosts ?? []).some((host) => hostSubsetOf(hostname, host)),
    );
  if (isSaid(false)) return false;
  return isSaid(true) || hostSubsetOf(hostname, `*.kube-system.svc.${domain}`) || hostname === `kubernetes.default.svc.${domain}`;
}

/** No top-level domain is a number, and no name holds a colon. */
function isHostName(address: string): boolean {
  return /[^\d.][^.:]*$/.test(address) && !address.includes(':');
}

function groupByLocality(endpoints: readonly Endpoint[], offersMtls: boolean): readonly LocalityGroup[] {
  const groups = new Map<string, { readonly locality: Locality; readonly endpoints: WeightedEndpoint[] }>();
  for (const endpoint of endpoints) {
    const key = formatLocality(endpoint.locality);
    const group = groups.get(key) ?? { locality: endpoint.locality, endpoints: [] };
    groups.set(key, group);
    const { address, port, network, weight, acceptsMtls, labels } = endpoint;
    group.endpoints.push({ endpoint, address, port, network, weight, takesMtls: acceptsMtls && offersMtls, labels });
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => ({ ...group, weight: totalWeight(group.endpoints), priority: 0 }));
}

function keepMtls(group: LocalityGroup): LocalityGroup {
  const endpoints = group.endpoints.filter((endpoint) => endpoint.takesMtls);
  return { ...group, endpoints, weight: totalWeight(endpoints) };
}

function localityEndpoints(group: LocalityGroup, request: AssignmentRequest): LocalityLbEndpointsJson {
  return {
    ...localityField(group.locality),
    ...(group.endpoints.length > 0 ? { lbEndpoints: group.endpoints.map((endpoint) => lbEndpoint(endpoint, request)) } : {}),
    ...(group.weight > 0 ? { loadBalancingWeight: group.weight } : {}),
    ...(group.priority > 0 ? { priority: group.priority } : {}),
  };
}

function localityField({ region, zone, subzone }: Locality): Pick<LocalityLbEndpointsJson, 'locality'> {
  const locality = { ...(region ? { region } : {}), ...(zone ? { zone } : {}), ...(subzone ? { subZone: subzone } : {}) };
  return Object.keys(locality).length > 0 ? { locality } : {};
}

function lbEndpoint(weighted: WeightedEndpoint, request: AssignmentRequest): LbEndpointJson {
  const workload = weighted.endpoint ? workloadText(weighted.endpoint, request) : '';
  const metadata = {
    ...(weighted.takesMtls ? { 'envoy.transport_socket_match': { tlsMode: 'istio' } } : {}),
    ...(workload ? { istio: { workload } } : {}),
  };
  return {
    endpoint: { address: socketAddress(weighted.address, weighted.port) },
    ...(Object.keys(metadata).length > 0 ? { metadata: { filterMetadata: metadata } } : {}),
    loadBalancingWeight: weighted.weight,
  };
}

/** What telemetry knows of the peer before it answers: workload;namespace;canonical service;revision;cluster. */
function workloadText(endpoint: Endpoint, request: AssignmentRequest): string {
  const { labels } = endpoint;
  if (endpoint.workloadName === '' && Object.keys(labels).length === 0) return '';
  const canonicalName =
    labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? endpoint.workloadName;
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest';
  const namespace = request.service.service.isMeshExternal ? request.service.service.namespace : endpoint.namespace;
  return [endpoint.workloadName, namespace, canonicalName, revision, endpoint.cluster].join(';');
}
