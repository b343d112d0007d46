import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { EgressListener, ProxyView } from '../mesh/proxy-view.ts';
import { httpProxyRoute, outboundClusterName, passthroughCluster } from '../snapshot/names.ts';
import { anyDynamicDnsCluster, resolvesUnknownHosts } from './dynamic-dns.ts';
import type { PortHost } from './host-builder.ts';
import { attemptCount } from './proxy-config.ts';
import { timeoutFields } from './route-action.ts';
import { virtualHosts } from './sidecar-hosts.ts';

/** The route configurations that outbound listeners ask for by these names. */
export function outboundRoutes(view: ProxyView, names: ReadonlySet<string>): readonly RouteConfigurationJson[] {
  const hostsByListener = new Map<string, readonly PortHost[]>();
  return [...names].sort().map((name) => routeConfiguration(view, name, hostsByListener));
}

function routeConfiguration(view: ProxyView, name: string, hostsByListener: Map<string, readonly PortHost[]>): RouteConfigurationJson {
  const { port, sniffedHost } = parseRouteName(name);
  const listener = egressListenerFor(view, port, name);
  const isProxy = port === 0 || listener?.port?.protocol.toUpperCase() === 'HTTP_PROXY';
  const key = isProxy ? name : String(port);
  const known = hostsByListener.get(key) ?? (listener ? virtualHosts(view, listener, isProxy ? 0 : port) : []);
  hostsByListener.set(key, known);
  const chosen =
    sniffedHost === null
      ? isProxy
        ? mergePorts(known)
        : known.filter((entry) => entry.port === port).map((entry) => entry.host)
      : hostsOfService(known, name, sniffedHost);
  const sorted = [...chosen].sort((a, b) => compareText(a.name ?? '', b.name ?? ''));
  return {
    name,
    virtualHosts: sniffedHost !== null || takesEverything(sorted) ? sorted : [...sorted, catchAllHost(view)],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: 1_048_576,
    // A proxy listener serves all ports at once, so there the port in the host is what tells services apart.
    ...(isProxy || view.node.generator === 'grpc' ? {} : { ignorePortInHostMatching: true }),
  };
}

/** Rules or services for `*` leave nothing over. */
function takesEverything(hosts: readonly VirtualHostJson[]): boolean {
  return hosts.some((host) => host.domains?.includes('*'));
}

/** `80`, `host:80` for a listener of one sniffed service, `http_proxy`, or a socket path. */
function parseRouteName(name: string): { readonly port: number; readonly sniffedHost: string | null } {
  if (name === httpProxyRoute || name.startsWith('unix://')) return { port: 0, sniffedHost: null };
  const colon = name.lastIndexOf(':');
  return colon < 0 ? { port: Number(name), sniffedHost: null } : { port: Number(name.slice(colon + 1)), sniffedHost: name.slice(0, colon) };
}

/** The first listener with the port, else the one without a port. */
function egressListenerFor(view: ProxyView, port: number, name: string): EgressListener | null {
  for (const listener of view.scope.egress) {
    if (listener.port === null) return listener;
    if (listener.port.number === port && (port !== 0 || listener.bind === name)) return listener;
  }
  return null;
}

/** On a proxy listener a bare host means port 80; other ports are reached by naming them. */
function mergePorts(hosts: readonly PortHost[]): readonly VirtualHostJson[] {
  return hosts.flatMap(({ port, host }) => {
    if (port === 80) return [host];
    const domains = (host.domains ?? []).filter((domain) => /:\d+$/.test(domain));
    return domains.length > 0 ? [{ ...host, domains }] : [];
  });
}

/** The virtual host of one sniffed service; alone in its route configuration it takes every `Host`. */
function hostsOfService(hosts: readonly PortHost[], name: string, hostname: string): readonly VirtualHostJson[] {
  const found = hosts.filter(({ host }) => host.domains?.some((domain) => domain === name || domain === hostname)).map(({ host }) => host);
  return found.length === 1 ? found.map((host) => ({ ...host, domains: ['*'] })) : found;
}

/** What happens to requests for hosts that nobody has. */
function catchAllHost(view: ProxyView): VirtualHostJson {
  const { mode, egressProxy } = view.scope.outboundTrafficPolicy;
  if (mode === 'REGISTRY_ONLY') {
    const routes: RouteJson[] = [{ name: 'block_all', match: { prefix: '/' }, directResponse: { status: 502 } }];
    return { name: 'block_all', domains: ['*'], routes, ...attemptCount(view) };
  }
  const unknown = resolvesUnknownHosts(view) ? anyDynamicDnsCluster : passthroughCluster;
  const cluster = egressProxy ? outboundClusterName(egressProxy.host, egressProxy.port, egressProxy.subset) : unknown;
  const routes: RouteJson[] = [{ name: 'allow_any', match: { prefix: '/' }, route: { cluster, ...timeoutFields(undefined, view.node) } }];
  return { name: 'allow_any', domains: ['*'], routes, ...attemptCount(view) };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
