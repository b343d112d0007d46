import type { AccessLogFilterPlan, AccessLogPlan } from './access-log-plan.ts';
import type { AddressPlan, CommonHttpOptionsPlan, Http1OptionsPlan, Http2OptionsPlan } from './cluster-plan.ts';
import type { FormatOutput, FormatPlan } from './format-plan.ts';
import type { HeaderAdditionPlan } from './header-plan.ts';
import type { GrpcServicePlan, HttpFilterPlan, TokenBucketPlan } from './http-filter-plan.ts';
import type { IpRange } from './ip-address.ts';
import type { Fraction } from './matcher.ts';
import type { RbacPlan } from './rbac-plan.ts';
import type { HashPolicyPlan, RouteTable, TracingSamplingPlan } from './route-plan.ts';
import type { DownstreamTlsPlan } from './tls-plan.ts';

/** Conditions of a filter chain; empty lists and nulls mean "any". */
export interface FilterChainMatchPlan {
  readonly destinationPort: number | null;
  readonly destinationRanges: readonly IpRange[];
  /** Lower-case; exact names or `*.suffix`. */
  readonly serverNames: readonly string[];
  /** `''` = any, else `tls` or `raw_buffer`. */
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourceRanges: readonly IpRange[];
  readonly sourceType: 'ANY' | 'SAME_IP_OR_LOOPBACK' | 'EXTERNAL';
  readonly sourceRanges: readonly IpRange[];
  readonly sourcePorts: readonly number[];
}

/** One target of a TCP split. */
export interface TcpClusterPlan {
  readonly name: string;
  readonly weight: number;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
}

/** The tcp_proxy filter. */
export interface TcpProxyPlan {
  readonly statPrefix: string;
  readonly clusters: readonly TcpClusterPlan[];
  readonly totalWeight: number;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  /** 0 = none; Envoy's default is an hour. */
  readonly idleTimeoutMs: number;
  readonly maxConnectAttempts: number;
  readonly maxConnectionDurationMs: number | null;
  readonly accessLogs: readonly AccessLogPlan[];
  readonly accessLogFlushIntervalMs: number | null;
  readonly flushAccessLogOnConnected: boolean;
  readonly hashPolicies: readonly HashPolicyPlan[];
  /** HTTP CONNECT tunnelling upstream; null = plain. */
  readonly tunneling: { readonly hostname: FormatPlan; readonly usePost: boolean; readonly headers: readonly HeaderAdditionPlan[] } | null;
}

