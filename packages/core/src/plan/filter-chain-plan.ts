import type { AccessLogPlan } from './access-log-plan.ts';
import type { MetadataTest } from './build-matcher.ts';
import type { FormatPlan } from './format-plan.ts';
import type { HeaderAdditionPlan } from './header-plan.ts';
import type { HttpConnectionManagerPlan } from './http-connection-plan.ts';
import type { GrpcServicePlan, TokenBucketPlan } from './http-filter-plan.ts';
import type { IpRange } from './ip-address.ts';
import type { IstioStatsPlan } from './istio-stats-plan.ts';
import type { RbacPlan } from './rbac-plan.ts';
import type { HashPolicyPlan } from './route-plan.ts';
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
  | {
      readonly kind: 'connectionLimit';
      readonly maxConnections: number;
      readonly delayMs: number;
      readonly statPrefix: string;
      readonly isEnabled: boolean;
    }
  | {
      readonly kind: 'localRateLimit';
      readonly bucket: TokenBucketPlan;
      readonly statPrefix: string;
      /** Filters with the same key and bucket share the bucket; `''` = none does. */
      readonly shareKey: string;
      readonly isEnabled: boolean;
    }
  | {
      readonly kind: 'extAuthz';
      readonly service: GrpcServicePlan;
      readonly failureModeAllow: boolean;
      readonly includePeerCertificate: boolean;
      readonly includeTlsSession: boolean;
      /** Key of the node's metadata whose fields are told as labels of the destination; `''` for none. */
      readonly labelsKey: string;
      /** The filter acts only where this holds (Istio's CUSTOM shadow metadata); null = always. */
      readonly enabledMetadata: MetadataTest | null;
      readonly statPrefix: string;
    }
  | { readonly kind: 'istioStats'; readonly stats: IstioStatsPlan }
  | { readonly kind: 'metadataExchange'; readonly config: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unsupported'; readonly typeUrl: string }
);

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
