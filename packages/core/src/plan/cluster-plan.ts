import type { StringMatcher } from './matcher.ts';
import type { UpstreamTlsPlan } from './tls-plan.ts';

/** Region, zone and sub-zone, each `''` when unset. */
export interface LocalityPlan {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** Where an endpoint listens. */
export type AddressPlan =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'pipe'; readonly path: string }
  | { readonly kind: 'internal'; readonly listener: string; readonly endpointId: string };

/** One upstream host. */
export interface EndpointPlan {
  /** `ip:port`, `[v6]:port` or the pipe's path: the host's identity across updates. */
  readonly key: string;
  readonly address: AddressPlan;
  readonly hostname: string;
  readonly health: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'TIMEOUT' | 'DEGRADED';
  /** At least 1. */
  readonly weight: number;
  readonly priority: number;
  readonly locality: LocalityPlan;
  /** `filterMetadata` by namespace. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Where and under which name it is checked: `address` null and port 0 mean its own. */
  readonly healthCheck: {
    readonly address: AddressPlan | null;
    readonly port: number;
    readonly hostname: string;
    readonly disabled: boolean;
  };
}

/** The endpoints of one locality at one priority. */
export interface LocalityEndpointsPlan {
  readonly locality: LocalityPlan;
  readonly priority: number;
  /** Locality weight; null when unset (such a locality gets no load in locality-weighted balancing). */
  readonly weight: number | null;
  readonly endpoints: readonly EndpointPlan[];
}

/** Everything EDS (or `load_assignment`) says about one cluster. */
export interface LoadAssignmentPlan {
  readonly clusterName: string;
  readonly localities: readonly LocalityEndpointsPlan[];
  /** Per cent; Envoy's default is 140. */
  readonly overprovisioningFactor: number;
  readonly weightedPriorityHealth: boolean;
  readonly drops: readonly { readonly category: string; readonly perMillion: number }[];
  readonly endpointStaleAfterMs: number | null;
}

/** The limits of one routing priority. */
export interface CircuitBreakerPlan {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  readonly maxConnectionPools: number;
  readonly perHostMaxConnections: number;
  /** Replaces `maxRetries` when present. `budgetPercent` is 0 … 100. */
  readonly retryBudget: { readonly budgetPercent: number; readonly minRetryConcurrency: number } | null;
  /** Whether gauges tell how much more there may be. */
  readonly trackRemaining: boolean;
}

/** Envoy's outlier detection with its defaults filled in. Percentages are 0 … 100. */
export interface OutlierDetectionPlan {
  readonly consecutive5xx: number;
  readonly enforcingConsecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly enforcingConsecutiveGatewayFailure: number;
  readonly consecutiveLocalOriginFailure: number;
  readonly enforcingConsecutiveLocalOriginFailure: number;
  readonly splitExternalLocalOriginErrors: boolean;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  readonly enforcingSuccessRate: number;
  readonly enforcingLocalOriginSuccessRate: number;
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  /** Thousandths: 1900 means 1.9 standard deviations. */
  readonly successRateStdevFactor: number;
  readonly enforcingFailurePercentage: number;
  readonly enforcingFailurePercentageLocalOrigin: number;
  readonly failurePercentageThreshold: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
  readonly successfulActiveHealthCheckUnejectHost: boolean;
}

/** An inclusive-exclusive range of status codes. */
export interface StatusRange {
  readonly start: number;
  readonly end: number;
}

/** One active health checker. */
export interface HealthCheckPlan {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  /** Of the interval, added on top of `intervalJitterMs`. */
  readonly intervalJitterPercent: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly noTrafficIntervalMs: number;
  readonly noTrafficHealthyIntervalMs: number;
  readonly unhealthyIntervalMs: number;
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  readonly reuseConnection: boolean;
  readonly checker:
    | {
        readonly kind: 'http';
        readonly host: string;
        readonly path: string;
        readonly method: string;
        readonly http2: boolean;
        readonly expected: readonly StatusRange[];
        readonly retriable: readonly StatusRange[];
        readonly headersToAdd: readonly (readonly [name: string, value: string])[];
        readonly headersToRemove: readonly string[];
        readonly serviceName: StringMatcher | null;
      }
    | { readonly kind: 'tcp'; readonly send: Uint8Array; readonly receive: readonly Uint8Array[] }
    | { readonly kind: 'grpc'; readonly serviceName: string; readonly authority: string }
    | { readonly kind: 'unsupported' };
}

