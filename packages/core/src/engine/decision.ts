import type { CorsPlan } from '../plan/cors-plan.ts';
import type { FilterChainPlan, NetworkFilterPlan } from '../plan/filter-chain-plan.ts';
import type { HeaderMutationPlan } from '../plan/header-plan.ts';
import type {
  ExtAuthzPlan,
  FaultPlan,
  FilterConfigPlan,
  JwtAuthnPlan,
  JwtRequirementPlan,
  LocalRateLimitPlan,
  RateLimitPlan,
} from '../plan/http-filter-plan.ts';
import type { Fraction } from '../plan/matcher.ts';
import type { DynamicMetadata } from '../plan/rbac-plan.ts';
import type {
  ForwardActionPlan,
  RetryPolicyPlan,
  RoutePlan,
  RouteTable,
  VirtualHostPlan,
  WeightedClusterPlan,
} from '../plan/route-plan.ts';

/** One step of a decision, recorded only when a trace is asked for. */
export interface TraceStep {
  readonly stage:
    | 'filterChain'
    | 'virtualHost'
    | 'route'
    | 'rbac'
    | 'rbacShadow'
    | 'jwt'
    | 'extAuthz'
    | 'rateLimit'
    | 'fault'
    | 'cors'
    | 'router';
  /** The thing judged: a chain's, virtual host's, route's or policy's name. */
  readonly name: string;
  /** `Kind namespace/name` of the resource it came from, where known, and the path inside it. */
  readonly resource: string | null;
  readonly field: string | null;
  readonly matched: boolean;
  /** Why, in words. */
  readonly why: string;
}

/** Collects the steps of a decision. Passing null instead must not change the decision. */
export interface Trace {
  readonly steps: TraceStep[];
}

/** Header changes made by filters before the router, in order. `set` overwrites, `append` adds a value, `remove` deletes. */
export type HeaderChange =
  | { readonly op: 'set'; readonly name: string; readonly value: string }
  | { readonly op: 'append'; readonly name: string; readonly value: string }
  | { readonly op: 'remove'; readonly name: string };

/** The verdict of shadow rules, for logs and metrics (`istio_dry_run_*`). */
export interface ShadowVerdict {
  readonly filter: string;
  readonly statPrefix: string;
  readonly verdict: 'allowed' | 'denied';
  /** Policy that decided; `''` when none matched. */
  readonly policy: string;
}

/** What filters found out on the way, for access logs and later filters. */
export interface FilterOutcome {
  readonly headerChanges: readonly HeaderChange[];
  /** Dynamic metadata by filter namespace. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly shadows: readonly ShadowVerdict[];
  /** Response headers that filters (cors, ext_authz, rate limits) want on the final response. */
  readonly responseHeaders: readonly HeaderChange[];
  /** Policy that an enforcing RBAC filter matched last; `''` for none. */
  readonly rbacPolicy: string;
  /** Enforcing RBAC filters that let the request pass. */
  readonly rbacAllowed: number;
  /** Principal of the verified token, `iss/sub`; `''` for none. */
  readonly requestPrincipal: string;
}

/** A choice of filter chain. */
export type ConnectionDecision =
  | { readonly kind: 'chain'; readonly chain: FilterChainPlan }
  /** Nothing matched: the connection is closed. */
  | { readonly kind: 'none' };

type NetworkExtAuthz = Extract<NetworkFilterPlan, { kind: 'extAuthz' }>;

/** The verdict of the network filters of a chain that can refuse a connection. */
export interface NetworkVerdict {
  readonly allowed: boolean;
  /** The filter that refuses; null for none. */
  readonly refusedBy: Extract<NetworkFilterPlan, { kind: 'rbac' }> | null;
  readonly policy: string;
  readonly shadows: readonly ShadowVerdict[];
  /** The connection's metadata with what the filters added; null when they added none. */
  readonly metadata: DynamicMetadata | null;
  /** An authorization service that has to be asked before the verdict counts, by the place of its filter; null for none. */
  readonly check: { readonly filter: NetworkExtAuthz; readonly index: number } | null;
  /** Filters that would ask, but not about this connection. */
  readonly unasked: readonly NetworkExtAuthz[];
}

/** Deadlines of a forwarded request. 0 = none; null = not set. */
export interface RequestTimeouts {
  readonly routeMs: number;
  readonly perTryMs: number | null;
  readonly perTryIdleMs: number | null;
  readonly idleMs: number | null;
  /** How long bytes of a finished response wait for the client. */
  readonly flushMs: number | null;
  /** 0 = over at once. */
  readonly maxStreamDurationMs: number | null;
  /** What the upstream's `grpc-timeout` tells: the expected timeout, the stream's longest life, or no longer anything; null = as it came. */
  readonly grpcHeader: 'expected' | 'stream' | 'none' | null;
  /** Status for a request that runs out of time: 504, or 204 where an internal client asks for it. */
  readonly lateStatus: 204 | 504;
  /** True when the gRPC header or an `x-envoy-*` header gave the route timeout. */
  readonly fromHeader: boolean;
}

/** A fault to apply before going on: delay first, then abort, each if its fraction is drawn. */
export interface FaultDecision {
  readonly fault: FaultPlan;
  readonly delayMs: number;
  readonly delayFraction: Fraction | null;
  readonly abortStatus: number;
  readonly abortGrpcStatus: number | null;
  readonly abortFraction: Fraction | null;
}

