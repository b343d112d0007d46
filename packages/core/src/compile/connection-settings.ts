import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ConnectionSettings, ProxyConfigSettings } from '../resource/proxy-config.ts';
import { protoDuration } from './proto-duration.ts';

/** What Envoy recommends for proxies that face strangers. */
const edge: ConnectionSettings = {
  listenerPerConnectionBufferLimitBytes: 32_768,
  clusterPerConnectionBufferLimitBytes: 32_768,
  httpIdleTimeout: '3600s',
  httpStreamIdleTimeout: '300s',
  httpRequestTimeout: '300s',
  httpRequestHeadersTimeout: '60s',
  httpMaxConcurrentStreams: 100,
  http2InitialStreamWindowSize: 65_536,
  http2InitialConnectionWindowSize: 1_048_576,
  httpHeadersWithUnderscoresAction: 'HEADERS_WITH_UNDERSCORES_REJECT_REQUEST',
  httpMergeSlashes: true,
  httpPathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT',
};

const underscoreActions = {
  HEADERS_WITH_UNDERSCORES_ALLOW: 'ALLOW',
  HEADERS_WITH_UNDERSCORES_REJECT_REQUEST: 'REJECT_REQUEST',
  HEADERS_WITH_UNDERSCORES_DROP_HEADER: 'DROP_HEADER',
} as const;
const slashActions = ['KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'] as const;

/** A proxy's own connection settings, else the mesh's; on gateways the profile EDGE fills in what they leave out. */
export function connectionSettings(view: ProxyView): ConnectionSettings {
  const own = view.node.metadata.PROXY_CONFIG as ProxyConfigSettings | undefined;
  const settings = own?.connectionSettings ?? view.settings.meshConfig.defaultConfig.connectionSettings ?? {};
  return settings.profile === 'EDGE' && view.node.type === 'router' ? { ...edge, ...settings } : settings;
}

/** `per_connection_buffer_limit_bytes`, where it is limited. */
export function bufferLimit(bytes: number | undefined): { readonly perConnectionBufferLimitBytes?: number } {
  return bytes !== undefined && bytes >= 0 ? { perConnectionBufferLimitBytes: bytes } : {};
}

/** The fields of a connection manager that follow the connection settings, over what it has otherwise. */
export function withConnectionSettings(view: ProxyView, manager: HttpConnectionManagerJson): HttpConnectionManagerJson {
  const settings = connectionSettings(view);
  const common = {
    ...duration('idleTimeout', settings.httpIdleTimeout),
    ...duration('maxConnectionDuration', settings.httpMaxConnectionDuration),
    ...duration('maxStreamDuration', settings.httpMaxStreamDuration),
    ...underscores(settings.httpHeadersWithUnderscoresAction),
  };
  const http2 = {
    ...count('maxConcurrentStreams', settings.httpMaxConcurrentStreams),
    ...count('initialStreamWindowSize', settings.http2InitialStreamWindowSize),
    ...count('initialConnectionWindowSize', settings.http2InitialConnectionWindowSize),
  };
  const slashes = slashActions.find((action) => action === settings.httpPathWithEscapedSlashesAction);
  return {
    ...manager,
    ...(isEmpty(common) ? {} : { commonHttpProtocolOptions: { ...manager.commonHttpProtocolOptions, ...common } }),
    ...(isEmpty(http2) ? {} : { http2ProtocolOptions: { ...manager.http2ProtocolOptions, ...http2 } }),
    ...duration('streamIdleTimeout', settings.httpStreamIdleTimeout),
    ...duration('requestTimeout', settings.httpRequestTimeout),
    ...duration('requestHeadersTimeout', settings.httpRequestHeadersTimeout),
    ...duration('drainTimeout', settings.httpDrainTimeout),
    ...(settings.httpMergeSlashes === undefined ? {} : { mergeSlashes: settings.httpMergeSlashes }),
    ...(slashes ? { pathWithEscapedSlashesAction: slashes } : {}),
  };
}

function underscores(written: string | undefined) {
  const action = underscoreActions[written as keyof typeof underscoreActions];
  return action ? { headersWithUnderscoresAction: action } : {};
}

function duration<K extends string>(key: K, text: string | undefined): { readonly [P in K]?: string } {
  return (text === undefined ? {} : { [key]: protoDuration(text, '0s') }) as { readonly [P in K]?: string };
}

function count<K extends string>(key: K, value: number | undefined): { readonly [P in K]?: number } {
  return (value === undefined || value < 0 ? {} : { [key]: value }) as { readonly [P in K]?: number };
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}
