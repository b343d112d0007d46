import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { blackHole, type ClusterParts, passthrough, serviceClusters } from './clusters.ts';
import { compileGateway } from './gateway.ts';
import { compileInbound } from './inbound.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { outboundRoutes } from './outbound-routes.ts';

/** What a proxy is sent: a function of its view alone, with lists sorted by name, so that the same view gives the same bytes. */
export function compile(view: ProxyView): Snapshot {
  return view.node.type === 'sidecar' ? compileSidecar(view) : compileRouter(view);
}

function compileSidecar(view: ProxyView): Snapshot {
  const inbound = compileInbound(view);
  const outbound = outboundListeners(view);
  const parts = view.services.flatMap((service) => serviceClusters(view, service));
  return {
    ...clustersAndEndpoints(parts, [blackHole(view), passthrough(view), ...inbound.clusters]),
    listeners: byName([...outbound.listeners, ...inbound.listeners], (listener) => listener.name),
    routes: outboundRoutes(view, outbound.routeNames),
    secrets: [],
  };
}

function compileRouter(view: ProxyView): Snapshot {
  const gateway = compileGateway(view);
  const parts = view.services.flatMap((service) => serviceClusters(view, service));
  const passedOn = hasAutoPassthrough(view)
    ? view.services.filter(({ service }) => !service.isMeshExternal).flatMap((service) => serviceClusters(view, service, 'sni-dnat'))
    : [];
  return {
    ...clustersAndEndpoints([...parts, ...passedOn], [blackHole(view)]),
    listeners: byName(gateway.listeners, (listener) => listener.name),
    routes: byName(gateway.routes, (routes) => routes.name),
    secrets: [],
  };
}

function hasAutoPassthrough(view: ProxyView): boolean {
  return (view.policies.gateway?.ports ?? []).some((port) => port.servers.some((server) => server.spec.tls?.mode === 'AUTO_PASSTHROUGH'));
}

function clustersAndEndpoints(parts: readonly ClusterParts[], others: readonly ClusterJson[]): Pick<Snapshot, 'clusters' | 'endpoints'> {
  return {
    clusters: byName([...others, ...parts.map(({ cluster }) => cluster)], (cluster) => cluster.name),
    endpoints: byName(
      parts.flatMap(({ endpoints }) => (endpoints ? [endpoints] : [])),
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
