import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { blackHole, type ClusterMode, type ClusterParts, passthrough, serviceClusters } from './clusters.ts';
import { unknownHostsClusters } from './dynamic-dns.ts';
import { fleetAssignments } from './endpoints.ts';
import { applyEnvoyFilters } from './envoy-filter.ts';
import { compileGateway } from './gateway.ts';
import { compileGrpc } from './grpc.ts';
import { compileInbound } from './inbound.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { proxyConfigClusters } from './proxy-config-clusters.ts';

/** What was compiled for a proxy before. */
export interface Compiled {
  readonly view: ProxyView;
  readonly snapshot: Snapshot;
}

/**
 * What a proxy is sent: a function of its view alone, with lists sorted by name, so that the same view gives the same bytes. From what was compiled before, parts
 * whose inputs are the same are taken over as they are; the result does not depend on it.
 */
export function compile(view: ProxyView, previous: Compiled | null = null): Snapshot {
  if (previous?.view.hash === view.hash) {
    const parts = partsByView.get(previous.view);
    if (parts) partsByView.set(view, parts);
    return previous.snapshot;
  }
  const isPatched = view.policies.envoyFilters.length > 0;
  // Parts that EnvoyFilters have changed must not be taken over and changed again.
  const reusable = isPatched || (previous?.view.policies.envoyFilters.length ?? 0) > 0 ? null : previous;
  const snapshot = compileFor(view, reusable);
  return isPatched ? applyEnvoyFilters(view, snapshot) : snapshot;
}

function compileFor(view: ProxyView, previous: Compiled | null): Snapshot {
  if (view.node.generator === 'grpc') return compileGrpc(view);
  return view.node.type === 'sidecar' ? compileSidecar(view, previous) : compileRouter(view, previous);
}

function compileSidecar(view: ProxyView, previous: Compiled | null): Snapshot {
  const isRoutedAlike = previous?.view.routingHash === view.routingHash;
  const inbound = compileInbound(view);
  const own = [blackHole(view), passthrough(view), ...unknownHostsClusters(view), ...proxyConfigClusters(view), ...inbound.clusters];
  const clusters = clustersAndEndpoints(allClusters(view, 'tls', previous), own, fleetAssignments(view));
  if (isRoutedAlike && previous)
    return { ...clusters, listeners: previous.snapshot.listeners, routes: previous.snapshot.routes, secrets: [] };
  const outbound = outboundListeners(view);
  return {
    ...clusters,
    listeners: byName([...outbound.listeners, ...inbound.listeners], (listener) => listener.name),
    routes: outboundRoutes(view, outbound.routeNames),
    secrets: [],
  };
}

function compileRouter(view: ProxyView, previous: Compiled | null): Snapshot {
  const parts = allClusters(view, 'tls', previous);
  const passedOnBefore = previous !== null && hasAutoPassthrough(previous.view) ? previous : null;
  const passedOn = hasAutoPassthrough(view) ? allClusters(view, 'sni-dnat', passedOnBefore) : [];
  const gateway = compileGateway(view);
  return {
    ...clustersAndEndpoints([...parts, ...passedOn], [blackHole(view), ...proxyConfigClusters(view)]),
    listeners: byName(gateway.listeners, (listener) => listener.name),
    routes: byName(gateway.routes, (routes) => routes.name),
    secrets: [],
  };
}

function hasAutoPassthrough(view: ProxyView): boolean {
  return (view.policies.gateway?.ports ?? []).some((port) => port.servers.some((server) => server.spec.tls?.mode === 'AUTO_PASSTHROUGH'));
}

/** What was made of each service of a view, by mode: what the next compilation can take over. */
const partsByView = new WeakMap<ProxyView, Map<ClusterMode, ReadonlyMap<string, readonly ClusterParts[]>>>();

/** The clusters of all services. A service that is as it was keeps its clusters, where nothing else has changed that clusters depend on. */
function allClusters(view: ProxyView, mode: ClusterMode, previous: Compiled | null): readonly ClusterParts[] {
  const services = mode === 'tls' ? view.services : view.services.filter(({ service }) => !service.isMeshExternal);
  const before = previous?.view.contextHash === view.contextHash ? previous.view : null;
  const known = before && partsByView.get(before)?.get(mode);
  const partsByHostname = new Map<string, readonly ClusterParts[]>();
  for (const service of services) {
    const { hostname } = service.service;
    const isSame = before?.serviceByHostname.get(hostname)?.hash === service.hash;
    partsByHostname.set(hostname, (isSame && known?.get(hostname)) || serviceClusters(view, service, mode));
  }
  const byMode = partsByView.get(view) ?? new Map<ClusterMode, ReadonlyMap<string, readonly ClusterParts[]>>();
  partsByView.set(view, byMode.set(mode, partsByHostname));
  return [...partsByHostname.values()].flat();
}

function clustersAndEndpoints(
  parts: readonly ClusterParts[],
  others: readonly ClusterJson[],
  fleet: readonly ClusterLoadAssignmentJson[] = [],
): Pick<Snapshot, 'clusters' | 'endpoints'> {
  return {
    clusters: byName([...others, ...parts.map(({ cluster }) => cluster)], (cluster) => cluster.name),
    endpoints: byName(
      [...parts.flatMap(({ endpoints }) => (endpoints ? [endpoints] : [])), ...fleet],
      (assignment) => assignment.clusterName,
    ),
  };
}

/** Sorted by name; of several with one name the first stays. */
function byName<T>(items: readonly T[], nameOf: (item: T) => string | undefined): readonly T[] {
  const itemByName = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item) ?? '';
    if (!itemByName.has(name)) itemByName.set(name, item);
  }
  return [...itemByName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
