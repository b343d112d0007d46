import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { isHttpOrAuto } from '../mesh/port-protocol.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import { outboundClusterName } from '../snapshot/names.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type ClusterParts, serviceClusters } from './clusters.ts';
import { trustDomains } from './ext-authz.ts';
import { grpcDownstreamTls, grpcUpstreamTls } from './grpc-tls.ts';
import { outboundRoutes } from './outbound-routes.ts';
import { httpRbac } from './rbac.ts';
import { effectivePolicy } from './traffic-policy.ts';
import { typedConfig } from './typed-config.ts';
import { shortNames } from './virtual-host-domains.ts';

const inboundPrefix = 'xds.istio.io/grpc/lds/inbound/';

/**
 * What a gRPC program without a proxy is sent: a listener under every name that it may dial a service by, routes of that service alone, clusters without
 * anything that gRPC does not know; and listeners for its own ports if it is a server.
 */
export function compileGrpc(view: ProxyView): Snapshot {
  const targets = view.services.flatMap((service) =>
    service.service.ports.filter((port) => isHttpOrAuto(port.protocol)).map((port) => ({ service, port })),
  );
  const parts = view.services.flatMap((service) =>
    serviceClusters(view, service)
      .filter(({ cluster, endpoints }) => endpoints !== null || cluster.loadAssignment !== undefined)
      .map((made) => grpcCluster(view, service, made)),
  );
  const hosts = hostsByPort(view, new Set(targets.map(({ port }) => port.number)));
  const reached = targets.filter(({ service, port }) => hosts.has(`${service.service.hostname}:${port.number}`));
  const outbound = reached.flatMap(({ service, port }) => clientListeners(view, service, port));
  // A client asks for the routes of the service it dials, and is told of no other.
  const routes = reached.flatMap(({ service, port }): RouteConfigurationJson[] => {
    const host = hosts.get(`${service.service.hostname}:${port.number}`);
    return host
      ? [{ name: outboundClusterName(service.service.hostname, port.number), virtualHosts: [host], validateClusters: false }]
      : [];
  });
  return {
    clusters: byName(parts.map(({ cluster }) => cluster)),
    endpoints: parts.flatMap(({ endpoints }) => endpoints ?? []).sort((a, b) => ((a.clusterName ?? '') < (b.clusterName ?? '') ? -1 : 1)),
    listeners: byName([...outbound, ...serverListeners(view)]),
    routes: byName(routes),
    secrets: [],
  };
}

/** One listener for each name that the client may dial. */
function clientListeners(view: ProxyView, { service }: ServiceView, port: ServicePort): readonly ListenerJson[] {
  const manager: HttpConnectionManagerJson = {
    rds: {
      configSource: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' },
      routeConfigName: outboundClusterName(service.hostname, port.number),
    },
    httpFilters: [
      { name: 'envoy.filters.http.fault', typedConfig: typedConfig('envoy.extensions.filters.http.fault.v3.HTTPFault', {}) },
      routerFilter,
    ],
  };
  const apiListener = { apiListener: typedConfig(connectionManagerType, manager) };
  return [service.hostname, ...shortNames(service.hostname, view.node.dnsDomain)].map((name) => ({
    name: `${name}:${port.number}`,
    address: { socketAddress: { address: service.addresses[0] ?? '0.0.0.0', portValue: port.number } },
    apiListener,
  }));
}

/** The virtual hosts of each port, by service. */
function hostsByPort(view: ProxyView, ports: ReadonlySet<number>): ReadonlyMap<string, VirtualHostJson> {
  const hosts = new Map<string, VirtualHostJson>();
  for (const routes of outboundRoutes(view, new Set([...ports].map(String)))) {
    for (const host of routes.virtualHosts ?? []) if (host.name?.endsWith(`:${routes.name}`)) hosts.set(host.name, host);
  }
  return hosts;
}

