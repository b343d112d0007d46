import type { FormatPlan } from './format-plan.ts';
import type { HeaderMutationPlan, RegexRewritePlan } from './header-plan.ts';
import type { FilterConfigPlan } from './http-filter-plan.ts';
import type { Fraction, HeaderMatcher } from './matcher.ts';
import type { RateLimitActionsPlan } from './rate-limit-plan.ts';
import type { RouteMatchPlan } from './route-match-plan.ts';
import type { TracingSamplingPlan } from './tracing-plan.ts';

/** The resource a route or cluster was made from, as the wire's metadata tells it. */
export interface SourcePlan {
  /** `Kind namespace/name`; null when the sender did not say. */
  readonly resource: string | null;
  /** Path inside that resource, e.g. `spec.http[0]`; null when unknown. */
  readonly path: string | null;
}

/** One target of a weighted split. */
export interface WeightedClusterPlan {
  /** `''` when `clusterHeader` names the cluster. */
  readonly name: string;
  readonly clusterHeader: string | null;
  readonly weight: number;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly requestHeaders: HeaderMutationPlan | null;
  readonly responseHeaders: HeaderMutationPlan | null;
  readonly hostRewrite: string | null;
  readonly filterConfigs: ReadonlyMap<string, FilterConfigPlan>;
}

/** Retry policy with Envoy's defaults filled in. */
export interface RetryPolicyPlan {
  readonly on: readonly string[];
  /** Retries after the first try; null when unset (1, unless the request header says otherwise). */
  readonly attempts: number | null;
  /** null = the route's timeout. */
  readonly perTryTimeoutMs: number | null;
  readonly perTryIdleTimeoutMs: number | null;
  readonly retriableStatusCodes: readonly number[];
  readonly retriableHeaders: readonly HeaderMatcher[];
  readonly retriableRequestHeaders: readonly HeaderMatcher[];
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly rateLimitedBackoff: {
    readonly headers: readonly { readonly name: string; readonly format: 'SECONDS' | 'UNIX_TIMESTAMP' }[];
    readonly maxMs: number;
  } | null;
  readonly hostSelectionMaxAttempts: number;
  readonly avoidPreviousHosts: boolean;
  /** Hosts whose metadata holds all of this are not retried on. */
  readonly omitHostMetadata: readonly Readonly<Record<string, unknown>>[];
  /** How many attempts before lower priorities are tried; null without the predicate. */
  readonly previousPrioritiesUpdateFrequency: number | null;
}

/** One mirror. */
export interface MirrorPlan {
  readonly cluster: string;
  readonly clusterHeader: string | null;
  /** null = every request. */
  readonly fraction: Fraction | null;
  readonly traceSampled: boolean | null;
  readonly disableShadowHostSuffix: boolean;
}

/** One input of consistent hashing. `terminal` ends the list once a hash exists. */
export type HashPolicyPlan = { readonly terminal: boolean } & (
  | { readonly kind: 'header'; readonly name: string; readonly rewrite: RegexRewritePlan | null }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** null = use the cookie only if present; 0 = session cookie. */
      readonly ttlMs: number | null;
      readonly path: string;
      readonly attributes: readonly (readonly [name: string, value: string])[];
    }
  | { readonly kind: 'sourceIp' }
  | { readonly kind: 'queryParameter'; readonly name: string }
  | { readonly kind: 'filterState'; readonly key: string }
);

/** How the request's authority is rewritten. */
export type HostRewritePlan =
  | { readonly kind: 'literal'; readonly value: string }
  /** The chosen endpoint's hostname. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'pathRegex'; readonly rewrite: RegexRewritePlan };

/** How the request's path is rewritten. */
export type PathRewritePlan =
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly rewrite: RegexRewritePlan }
  | { readonly kind: 'template'; readonly template: string };

/** Sending a request upstream. Durations: 0 = disabled, null = not set. */
export interface ForwardActionPlan {
  readonly kind: 'forward';
  /** One entry with weight 1 for a plain cluster. */
  readonly clusters: readonly WeightedClusterPlan[];
  readonly totalWeight: number;
  /** Whether one of the clusters configures filters: then it is drawn before they run. */
  readonly hasClusterConfigs: boolean;
  /** The header whose value (an unsigned number) replaces the random draw among weights; null = random. */
  readonly weightHeader: string | null;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly clusterNotFoundStatus: number;
  readonly pathRewrite: PathRewritePlan | null;
  readonly hostRewrite: HostRewritePlan | null;
  readonly appendXForwardedHost: boolean;
  /** 0 also where `max_stream_duration` is given: Envoy then ignores the route's timeout. */
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | null;
  readonly maxStreamDurationMs: number | null;
  /** Cap for the `grpc-timeout` header as stream duration; null = header not honoured, 0 = no cap. */
  readonly grpcTimeoutHeaderMaxMs: number | null;
  readonly grpcTimeoutHeaderOffsetMs: number;
  /** Whether the route has a `max_stream_duration`: gRPC upstreams are then told of it. */
  readonly setsStreamDuration: boolean;
  /** How long bytes that the client does not take are kept; null = as long as the stream may be idle. */
  readonly flushTimeoutMs: number | null;
  /** The deprecated `max_grpc_timeout`: cap for the `grpc-timeout` header in place of the timeout of gRPC requests; null = not honoured. */
  readonly maxGrpcTimeoutMs: number | null;
  readonly grpcTimeoutOffsetMs: number;
  readonly retry: RetryPolicyPlan | null;
  readonly mirrors: readonly MirrorPlan[];
  readonly priority: 'default' | 'high';
  readonly hashPolicies: readonly HashPolicyPlan[];
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** What the body of a CONNECT request is for the cluster's hosts: bytes of a connection; null where the request itself goes on to them. */
  readonly connect: { readonly allowsPost: boolean; readonly proxyProtocol: 'V1' | 'V2' | null } | null;
  /** True when the route asks for internal redirects, which Weft does not follow: the response is passed on. */
  readonly hasInternalRedirect: boolean;
  readonly rateLimits: readonly RateLimitActionsPlan[];
  readonly includeVirtualHostRateLimits: boolean;
}