/** One network filter. */
export type NetworkFilterPlan = { readonly name: string } & (
  | { readonly kind: 'rbac'; readonly rbac: RbacPlan; readonly statPrefix: string; readonly continuous: boolean }
  | { readonly kind: 'tcpProxy'; readonly tcp: TcpProxyPlan }
  | { readonly kind: 'http'; readonly http: HttpConnectionManagerPlan }
  | { readonly kind: 'sniCluster' }
  | { readonly kind: 'connectionLimit'; readonly maxConnections: number; readonly delayMs: number; readonly statPrefix: string }
  | {
      readonly kind: 'localRateLimit';
      readonly bucket: TokenBucketPlan;
      readonly statPrefix: string;
      readonly shareKey: string;
      readonly enabled: Fraction | null;
    }
  | {
      readonly kind: 'extAuthz';
      readonly service: GrpcServicePlan;
      readonly failureModeAllow: boolean;
      readonly includePeerCertificate: boolean;
      readonly statPrefix: string;
    }
  | { readonly kind: 'istioStats' | 'metadataExchange'; readonly config: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unsupported'; readonly typeUrl: string }
);

/** Where a connection manager's routes come from: RDS (look the name up in the current plan for every request) or inline. */
export type RouteSourcePlan = { readonly kind: 'rds'; readonly name: string } | { readonly kind: 'inline'; readonly table: RouteTable };

/** One mapper of `local_reply_config`. */
export interface LocalReplyMapperPlan {
  readonly filter: AccessLogFilterPlan;
  readonly status: number | null;
  readonly body: string | null;
  readonly bodyFormat: FormatOutput | null;
  readonly headersToAdd: readonly HeaderAdditionPlan[];
}

/** Tracing of a connection manager. */
export interface TracingPlan extends TracingSamplingPlan {
  readonly provider:
    | {
        readonly kind: 'zipkin';
        readonly cluster: string;
        readonly endpoint: string;
        readonly hostname: string;
        readonly traceId128: boolean;
        readonly sharedSpanContext: boolean;
        readonly w3c: boolean;
      }
    | {
        readonly kind: 'openTelemetry';
        readonly grpc: GrpcServicePlan | null;
        readonly http: { readonly cluster: string; readonly uri: string; readonly timeoutMs: number } | null;
        readonly serviceName: string;
      }
    | { readonly kind: 'unsupported'; readonly typeUrl: string }
    | null;
  readonly verbose: boolean;
  readonly maxPathTagLength: number;
  readonly spawnUpstreamSpan: boolean;
}

/** The http_connection_manager filter with Envoy's defaults filled in. Durations: 0 = disabled. */
export interface HttpConnectionManagerPlan {
  readonly statPrefix: string;
  readonly codec: 'AUTO' | 'HTTP1' | 'HTTP2' | 'HTTP3';
  readonly routes: RouteSourcePlan;
  readonly filters: readonly HttpFilterPlan[];
  readonly serverName: string;
  readonly serverHeader: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
  readonly useRemoteAddress: boolean;
  readonly xffTrustedHops: number;
  /** From the xff original-IP-detection extension when present. */
  readonly skipXffAppend: boolean;
  readonly internalAddressRanges: readonly IpRange[];
  readonly via: string;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly packTraceReason: boolean;
  readonly useRequestIdForTraceSampling: boolean;
  readonly forwardClientCert: 'SANITIZE' | 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';
  readonly clientCertDetails: {
    readonly subject: boolean;
    readonly cert: boolean;
    readonly chain: boolean;
    readonly dns: boolean;
    readonly uri: boolean;
  };
  readonly proxy100Continue: boolean;
  readonly streamIdleTimeoutMs: number;
  readonly streamFlushTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  readonly common: CommonHttpOptionsPlan;
  readonly http1: Http1OptionsPlan;
  readonly http2: Http2OptionsPlan;
  readonly maxRequestHeadersKb: number;
  readonly upgrades: readonly { readonly type: string; readonly enabled: boolean; readonly filters: readonly HttpFilterPlan[] | null }[];
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: 'KEEP_UNCHANGED' | 'REJECT_REQUEST' | 'UNESCAPE_AND_REDIRECT' | 'UNESCAPE_AND_FORWARD';
  readonly stripPort: 'none' | 'matching' | 'any';
  readonly stripTrailingHostDot: boolean;
  readonly overrideStreamErrorOnInvalidMessage: boolean;
  readonly schemeHeader: { readonly overwrite: string | null; readonly matchUpstream: boolean };
  readonly appendXForwardedPort: boolean;
  readonly appendLocalOverload: boolean;
  readonly addUserAgent: boolean;
  readonly localReply: { readonly mappers: readonly LocalReplyMapperPlan[]; readonly bodyFormat: FormatOutput | null } | null;
  readonly tracing: TracingPlan | null;
  readonly accessLogs: readonly AccessLogPlan[];
  readonly accessLogFlushIntervalMs: number | null;
  readonly flushAccessLogOnNewRequest: boolean;
  readonly source: object;
}

/** One filter chain. */
export interface FilterChainPlan {
  readonly name: string;
  readonly match: FilterChainMatchPlan;
  readonly networkFilters: readonly NetworkFilterPlan[];
  /** The chain's terminal HTTP filter, if it has one. */
  readonly http: HttpConnectionManagerPlan | null;
  /** The chain's terminal TCP filter, if it has one. */
  readonly tcp: TcpProxyPlan | null;
  /** null = plain text. */
  readonly tls: DownstreamTlsPlan | null;
  readonly transportConnectTimeoutMs: number;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The object this plan was built from; unchanged object = unchanged chain. */
  readonly source: object;
}

/** Ports for which a listener filter is switched off. */
export interface PortRangeSet {
  readonly includes: (port: number) => boolean;
  readonly text: string;
}

/** One listener filter. */
export type ListenerFilterPlan = { readonly name: string; readonly disabledPorts: PortRangeSet | null } & (
  | { readonly kind: 'tlsInspector' | 'httpInspector' | 'originalDst' }
  | { readonly kind: 'proxyProtocol'; readonly allowRequestsWithout: boolean; readonly passThroughTlvs: boolean }
  | { readonly kind: 'unsupported'; readonly typeUrl: string }
);

/** A listener, normalised. */
export interface ListenerPlan {
  readonly name: string;
  readonly addresses: readonly AddressPlan[];
  readonly bindToPort: boolean;
  readonly useOriginalDst: boolean;
  readonly direction: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
  readonly bufferLimitBytes: number;
  readonly listenerFilters: readonly ListenerFilterPlan[];
  /** 0 = wait for ever. */
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly filterChains: readonly FilterChainPlan[];
  readonly defaultFilterChain: FilterChainPlan | null;
  /** Finds the chain in Envoy's order; made once per listener. */
  readonly chainIndex: FilterChainIndex;
  readonly accessLogs: readonly AccessLogPlan[];
  readonly reusePort: boolean;
  readonly backlog: number;
  readonly tcpFastOpen: number | null;
  readonly drainType: 'DEFAULT' | 'MODIFY_ONLY';
  readonly maxConnectionsPerEvent: number | null;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly problems: readonly string[];
  /** The object this plan was built from; unchanged object = unchanged listener. */
  readonly source: object;
}

/** Filter chains arranged for matching. Opaque: read by `decideConnection`. */
export interface FilterChainIndex {
  readonly root: unknown;
}