/** gRPC balances round robin or by ring hash, and takes its certificates from providers in its own bootstrap. */
function grpcCluster(view: ProxyView, service: ServiceView, { cluster, endpoints }: ClusterParts): ClusterParts {
  const name = cluster.name ?? '';
  const port = service.service.ports.find((candidate) => name.startsWith(`outbound|${candidate.number}|`));
  const subset =
    service.policy?.subsets.find(
      (candidate) => port && name === outboundClusterName(service.service.hostname, port.number, candidate.name),
    ) ?? null;
  const tls = port
    ? grpcUpstreamTls(service, {
        name,
        port,
        policy: effectivePolicy({ policy: service.policy, subset, port: port.number }, view.settings.meshConfig),
      })
    : null;
  const maxRequests = cluster.circuitBreakers?.thresholds?.[0]?.maxRequests;
  const made: ClusterJson = {
    name,
    ...(endpoints
      ? {
          type: 'EDS' as const,
          edsClusterConfig: { edsConfig: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' as const }, serviceName: name },
        }
      : { type: 'LOGICAL_DNS' as const, loadAssignment: firstEndpoint(cluster) }),
    ...(cluster.connectTimeout ? { connectTimeout: cluster.connectTimeout } : {}),
    ...(maxRequests === undefined ? {} : { circuitBreakers: { thresholds: [{ maxRequests }] } }),
    ...(cluster.lbPolicy === 'RING_HASH'
      ? { lbPolicy: 'RING_HASH' as const, ...(cluster.ringHashLbConfig ? { ringHashLbConfig: cluster.ringHashLbConfig } : {}) }
      : {}),
    ...(tls ? { transportSocket: tls } : {}),
  };
  const groups = endpoints?.endpoints?.map((group) => ({ locality: {}, ...group }));
  return { cluster: made, endpoints: endpoints && (groups ? { ...endpoints, endpoints: groups } : endpoints) };
}

/** gRPC resolves one name per cluster. */
function firstEndpoint(cluster: ClusterJson): ClusterLoadAssignmentJson {
  const [group] = cluster.loadAssignment?.endpoints ?? [];
  return { clusterName: cluster.name ?? '', endpoints: [{ ...group, lbEndpoints: (group?.lbEndpoints ?? []).slice(0, 1) }] };
}

/** Listeners under the names that gRPC servers ask for, for every port that the workload serves. */
function serverListeners(view: ProxyView): readonly ListenerJson[] {
  const ports = [...new Set(view.instances.map((instance) => instance.targetPort))].sort((a, b) => a - b);
  return ports.flatMap((port) => ['0.0.0.0', '[::]', view.node.ip].map((host) => serverListener(view, host, port)));
}

function serverListener(view: ProxyView, host: string, port: number): ListenerJson {
  const { authorization } = view.policies.security;
  const context = { isTcp: false, trustDomains: trustDomains(view) };
  const rules = [httpRbac(authorization.deny, 'DENY', context), httpRbac(authorization.allow, 'ALLOW', context)].filter(
    (config) => config !== null,
  );
  const manager: HttpConnectionManagerJson = {
    routeConfig: {
      name: `inbound|${port}`,
      virtualHosts: [{ name: `inbound|http|${port}`, domains: ['*'], routes: [{ match: { prefix: '/' }, nonForwardingAction: {} }] }],
    },
    httpFilters: [
      ...rules.map((config, index) => ({
        name: `rbac-${index}`,
        typedConfig: typedConfig('envoy.extensions.filters.http.rbac.v3.RBAC', config),
      })),
      routerFilter,
    ],
  };
  const transportSocket = grpcDownstreamTls(view, port);
  return {
    name: `${inboundPrefix}${host}:${port}`,
    address: { socketAddress: { address: host.replace(/[[\]]/g, ''), portValue: port } },
    filterChains: [
      {
        filters: [{ name: `inbound-hcm${port}`, typedConfig: typedConfig(connectionManagerType, manager) }],
        ...(transportSocket ? { transportSocket } : {}),
        name: transportSocket ? 'inbound-mtls' : 'inbound-plaintext',
      },
    ],
    trafficDirection: 'INBOUND',
  };
}

const connectionManagerType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const routerFilter = { name: 'envoy.filters.http.router', typedConfig: typedConfig('envoy.extensions.filters.http.router.v3.Router', {}) };

function byName<T extends { readonly name?: string }>(items: readonly T[]): readonly T[] {
  const itemByName = new Map(items.map((item) => [item.name ?? '', item]));
  return [...itemByName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
