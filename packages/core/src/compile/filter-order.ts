import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { dynamicDnsFilters } from './dynamic-dns.ts';
import { customAuthorization, extAuthzShadowPrefix, trustDomains } from './ext-authz.ts';
import { httpExtensions, networkExtensions } from './extensions.ts';
import { istioStats } from './istio-stats.ts';
import { jwtAuthentication } from './jwt.ts';
import { type FilterPlace, hasExtension, type ListenerClass, mayHaveExtension } from './listener-class.ts';
import { proxyHeaders } from './proxy-config.ts';
import { httpRbac, networkRbac } from './rbac.ts';
import { typedConfig } from './typed-config.ts';

type HttpSlot = (view: ProxyView, place: FilterPlace) => readonly HttpFilterJson[];
type NetworkSlot = (view: ProxyView, place: FilterPlace) => readonly FilterJson[];

/**
 * The order of HTTP filters. CUSTOM authorization stands before JWT and so cannot see claims; authorization stands before CORS, so a preflight
 * needs to be allowed; faults come after authorization; the router ends every chain.
 */
const httpSlots: readonly (readonly [name: string, slot: HttpSlot])[] = [
  ['peer metadata', peerMetadata],
  ['authorization CUSTOM', customFilters],
  ['extensions AUTHN', (view, place) => httpExtensions(view, place, 'AUTHN')],
  ['JWT', jwtFilter],
  ['extensions AUTHZ', (view, place) => httpExtensions(view, place, 'AUTHZ')],
  ['authorization AUDIT, DENY, ALLOW', authorizationFilters],
  ['extensions STATS', (view, place) => httpExtensions(view, place, 'STATS')],
  ['extensions', (view, place) => httpExtensions(view, place, 'UNSPECIFIED_PHASE')],
  ['gRPC web', grpcWeb],
  ['gRPC stats', grpcStats],
  ['ALPN', alpn],
  ['fault', () => [filter('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault', {})]],
  ['CORS', () => [filter('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors', {})]],
  ['metrics', (view, place) => optional(istioStats(view, place.listenerClass))],
  ['dynamic DNS', dynamicDnsFilters],
  ['router', (view) => [filter('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', routerConfig(view))]],
];

/** The order of network filters before the one that ends the chain. */
const networkSlots: readonly (readonly [name: string, slot: NetworkSlot])[] = [
  ['metadata exchange', (view, place) => metadataExchange(view, place.listenerClass)],
  ['extensions AUTHN', (view, place) => networkExtensions(view, place, 'AUTHN')],
  ['authorization CUSTOM', customNetworkFilters],
  ['extensions AUTHZ', (view, place) => networkExtensions(view, place, 'AUTHZ')],
  ['authorization AUDIT, DENY, ALLOW', authorizationNetworkFilters],
  ['extensions STATS', (view, place) => networkExtensions(view, place, 'STATS')],
  ['extensions', (view, place) => networkExtensions(view, place, 'UNSPECIFIED_PHASE')],
  ['metrics', (view, place) => optional(istioStats(view, place.listenerClass))],
];

/** The HTTP filters of a connection manager, in order, the router last. */
export function httpFilters(view: ProxyView, place: FilterPlace): HttpFilterJson[] {
  return httpSlots.flatMap(([, slot]) => slot(view, place));
}

/** The network filters that stand before a TCP proxy, in order. */
export function networkFilters(view: ProxyView, place: FilterPlace): FilterJson[] {
  return networkSlots.flatMap(([, slot]) => slot(view, place));
}

/** The network filters that stand before a connection manager: what TCP needs from them the HTTP filters do. */
export function networkFiltersBeforeHttp(view: ProxyView, place: FilterPlace): FilterJson[] {
  return [...metadataExchange(view, place.listenerClass)];
}

function routerConfig(view: ProxyView) {
  return proxyHeaders(view).envoyDebugHeaders?.disabled ? { suppressEnvoyHeaders: true } : {};
}

function peerMetadata(view: ProxyView, { listenerClass }: FilterPlace): readonly HttpFilterJson[] {
  const name = 'envoy.filters.http.peer_metadata';
  if (!hasExtension(view, name)) return [];
  const methods = [{ istioHeaders: {} }, { workloadDiscovery: {} }];
  const config =
    listenerClass === 'sidecar-inbound'
      ? { downstreamDiscovery: methods, downstreamPropagation: [{ istioHeaders: {} }] }
      : { upstreamDiscovery: methods, upstreamPropagation: [{ istioHeaders: {} }] };
  return [filter(name, 'io.istio.http.peer_metadata.Config', config)];
}

/** Sidecars and gateways enforce authorization for what they receive; outbound listeners do not. */
function enforcesAuthorization(place: FilterPlace): boolean {
  return place.listenerClass !== 'sidecar-outbound';
}

const httpRbacFilter = 'envoy.filters.http.rbac';
const httpRbacType = 'envoy.extensions.filters.http.rbac.v3.RBAC';