/** Answering with a redirect. */
export interface RedirectActionPlan {
  readonly kind: 'redirect';
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** `''` keeps the request's. */
  readonly host: string;
  /** 0 keeps the request's. */
  readonly port: number;
  readonly scheme: string;
  readonly httpsRedirect: boolean;
  readonly path:
    | { readonly kind: 'keep' }
    | { readonly kind: 'whole' | 'prefix'; readonly value: string }
    | { readonly kind: 'regex'; readonly rewrite: RegexRewritePlan };
  readonly stripQuery: boolean;
}

/** Answering from the configuration. */
export interface DirectResponseActionPlan {
  readonly kind: 'direct';
  readonly status: number;
  readonly body: Uint8Array;
  readonly bodyFormat: FormatPlan | null;
}

/** The action of a route. */
export type RouteActionPlan =
  | ForwardActionPlan
  | RedirectActionPlan
  | DirectResponseActionPlan
  /** `non_forwarding_action`, as gRPC servers get it. */
  | { readonly kind: 'nonForwarding' }
  | { readonly kind: 'unsupported'; readonly what: string };

/** One route of a virtual host, ready to be matched and run. */
export interface RoutePlan {
  readonly name: string;
  /** Position in its virtual host. */
  readonly index: number;
  readonly match: RouteMatchPlan;
  readonly action: RouteActionPlan;
  /** Request header changes in the order to apply: route, virtual host, route table (or reversed where the table asks for it); the chosen weighted cluster's come first. */
  readonly requestHeaders: readonly HeaderMutationPlan[];
  readonly responseHeaders: readonly HeaderMutationPlan[];
  /** `typed_per_filter_config` by filter name, inherited: route over virtual host over table. The chosen weighted cluster's entries win over these. */
  readonly filterConfigs: ReadonlyMap<string, FilterConfigPlan>;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly decorator: { readonly operation: FormatPlan; readonly propagate: boolean } | null;
  readonly tracing: TracingSamplingPlan | null;
  readonly statPrefix: string;
  readonly requestBufferLimitBytes: number | null;
  readonly source: SourcePlan;
}

/** A virtual host. */
export interface VirtualHostPlan {
  readonly name: string;
  readonly domains: readonly string[];
  readonly requireTls: 'NONE' | 'EXTERNAL_ONLY' | 'ALL';
  readonly routes: readonly RoutePlan[];
  readonly includeAttemptCountInRequest: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly virtualClusters: readonly { readonly name: string; readonly headers: readonly HeaderMatcher[] }[];
  readonly rateLimits: readonly RateLimitActionsPlan[];
  readonly requestBufferLimitBytes: number | null;
  readonly filterConfigs: ReadonlyMap<string, FilterConfigPlan>;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly source: SourcePlan;
}

/** Domains of a route table, arranged for Envoy's search: exact, longest `*.suffix`, longest `prefix.*`, `*`. Keys are lower-case. */
export interface DomainIndex {
  readonly exact: ReadonlyMap<string, VirtualHostPlan>;
  /** Longest first; the suffix without its `*`. */
  readonly suffixes: readonly { readonly length: number; readonly byText: ReadonlyMap<string, VirtualHostPlan> }[];
  readonly prefixes: readonly { readonly length: number; readonly byText: ReadonlyMap<string, VirtualHostPlan> }[];
  readonly any: VirtualHostPlan | null;
}

/** A route configuration, ready to run. */
export interface RouteTable {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostPlan[];
  readonly domains: DomainIndex;
  readonly ignorePortInHost: boolean;
  /** Header that replaces `:authority` for the search; null for the usual. */
  readonly virtualHostHeader: string | null;
  readonly internalOnlyHeaders: readonly string[];
  readonly maxDirectResponseBodyBytes: number;
  /** Changes of the table alone, for local replies of requests that found no route. */
  readonly responseHeaders: HeaderMutationPlan | null;
  /** What this data plane cannot do in it. */
  readonly problems: readonly string[];
  /** The object this plan was built from; unchanged object = unchanged table. */
  readonly source: object;
}
