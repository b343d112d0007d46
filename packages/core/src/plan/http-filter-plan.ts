import type { CorsPlan } from './cors-plan.ts';
import type { HeaderMutationPlan } from './header-plan.ts';
import type { IstioStatsPlan } from './istio-stats-plan.ts';
import type { Fraction, HeaderMatcher, StringMatcher } from './matcher.ts';
import type { RateLimitActionsPlan } from './rate-limit-plan.ts';
import type { RbacPlan } from './rbac-plan.ts';
import type { RouteMatchPlan } from './route-match-plan.ts';
import type { StatefulSessionPlan } from './session-plan.ts';
import type { DataSourcePlan } from './tls-plan.ts';

/** A gRPC service that a filter calls. */
export interface GrpcServicePlan {
  readonly cluster: string;
  readonly authority: string;
  readonly timeoutMs: number;
  readonly initialMetadata: readonly (readonly [name: string, value: string])[];
}

/** Where a token may stand in a request. */
export interface JwtLocationPlan {
  readonly fromHeaders: readonly { readonly name: string; readonly prefix: string }[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
}

/** One issuer and how its tokens are verified and passed on. */
export interface JwtProviderPlan extends JwtLocationPlan {
  readonly name: string;
  /** `''` accepts any issuer. */
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly subjects: StringMatcher | null;
  readonly requireExpiration: boolean;
  readonly maxLifetimeMs: number | null;
  readonly clockSkewSeconds: number;
  /** Keep the token in the request. */
  readonly forward: boolean;
  readonly forwardPayloadHeader: string;
  readonly padForwardPayloadHeader: boolean;
  /** Key of the payload in dynamic metadata `envoy.filters.http.jwt_authn`; `''` = not written. */
  readonly payloadInMetadata: string;
  readonly headerInMetadata: string;
  readonly failedStatusInMetadata: string;
  readonly claimToHeaders: readonly { readonly header: string; readonly claim: readonly string[] }[];
  readonly normalizeSpaceDelimited: readonly string[];
  readonly clearRouteCache: boolean;
  readonly jwks:
    | { readonly kind: 'local'; readonly source: DataSourcePlan }
    | {
        readonly kind: 'remote';
        readonly uri: string;
        readonly cluster: string;
        readonly timeoutMs: number;
        readonly cacheMs: number;
        readonly failedRefetchMs: number;
        readonly asyncFetch: boolean;
        readonly fastListener: boolean;
      }
    | { readonly kind: 'none' };
}

/** What a request's tokens must satisfy. */
export type JwtRequirementPlan =
  | { readonly kind: 'provider'; readonly provider: string; readonly audiences: readonly string[] | null }
  | { readonly kind: 'any' | 'all'; readonly requirements: readonly JwtRequirementPlan[] }
  | { readonly kind: 'allowMissing' | 'allowMissingOrFailed' | 'none' }
  | { readonly kind: 'extractOnlyWithoutValidation' };

/** The jwt_authn filter. */
export interface JwtAuthnPlan {
  readonly providers: ReadonlyMap<string, JwtProviderPlan>;
  /** First match decides; a null requirement lets the request pass. */
  readonly rules: readonly { readonly match: RouteMatchPlan; readonly requirement: JwtRequirementPlan | null }[];
  readonly requirementByName: ReadonlyMap<string, JwtRequirementPlan>;
  readonly bypassCorsPreflight: boolean;
  readonly stripFailureResponse: boolean;
}

/** The ext_authz filter. */
export interface ExtAuthzPlan {
  readonly service:
    | { readonly kind: 'grpc'; readonly grpc: GrpcServicePlan }
    | {
        readonly kind: 'http';
        readonly cluster: string;
        readonly uri: string;
        readonly timeoutMs: number;
        readonly pathPrefix: string;
        readonly headersToAdd: readonly (readonly [name: string, value: string])[];
        readonly upstreamHeaders: readonly StringMatcher[];
        readonly upstreamHeadersToAppend: readonly StringMatcher[];
        readonly clientHeaders: readonly StringMatcher[];
        readonly clientHeadersOnSuccess: readonly StringMatcher[];
        readonly metadataFromHeaders: readonly StringMatcher[];
      };
  readonly failureModeAllow: boolean;
  readonly failureModeAllowHeaderAdd: boolean;
  readonly statusOnError: number;
  readonly withRequestBody: { readonly maxBytes: number; readonly allowPartial: boolean; readonly packAsBytes: boolean } | null;
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  readonly clearRouteCache: boolean;
  readonly validateMutations: boolean;
  readonly allowedHeaders: readonly StringMatcher[];
  readonly disallowedHeaders: readonly StringMatcher[];
  readonly metadataNamespaces: readonly string[];
  readonly statPrefix: string;
  /** The filter acts only when this holds (Istio's CUSTOM shadow metadata); null = always. */
  readonly enabledMetadata: {
    readonly filter: string;
    readonly path: readonly string[];
    readonly invert: boolean;
    readonly matches: (value: unknown) => boolean;
  } | null;
  readonly enabled: Fraction | null;
  readonly denyAtDisable: boolean;
}

/** The fault filter. Percentages are drawn by the caller. */
export interface FaultPlan {
  readonly delay: { readonly fixedMs: number | null; readonly fraction: Fraction; readonly fromHeader: boolean } | null;
  readonly abort: {
    readonly httpStatus: number | null;
    readonly grpcStatus: number | null;
    readonly fraction: Fraction;
    readonly fromHeader: boolean;
  } | null;
  readonly responseRateLimit: { readonly kbps: number | null; readonly fraction: Fraction } | null;
  readonly upstreamCluster: string;
  readonly headers: readonly HeaderMatcher[];
  readonly downstreamNodes: readonly string[];
  readonly maxActiveFaults: number | null;
}

/** A token bucket's measures. */
export interface TokenBucketPlan {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** The local_ratelimit filter. */
export interface LocalRateLimitPlan {
  readonly statPrefix: string;
  readonly status: number;
  readonly bucket: TokenBucketPlan | null;
  readonly enabled: Fraction | null;
  readonly enforced: Fraction | null;
  readonly responseHeaders: HeaderMutationPlan | null;
  readonly requestHeaders: HeaderMutationPlan | null;
  readonly descriptors: readonly {
    readonly entries: readonly (readonly [key: string, value: string])[];
    readonly bucket: TokenBucketPlan;
  }[];
  readonly stage: number;
  readonly perConnection: boolean;
  /** The limit is that of all proxies of the local cluster together. */
  readonly isOfLocalCluster: boolean;
  readonly alwaysConsumeDefaultBucket: boolean;
  /** The filter's own limits, in place of the route's; empty where the route's count. */
  readonly rateLimits: readonly RateLimitActionsPlan[];
  readonly xRateLimitHeaders: boolean;
  readonly rateLimitedAsResourceExhausted: boolean;
}

/** The ratelimit filter (global rate limit service). */
export interface RateLimitPlan {
  readonly domain: string;
  readonly stage: number;
  readonly requestType: 'internal' | 'external' | 'both';
  readonly timeoutMs: number;
  readonly failureModeDeny: boolean;
  readonly rateLimitedAsResourceExhausted: boolean;
  readonly service: GrpcServicePlan | null;
  readonly status: number;
  readonly statusOnError: number;
  readonly xRateLimitHeaders: boolean;
  readonly disableXEnvoyRateLimitedHeader: boolean;
}

/** The router filter. */
export interface RouterPlan {
  readonly suppressEnvoyHeaders: boolean;
  readonly dynamicStats: boolean;
  readonly startChildSpan: boolean;
  readonly strictCheckHeaders: readonly string[];
  readonly respectExpectedRqTimeout: boolean;
  readonly suppressGrpcRequestFailureCodeStats: boolean;
}

/**
 * Header changes of the header_mutation filter, in the order in which they are made. A filter has one set; the configurations of a route are
 * one set for each level, the route's first.
 */
export interface HeaderMutationSet {
  readonly request: readonly HeaderMutationPlan[];
  readonly response: readonly HeaderMutationPlan[];
}

/** What one HTTP filter does; `opaque` filters are known by name but have no effect on decisions (stats, peer metadata, alpn …). */
export type FilterConfigPlan =
  | { readonly kind: 'rbac'; readonly rbac: RbacPlan | null }
  | { readonly kind: 'jwtAuthn'; readonly jwt: JwtAuthnPlan }
  /** Per-route: a requirement by name, or the filter switched off. */
  | { readonly kind: 'jwtAuthnRoute'; readonly requirementName: string; readonly disabled: boolean }
  | { readonly kind: 'extAuthz'; readonly extAuthz: ExtAuthzPlan }
  | {
      readonly kind: 'extAuthzRoute';
      readonly disabled: boolean;
      readonly contextExtensions: Readonly<Record<string, string>>;
      readonly disableRequestBodyBuffering: boolean;
    }
  | { readonly kind: 'fault'; readonly fault: FaultPlan }
  | { readonly kind: 'cors'; readonly cors: CorsPlan | null }
  | { readonly kind: 'localRateLimit'; readonly limit: LocalRateLimitPlan }
  | { readonly kind: 'rateLimit'; readonly limit: RateLimitPlan }
  | { readonly kind: 'rateLimitRoute'; readonly includeVirtualHost: 'OVERRIDE' | 'INCLUDE' | 'IGNORE'; readonly domain: string }
  | { readonly kind: 'headerMutation'; readonly mutations: readonly HeaderMutationSet[]; readonly mostSpecificWins: boolean }
  /** Gathers request bodies whole; longer ones are refused. */
  | { readonly kind: 'buffer'; readonly maxBytes: number }
  | { readonly kind: 'router'; readonly router: RouterPlan }
  | { readonly kind: 'statefulSession'; readonly session: StatefulSessionPlan }
  | { readonly kind: 'grpcWeb' }
  | { readonly kind: 'grpcStats'; readonly emitFilterState: boolean; readonly statsForAllMethods: boolean }
  | { readonly kind: 'istioStats'; readonly stats: IstioStatsPlan }
  | { readonly kind: 'peerMetadata'; readonly config: Readonly<Record<string, unknown>> }
  | { readonly kind: 'alpn'; readonly config: Readonly<Record<string, unknown>> }
  /** Switched off for this route (`FilterConfig.disabled`). */
  | { readonly kind: 'disabled' }
  /** Nothing but that a filter which is off by default acts here. */
  | { readonly kind: 'enabled' }
  | { readonly kind: 'unsupported'; readonly typeUrl: string; readonly config: Readonly<Record<string, unknown>> };

/** One HTTP filter of a connection manager. */
export interface HttpFilterPlan {
  readonly name: string;
  readonly config: FilterConfigPlan;
  /** Off unless a route's configuration switches it on. */
  readonly disabled: boolean;
  readonly optional: boolean;
}
