import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import { hostSubsetOf } from '../base/hosts.ts';
import { compareRanks } from '../mesh/gateway-api/http-rules.ts';
import type { GatewayServer } from '../mesh/gateway-servers.ts';
import { isHttp } from '../mesh/port-protocol.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { VirtualServiceRules } from '../mesh/virtual-service.ts';
import { httpRoutes } from './http-route.ts';
import { attemptCount, proxyHeaders } from './proxy-config.ts';
import { isCatchAll } from './route-match.ts';

const maxDirectResponseBytes = 1024 * 1024;

interface HostInProgress {
  readonly name: string;
  readonly routes: RouteJson[];
  /** The VirtualServices whose routes are in. */
  readonly sources: Set<string>;
  /** Routes of the Gateway API, which are ranked rather than listed, and after how many of `routes` they come. */
  readonly ranked: RouteJson[];
  rankedAt: number | null;
  requiresTls: boolean;
}

/**
 * The route configuration of the servers that share one name. VirtualServices for one host are merged, oldest first, routes that match everything last. A server
 * that redirects to HTTPS does so for all of its hosts, whoever else serves them.
 */
export function gatewayRoutes(view: ProxyView, name: string, servers: readonly GatewayServer[]): RouteConfigurationJson {
  const hosts = new Map<string, HostInProgress>();
  for (const server of servers) {
    for (const rules of virtualServicesOf(view, server)) addRules(view, server, rules, hosts);
    if (redirectsToHttps(server)) requireTls(server, hosts);
  }
  for (const server of servers) if (server.isIsolated) reserveHosts(server, hosts);
  const virtualHosts =
    hosts.size === 0 ? [blackHole(servers[0]?.port ?? 0)] : [...hosts].map(([domain, host]) => virtualHost(view, domain, host));
  return {
    name,
    virtualHosts: virtualHosts.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)),
    validateClusters: false,
    maxDirectResponseBodySizeBytes: maxDirectResponseBytes,
    ignorePortInHostMatching: true,
  };
}

/** The VirtualServices that name the server's Gateway, oldest first. */
export function virtualServicesOf(view: ProxyView, server: GatewayServer): readonly VirtualServiceRules[] {
  return view.gatewayVirtualServices.filter((rules) => rules.gateways.includes(server.gateway));
}

/** The hosts of a server that VirtualServices of a namespace may bind to, without their namespace part. */
export function hostsForNamespace(server: GatewayServer, namespace: string): readonly string[] {
  return server.hosts.flatMap((host) => {
    const slash = host.indexOf('/');
    if (slash < 0) return [host];
    const scope = host.slice(0, slash);
    return scope === namespace || scope === '*' ? [host.slice(slash + 1)] : [];
  });
}

function addRules(view: ProxyView, server: GatewayServer, rules: VirtualServiceRules, hosts: Map<string, HostInProgress>): void {
  const shared = sharedHosts(hostsForNamespace(server, rules.ref.namespace), rules.hosts);
  if (shared.length === 0 || rules.http.length === 0) return;
  const source = `${server.gateway} ${rules.ref.kind} ${rules.ref.namespace}/${rules.ref.name}`;
  const routes = httpRoutes(rules, {
    node: view.node,
    port: server.port,
    isTls: server.spec.tls !== undefined,
    gateways: new Set([server.gateway]),
    serviceByHostname: view.serviceByHostname,
    policyByHostname: view.serviceByHostname,
    defaultRetryPolicy: view.settings.meshConfig.defaultHttpRetryPolicy,
    tellsForwardedHost: proxyHeaders(view).xForwardedHost?.enabled === true,
  });
  for (const domain of shared) {
    const host = hostFor(hosts, domain, server);
    host.requiresTls ||= redirectsToHttps(server);
    if (host.sources.has(source)) continue;
    host.sources.add(source);
    if (rules.semantics === 'gateway-api') {
      host.rankedAt ??= host.routes.length;
      host.ranked.push(...routes);
    } else {
      host.routes.push(...routes);
    }
  }
}

/** Of every pair of hosts that overlap the narrower one. */
export function sharedHosts(serverHosts: readonly string[], ruleHosts: readonly string[]): readonly string[] {
  const shared = new Set<string>();
  for (const serverHost of serverHosts) {
    for (const ruleHost of ruleHosts) {
      if (hostSubsetOf(serverHost, ruleHost)) shared.add(serverHost.toLowerCase());
      else if (hostSubsetOf(ruleHost, serverHost)) shared.add(ruleHost.toLowerCase());
    }
  }
  return [...shared];
}

function redirectsToHttps(server: GatewayServer): boolean {
  return isHttp(server.protocol) && server.spec.tls?.httpsRedirect === true;
}

function requireTls(server: GatewayServer, hosts: Map<string, HostInProgress>): void {
  for (const domain of domainsOf(server)) hostFor(hosts, domain, server).requiresTls = true;
}

/** What is asked of the host of a server without routes is not found: it must not go to a server with a wider host. */
function reserveHosts(server: GatewayServer, hosts: Map<string, HostInProgress>): void {
  for (const domain of domainsOf(server)) {
    const isCovered = [...hosts.keys()].some((wider) => hostSubsetOf(domain, wider));
    if (isCovered) hostFor(hosts, domain, server);
  }
}

function domainsOf(server: GatewayServer): readonly string[] {
  return server.hosts.map((qualified) => qualified.slice(qualified.indexOf('/') + 1));
}

function hostFor(hosts: Map<string, HostInProgress>, domain: string, server: GatewayServer): HostInProgress {
  const known = hosts.get(domain);
  if (known) return known;
  const host: HostInProgress = {
    name: `${domain}:${server.port}`,
    routes: [],
    ranked: [],
    rankedAt: null,
    sources: new Set<string>(),
    requiresTls: false,
  };
  hosts.set(domain, host);
  return host;
}

function virtualHost(view: ProxyView, domain: string, host: HostInProgress): VirtualHostJson {
  const at = host.rankedAt ?? 0;
  const ranked = [...host.ranked].sort((a, b) => compareRanks(routeRank(a), routeRank(b)));
  const all = [...host.routes.slice(0, at), ...ranked, ...host.routes.slice(at)];
  const routes = [...all.filter((route) => !isCatchAll(route.match ?? {})), ...all.filter((route) => isCatchAll(route.match ?? {}))];
  return {
    name: host.name,
    domains: [domain],
    ...(routes.length > 0 && { routes }),
    ...(host.requiresTls && { requireTls: 'ALL' as const }),
    ...attemptCount(view),
  };
}

/** The Gateway API's precedence across the routes of a host: exact path, longer prefix, method, headers, query parameters. */
function routeRank({ match }: RouteJson): readonly number[] {
  const prefix = match?.pathSeparatedPrefix ?? match?.prefix;
  const kind = match?.path !== undefined ? 3 : prefix !== undefined ? 2 : match?.safeRegex ? 1 : 0;
  const length = match?.path?.length ?? prefix?.length ?? match?.safeRegex?.regex?.length ?? 0;
  const headers = match?.headers ?? [];
  if (isCatchAll(match ?? {})) return [0];
  const methods = headers.filter((header) => header.name === ':method').length;
  return [kind, length, methods, headers.length - methods, match?.queryParameters?.length ?? 0];
}

/** A route configuration needs a virtual host; one without routes answers 404. */
function blackHole(port: number): VirtualHostJson {
  return { name: `blackhole:${port}`, domains: ['*'] };
}
