import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { GatewayTopology, ProxyConfigSettings, TracingSettings } from '../resource/proxy-config.ts';
import { typedConfig } from './typed-config.ts';

/** The proxy's own configuration over the mesh's, block by block. */
export function proxyConfig(view: ProxyView): ProxyConfigSettings {
  const own = view.node.metadata.PROXY_CONFIG as ProxyConfigSettings | undefined;
  return own ? { ...view.settings.meshConfig.defaultConfig, ...own } : view.settings.meshConfig.defaultConfig;
}

/** How the proxy configuration has requests traced. */
export function tracingConfig(view: ProxyView): TracingSettings {
  return proxyConfig(view).tracing ?? {};
}

/** What stands in front of a gateway: the proxy's own configuration over the mesh's. */
export function gatewayTopology(view: ProxyView): GatewayTopology {
  const own = view.node.metadata.PROXY_CONFIG as ProxyConfigSettings | undefined;
  return { ...view.settings.meshConfig.defaultConfig.gatewayTopology, ...own?.gatewayTopology };
}

/** Which headers of its own a proxy adds, shows or keeps to itself. */
export interface ProxyHeaders {
  readonly forwardedClientCert?: string;
  readonly server?: { readonly disabled?: boolean; readonly value?: string };
  readonly requestId?: { readonly disabled?: boolean };
  readonly attemptCount?: { readonly disabled?: boolean };
  readonly envoyDebugHeaders?: { readonly disabled?: boolean };
  readonly setCurrentClientCertDetails?: {
    readonly subject?: boolean;
    readonly cert?: boolean;
    readonly chain?: boolean;
    readonly dns?: boolean;
    readonly uri?: boolean;
  };
  readonly preserveHttp1HeaderCase?: boolean;
  readonly xForwardedHost?: { readonly enabled?: boolean };
  readonly xForwardedPort?: { readonly enabled?: boolean };
}

/** The proxy's own setting of headers over the mesh's. */
export function proxyHeaders(view: ProxyView): ProxyHeaders {
  const own = view.node.metadata.PROXY_CONFIG as ProxyConfigSettings | undefined;
  return { ...view.settings.meshConfig.defaultConfig.proxyHeaders, ...own?.proxyHeaders };
}

/** Whether upstreams are told which attempt a request is. */
export function attemptCount(view: ProxyView): { readonly includeRequestAttemptCount?: boolean } {
  return proxyHeaders(view).attemptCount?.disabled ? {} : { includeRequestAttemptCount: true };
}

/** Envoy's way of keeping the case of header names. */
export const preservedCase = {
  statefulFormatter: {
    name: 'preserve_case',
    typedConfig: typedConfig('envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig', {}),
  },
};

/** How a forwarded client certificate is treated, by Istio's name for it; null for none. */
export function clientCertDetails(value: string | undefined): HttpConnectionManagerJson['forwardClientCertDetails'] | null {
  switch (value) {
    case 'SANITIZE':
    case 'FORWARD_ONLY':
    case 'APPEND_FORWARD':
    case 'SANITIZE_SET':
    case 'ALWAYS_FORWARD_ONLY':
      return value;
    default:
      return null;
  }
}