/** Gradual load for hosts that just became healthy. */
export interface SlowStartPlan {
  readonly windowMs: number;
  readonly aggression: number;
  /** 0 … 100. */
  readonly minWeightPercent: number;
}

/** One subset selector of a cluster. */
export interface SubsetSelectorPlan {
  readonly keys: readonly string[];
  readonly fallback: 'NOT_DEFINED' | 'NO_FALLBACK' | 'ANY_ENDPOINT' | 'DEFAULT_SUBSET' | 'KEYS_SUBSET';
  readonly fallbackKeys: readonly string[];
  readonly singleHostPerSubset: boolean;
}

/** How a cluster chooses hosts. */
export interface LoadBalancerPlan {
  readonly policy: 'ROUND_ROBIN' | 'LEAST_REQUEST' | 'RANDOM' | 'RING_HASH' | 'MAGLEV' | 'CLUSTER_PROVIDED';
  readonly choiceCount: number;
  readonly activeRequestBias: number;
  /** Least request looks at every host instead of `choiceCount` of them. */
  readonly leastRequestScansAll: boolean;
  readonly minimumRingSize: number;
  readonly maximumRingSize: number;
  readonly hashFunction: 'XX_HASH' | 'MURMUR_HASH_2';
  readonly maglevTableSize: number;
  readonly useHostnameForHashing: boolean;
  /** Per cent; 0 switches bounded load off. */
  readonly hashBalanceFactor: number;
  readonly slowStart: SlowStartPlan | null;
  /** 0 … 100; 0 switches panic mode off. */
  readonly panicThresholdPercent: number;
  readonly failTrafficOnPanic: boolean;
  readonly locality: 'none' | 'weighted' | 'zoneAware';
  /** Counts where the proxy knows its own fleet (a local cluster). */
  readonly zoneAware: {
    readonly routingEnabledPercent: number;
    readonly minClusterSize: number;
    readonly forceLocalityDirectRouting: boolean;
  };
  readonly subsets: {
    readonly fallback: 'NO_FALLBACK' | 'ANY_ENDPOINT' | 'DEFAULT_SUBSET';
    readonly defaultSubset: Readonly<Record<string, unknown>>;
    readonly selectors: readonly SubsetSelectorPlan[];
    readonly localityWeightAware: boolean;
    readonly scaleLocalityWeight: boolean;
    readonly panicModeAny: boolean;
    readonly listAsAny: boolean;
    /** `fallback_list` among the criteria has changes of the others, to be tried one after the other. */
    readonly triesFallbackList: boolean;
  } | null;
}

/** HTTP/1.1 options of a hop (Envoy's `Http1ProtocolOptions`). */
export interface Http1OptionsPlan {
  readonly allowAbsoluteUrl: boolean;
  readonly acceptHttp10: boolean;
  readonly defaultHostForHttp10: string;
  readonly headerCase: 'lower' | 'proper' | 'preserve';
  readonly enableTrailers: boolean;
  readonly allowChunkedLength: boolean;
  readonly overrideStreamErrorOnInvalidMessage: boolean;
  readonly sendFullyQualifiedUrl: boolean;
}

/** HTTP/2 options of a hop (Envoy's `Http2ProtocolOptions`). */
export interface Http2OptionsPlan {
  readonly hpackTableSize: number;
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindowBytes: number;
  readonly initialConnectionWindowBytes: number;
  readonly allowConnect: boolean;
  readonly allowMetadata: boolean;
  readonly maxOutboundFrames: number;
  readonly maxOutboundControlFrames: number;
  readonly maxConsecutiveInboundEmptyFrames: number;
  readonly maxInboundPriorityFramesPerStream: number;
  readonly maxInboundWindowUpdatesPerDataFrameSent: number;
  readonly overrideStreamErrorOnInvalidMessage: boolean;
  readonly keepalive: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly jitterPercent: number;
    readonly idleIntervalMs: number | null;
  } | null;
}

/** Connection rules for both HTTP versions. Durations 0 = off; null = not set. */
export interface CommonHttpOptionsPlan {
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxHeadersCount: number;
  readonly maxResponseHeadersKb: number;
  readonly maxStreamDurationMs: number;
  readonly headersWithUnderscores: 'ALLOW' | 'REJECT_REQUEST' | 'DROP_HEADER';
  /** 0 = unlimited. */
  readonly maxRequestsPerConnection: number;
}