function customFilters(view: ProxyView, place: FilterPlace): readonly HttpFilterJson[] {
  if (!enforcesAuthorization(place)) return [];
  return customAuthorization(view, false).flatMap((custom): readonly HttpFilterJson[] => {
    if (custom.kind === 'deny') return [filter(httpRbacFilter, httpRbacType, { rules: custom.rules })];
    const shadow = { shadowRules: custom.shadowRules, shadowRulesStatPrefix: extAuthzShadowPrefix };
    const check = custom.http && filter('envoy.filters.http.ext_authz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', custom.http);
    return [filter(httpRbacFilter, httpRbacType, shadow), ...optional(check)];
  });
}

function jwtFilter(view: ProxyView, place: FilterPlace): readonly HttpFilterJson[] {
  const config = enforcesAuthorization(place) ? jwtAuthentication(view) : null;
  return config === null
    ? []
    : [filter('envoy.filters.http.jwt_authn', 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', config)];
}

function authorizationFilters(view: ProxyView, place: FilterPlace): readonly HttpFilterJson[] {
  if (!enforcesAuthorization(place)) return [];
  const { audit, deny, allow } = view.policies.security.authorization;
  const context = { isTcp: false, trustDomains: trustDomains(view) };
  return [httpRbac(audit, 'LOG', context), httpRbac(deny, 'DENY', context), httpRbac(allow, 'ALLOW', context)].flatMap((config) =>
    config === null ? [] : [filter(httpRbacFilter, httpRbacType, config)],
  );
}

function grpcWeb(_view: ProxyView, { protocol }: FilterPlace): readonly HttpFilterJson[] {
  if (protocol !== 'GRPC-Web') return [];
  return [filter('envoy.filters.http.grpc_web', 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb', {})];
}

function grpcStats(view: ProxyView): readonly HttpFilterJson[] {
  const name = 'envoy.filters.http.grpc_stats';
  if (!mayHaveExtension(view, name)) return [];
  return [filter(name, 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', { emitFilterState: true, statsForAllMethods: false })];
}

/** Istio's filter that offers its own ALPN names upstream, by which a server tells mesh traffic from foreign TLS. */
function alpn(view: ProxyView, { listenerClass }: FilterPlace): readonly HttpFilterJson[] {
  const name = 'istio.alpn';
  if (listenerClass !== 'sidecar-outbound' || !hasExtension(view, name)) return [];
  const override = (upstreamProtocol: string, ...alpnOverride: string[]) => ({ upstreamProtocol, alpnOverride });
  const alpnOverride = [
    override('HTTP10', 'istio-http/1.0', 'istio', 'http/1.0'),
    override('HTTP11', 'istio-http/1.1', 'istio', 'http/1.1'),
    override('HTTP2', 'istio-h2', 'istio', 'h2'),
  ];
  return [filter(name, 'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig', { alpnOverride })];
}

function metadataExchange(view: ProxyView, listenerClass: ListenerClass): readonly FilterJson[] {
  const name = 'istio.metadata_exchange';
  if (listenerClass === 'gateway' || !hasExtension(view, name)) return [];
  return [filter(name, 'envoy.tcp.metadataexchange.config.MetadataExchange', { protocol: 'istio-peer-exchange' })];
}

const networkRbacFilter = 'envoy.filters.network.rbac';
const networkRbacType = 'envoy.extensions.filters.network.rbac.v3.RBAC';

function customNetworkFilters(view: ProxyView, place: FilterPlace): readonly FilterJson[] {
  if (!enforcesAuthorization(place)) return [];
  return customAuthorization(view, true).flatMap((custom): readonly FilterJson[] => {
    if (custom.kind === 'deny') return [filter(networkRbacFilter, networkRbacType, { rules: custom.rules, statPrefix: 'tcp.' })];
    // A provider that only speaks HTTP has nothing to say about TCP.
    if (custom.network === null) return [];
    const shadow = { shadowRules: custom.shadowRules, statPrefix: 'tcp.', shadowRulesStatPrefix: extAuthzShadowPrefix };
    return [
      filter(networkRbacFilter, networkRbacType, shadow),
      filter('envoy.filters.network.ext_authz', 'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz', custom.network),
    ];
  });
}

function authorizationNetworkFilters(view: ProxyView, place: FilterPlace): readonly FilterJson[] {
  if (!enforcesAuthorization(place)) return [];
  const { audit, deny, allow } = view.policies.security.authorization;
  const context = { isTcp: true, trustDomains: trustDomains(view) };
  return [networkRbac(audit, 'LOG', context), networkRbac(deny, 'DENY', context), networkRbac(allow, 'ALLOW', context)].flatMap((config) =>
    config === null ? [] : [filter(networkRbacFilter, networkRbacType, config)],
  );
}

function filter<T extends object>(name: string, typeName: string, config: T) {
  return { name, typedConfig: typedConfig(typeName, config) };
}

function optional<T>(value: T | null | undefined): readonly T[] {
  return value === null || value === undefined ? [] : [value];
}