/** Send the request upstream. Draws (weights, fractions) are the caller's. */
export interface ForwardDecision {
  readonly kind: 'forward';
  readonly table: RouteTable;
  readonly virtualHost: VirtualHostPlan;
  readonly route: RoutePlan;
  readonly action: ForwardActionPlan;
  /** The cluster, where it had to be drawn before filters ran; null leaves the draw to the caller. */
  readonly weighted: WeightedClusterPlan | null;
  /** The path to send, rewritten; the same string as the request's when nothing changes. */
  readonly path: string;
  /** The authority to send; null = unchanged, or to be taken from the endpoint when `hostRewrite` is `auto`. */
  readonly authority: string | null;
  readonly timeouts: RequestTimeouts;
  /** When to try again; null for never. */
  readonly retry: RetryPolicyPlan | null;
  readonly fault: FaultDecision | null;
  readonly cors: CorsDecision | null;
  /** Header changes at the router, in order to apply; the chosen weighted cluster's go before these. */
  readonly requestHeaders: readonly HeaderMutationPlan[];
  readonly responseHeaders: readonly HeaderMutationPlan[];
  readonly outcome: FilterOutcome;
}

/** Answer without an upstream. */
export interface LocalReplyDecision {
  readonly kind: 'localReply';
  readonly status: number;
  readonly body: string;
  /** For direct responses with bytes; null otherwise. */
  readonly bytes: Uint8Array | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Response flag, `''` for none. */
  readonly flag: string;
  /** Envoy's `response_code_details`. */
  readonly details: string;
  readonly grpcStatus: number | null;
  readonly reason:
    | 'rbac'
    | 'jwt'
    | 'extAuthz'
    | 'rateLimit'
    | 'cors'
    | 'noVirtualHost'
    | 'noRoute'
    | 'redirect'
    | 'tlsRedirect'
    | 'direct'
    | 'unsupported'
    | 'upgrade'
    | 'header';
  /** Where the answer came from, when a route was found. */
  readonly virtualHost: VirtualHostPlan | null;
  readonly route: RoutePlan | null;
  readonly table: RouteTable | null;
  readonly responseHeaders: readonly HeaderMutationPlan[];
  readonly fault: FaultDecision | null;
  readonly cors: CorsDecision | null;
  readonly outcome: FilterOutcome;
}

/** A filter needs something the engine cannot do itself; fulfil it and call `decideRequest` again with a `Resume`. */
export interface PendingDecision {
  readonly kind: 'pending';
  readonly filterIndex: number;
  readonly need: PendingNeed;
  /** Hand this back unchanged. */
  readonly state: DecisionState;
}

/** What a pending filter waits for. */
export type PendingNeed =
  | { readonly kind: 'jwt'; readonly jwt: JwtAuthnPlan; readonly requirement: JwtRequirementPlan }
  | {
      readonly kind: 'extAuthz';
      readonly extAuthz: ExtAuthzPlan;
      readonly contextExtensions: Readonly<Record<string, string>>;
      readonly sendBody: boolean;
    }
  | {
      readonly kind: 'localRateLimit';
      readonly limit: LocalRateLimitPlan;
      readonly descriptors: readonly Descriptor[];
      readonly filterName: string;
      readonly scope: object;
    }
  /** The whole body, of so many bytes at most. */
  | { readonly kind: 'body'; readonly maxBytes: number }
  | { readonly kind: 'rateLimit'; readonly limit: RateLimitPlan; readonly domain: string; readonly descriptors: readonly Descriptor[] };

/** A rate limit descriptor. */
export type Descriptor = readonly (readonly [key: string, value: string])[];

/** What the filters before a pending one produced; opaque outside the engine. */
export interface DecisionState {
  readonly outcome: FilterOutcome;
  readonly route: RoutePlan | null;
  readonly virtualHost: VirtualHostPlan | null;
  readonly fault: FaultDecision | null;
  readonly cors: CorsDecision | null;
  /** Drawn already, where the clusters of the route's split configure filters. */
  readonly weighted: WeightedClusterPlan | null;
  /** The request's own random number: a route that is chosen anew is chosen by the same. */
  readonly draw: number | null;
  readonly filterConfigs: ReadonlyMap<string, FilterConfigPlan> | null;
}

/** The answer to a pending filter. `deny` is sent as a local reply as it stands. */
export interface Resume {
  readonly filterIndex: number;
  readonly state: DecisionState;
  readonly result:
    | {
        readonly kind: 'pass';
        readonly headerChanges: readonly HeaderChange[];
        readonly responseHeaders: readonly HeaderChange[];
        readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
        readonly clearRoute: boolean;
        readonly requestPrincipal: string;
      }
    | {
        readonly kind: 'deny';
        readonly status: number;
        readonly body: string;
        readonly headers: readonly (readonly [name: string, value: string])[];
        readonly flag: string;
        readonly details: string;
        readonly grpcStatus: number | null;
      };
}

/** CORS headers for the response of a request with an allowed `Origin`. */
export interface CorsDecision {
  readonly origin: string;
  readonly cors: CorsPlan;
}

/** What happens to a request. */
export type RequestDecision = ForwardDecision | LocalReplyDecision | PendingDecision;