/** Which HTTP version goes upstream, and how. */
export interface UpstreamProtocolPlan {
  readonly mode: 'http1' | 'http2' | 'downstream' | 'auto';
  readonly http1: Http1OptionsPlan;
  readonly http2: Http2OptionsPlan;
  readonly common: CommonHttpOptionsPlan;
  readonly autoSni: boolean;
  readonly autoSanValidation: boolean;
  readonly overrideAutoSniHeader: string;
  readonly httpFilters: readonly UpstreamFilterPlan[];
  /** Which responses outlier detection counts as errors, by `:status` and header; null = those of 5xx. */
  readonly outlierErrors: ResponseTest | null;
}

/** A test of a response; `header` gives values by lower-case name, `:status` among them. */
export type ResponseTest = (header: (name: string) => string | undefined) => boolean;

/** A filter of a cluster's own chain (network or HTTP), by its configuration as sent. */
export interface UpstreamFilterPlan {
  readonly name: string;
  readonly typeUrl: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** How connections to a cluster's hosts are secured. */
export type UpstreamTransportPlan =
  | { readonly kind: 'raw' }
  | { readonly kind: 'tls'; readonly tls: UpstreamTlsPlan }
  | { readonly kind: 'proxyProtocol'; readonly version: 'V1' | 'V2'; readonly inner: UpstreamTransportPlan }
  | { readonly kind: 'unsupported'; readonly typeUrl: string };

/** One entry of `transport_socket_matches`; endpoints whose `envoy.transport_socket_match` metadata holds all of `match` use it. */
export interface TransportMatchPlan {
  readonly name: string;
  readonly match: Readonly<Record<string, unknown>>;
  readonly transport: UpstreamTransportPlan;
}

/** A cluster, normalised. */
export interface ClusterPlan {
  readonly name: string;
  /** Name for statistics. */
  readonly statName: string;
  readonly discovery:
    | 'STATIC'
    | 'STRICT_DNS'
    | 'LOGICAL_DNS'
    | 'EDS'
    | 'ORIGINAL_DST'
    | 'AGGREGATE'
    | 'DYNAMIC_FORWARD_PROXY'
    | 'UNSUPPORTED';
  /** The EDS resource this cluster waits for; null for other discovery types. */
  readonly edsName: string | null;
  /** Inline endpoints (STATIC, DNS); null for EDS. */
  readonly loadAssignment: LoadAssignmentPlan | null;
  /** Members of an AGGREGATE cluster, in order. */
  readonly aggregate: readonly string[];
  readonly connectTimeoutMs: number;
  readonly bufferLimitBytes: number;
  readonly loadBalancer: LoadBalancerPlan;
  readonly circuitBreakers: { readonly default: CircuitBreakerPlan; readonly high: CircuitBreakerPlan };
  readonly outlierDetection: OutlierDetectionPlan | null;
  readonly healthChecks: readonly HealthCheckPlan[];
  readonly transport: UpstreamTransportPlan;
  readonly transportMatches: readonly TransportMatchPlan[];
  readonly protocol: UpstreamProtocolPlan;
  readonly networkFilters: readonly UpstreamFilterPlan[];
  readonly dns: {
    readonly refreshRateMs: number;
    /** Back-off after a failed look-up; null = the refresh rate. */
    readonly failureRefresh: { readonly baseMs: number; readonly maxMs: number } | null;
    /** Added to the refresh rate, at random. */
    readonly jitterMs: number;
    readonly family: 'AUTO' | 'V4_ONLY' | 'V6_ONLY' | 'V4_PREFERRED' | 'ALL';
    readonly respectTtl: boolean;
  };
  readonly originalDst: { readonly headerName: string | null; readonly portOverride: number | null; readonly metadataKey: string | null };
  readonly cleanupIntervalMs: number;
  readonly sourceAddress: { readonly host: string; readonly port: number } | null;
  readonly tcpKeepalive: {
    readonly probes: number | null;
    readonly timeSeconds: number | null;
    readonly intervalSeconds: number | null;
  } | null;
  readonly tcpIdleTimeoutMs: number;
  readonly closeConnectionsOnHealthFailure: boolean;
  /** New hosts are left out of all arithmetic until their first health check. */
  readonly ignoreNewHostsUntilFirstHealthCheck: boolean;
  readonly ignoreHealthOnRemoval: boolean;
  /** Connections serve one downstream connection each. */
  readonly poolsPerConnection: boolean;
  /** In which health a host may be had that a request names itself. */
  readonly overrideHealth: readonly string[];
  /** `filterMetadata` by namespace; `istio` holds config, services and subset. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What is configured and not supported, as fatal texts. */
  readonly problems: readonly string[];
  /** The object this plan was built from; unchanged object = unchanged cluster. */
  readonly source: object;
}
