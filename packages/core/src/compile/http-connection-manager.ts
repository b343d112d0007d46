import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { isHttp2 } from '../mesh/port-protocol.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { accessLogs } from './access-log.ts';
import { withConnectionSettings } from './connection-settings.ts';
import { httpFilters } from './filter-order.ts';
import type { FilterPlace } from './listener-class.ts';
import { clientCertDetails, preservedCase, proxyHeaders } from './proxy-config.ts';
import { tracing } from './tracing.ts';
import { typedConfig } from './typed-config.ts';

/** What differs between the connection managers of a proxy. */
export interface ConnectionManagerOptions {
  readonly place: FilterPlace;
  readonly statPrefix: string;
  /** The route configuration itself, or the name under which it is discovered. */
  readonly routes: RouteConfigurationJson | string;
  /** Further fields, or other values for those set here. */
  readonly overrides?: HttpConnectionManagerJson;
}

/** The network filter with an HTTP connection manager, set up as Istio does: paths normalized, no timeouts, WebSocket allowed. */
export function httpConnectionManager(view: ProxyView, options: ConnectionManagerOptions): FilterJson {
  const { place } = options;
  const headers = proxyHeaders(view);
  const logs = accessLogs(view, place.listenerClass, 'http');
  const trace = tracing(view, place.listenerClass);
  const config: HttpConnectionManagerJson = {
    statPrefix: options.statPrefix,
    ...(typeof options.routes === 'string' ? { rds: routeDiscovery(options.routes) } : { routeConfig: options.routes }),
    httpFilters: httpFilters(view, place),
    ...(trace && { tracing: trace }),
    ...(place.listenerClass === 'sidecar-inbound' && isHttp2(place.protocol) && { http2ProtocolOptions: {} }),
    ...(view.node.metadata.HTTP10 === '1' && { httpProtocolOptions: { acceptHttp10: true } }),
    ...ownHeaders(view, place),
    streamIdleTimeout: '0s',
    ...(logs.length > 0 && { accessLog: logs }),
    ...(place.listenerClass === 'gateway' && { useRemoteAddress: true }),
    ...clientCertificate(view, place),
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    ...pathNormalization(view),
    requestIdExtension: {
      typedConfig: typedConfig('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', requestIdConfig(view, place)),
    },
    ...(headers.xForwardedPort?.enabled && { appendXForwardedPort: true }),
    ...options.overrides,
  };
  const manager = withHeaderCase(withConnectionSettings(view, config), headers.preserveHttp1HeaderCase === true);
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typedConfig: typedConfig('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', manager),
  };
}

/** Route discovery over the stream that brought the listener. */
function routeDiscovery(routeConfigName: string): HttpConnectionManagerJson['rds'] {
  return { configSource: { ads: {}, initialFetchTimeout: '0s', resourceApiVersion: 'V3' }, routeConfigName };
}

/** The `server` header and request ids, unless the proxy is told to leave them alone. */
function ownHeaders(view: ProxyView, place: FilterPlace): HttpConnectionManagerJson {
  const { server, requestId } = proxyHeaders(view);
  return {
    // Towards its own workload a sidecar keeps Envoy's default name.
    ...(place.listenerClass !== 'sidecar-outbound' && { serverName: server?.value || 'istio-envoy' }),
    ...(server?.disabled && { serverHeaderTransformation: 'PASS_THROUGH' }),
    ...(requestId?.disabled && { generateRequestId: false }),
  };
}

/** Inbound adds the peer's certificate to what the client sent; a gateway, facing strangers, replaces it. Outbound tells nobody. */
function clientCertificate(view: ProxyView, place: FilterPlace): HttpConnectionManagerJson {
  if (place.listenerClass === 'sidecar-outbound') return {};
  if (place.listenerClass === 'gateway') {
    return { forwardClientCertDetails: 'SANITIZE_SET', setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true } };
  }
  const forwardClientCertDetails = clientCertDetails(proxyHeaders(view).forwardedClientCert) ?? 'APPEND_FORWARD';
  if (forwardClientCertDetails === 'SANITIZE') return {};
  const shown = proxyHeaders(view).setCurrentClientCertDetails ?? {};
  const isShown = (field: 'subject' | 'dns' | 'uri' | 'cert' | 'chain', standard: boolean) =>
    (shown[field] ?? standard) ? { [field]: true } : {};
  return {
    forwardClientCertDetails,
    setCurrentClientCertDetails: {
      ...isShown('subject', true),
      ...isShown('cert', false),
      ...isShown('chain', false),
      ...isShown('dns', true),
      ...isShown('uri', true),
    },
  };
}

/** Header names as the client wrote them, which HTTP/1 programs may insist on. */
function withHeaderCase(manager: HttpConnectionManagerJson, isKept: boolean): HttpConnectionManagerJson {
  return isKept ? { ...manager, httpProtocolOptions: { ...manager.httpProtocolOptions, headerKeyFormat: preservedCase } } : manager;
}

function pathNormalization(view: ProxyView): HttpConnectionManagerJson {
  switch (view.settings.meshConfig.pathNormalization.normalization) {
    case 'NONE':
      return {};
    case 'MERGE_SLASHES':
      return { normalizePath: true, mergeSlashes: true };
    case 'DECODE_AND_MERGE_SLASHES':
      return { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD' };
    default:
      return { normalizePath: true };
  }
}

function requestIdConfig(view: ProxyView, place: FilterPlace) {
  const { client, server } = view.policies.telemetry;
  const setting = place.listenerClass === 'sidecar-inbound' ? server.tracing : client.tracing;
  return { useRequestIdForTraceSampling: setting.usesRequestIdForSampling };
}
