import type { AccessLogFilterPlan, AccessLogPlan } from './access-log-plan.ts';
import type { CommonHttpOptionsPlan, Http1OptionsPlan, Http2OptionsPlan } from './cluster-plan.ts';
import type { FormatOutput } from './format-plan.ts';
import type { HeaderAdditionPlan, HeaderMutationPlan } from './header-plan.ts';
import type { HttpFilterPlan } from './http-filter-plan.ts';
import type { IpRange } from './ip-address.ts';
import type { IpDetectionPlan } from './ip-detection-plan.ts';
import type { RouteTable } from './route-plan.ts';
import type { TracingPlan } from './tracing-plan.ts';

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

/** HTTP filters in the order in which requests pass them. */
export interface FilterListPlan {
  readonly filters: readonly HttpFilterPlan[];
  /** The stateful_session filter; null without. */
  readonly sessionFilter: HttpFilterPlan | null;
  /** The header_mutation filters in the order in which responses pass them: the last first. */
  readonly responseMutators: readonly HttpFilterPlan[];
}

/** The http_connection_manager filter with Envoy's defaults filled in. Durations: 0 = disabled. */
export interface HttpConnectionManagerPlan extends FilterListPlan {
  readonly statPrefix: string;
  readonly codec: 'AUTO' | 'HTTP1' | 'HTTP2' | 'HTTP3';
  readonly routes: RouteSourcePlan;
  readonly serverName: string;
  readonly serverHeader: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
  readonly useRemoteAddress: boolean;
  /** Of use with `useRemoteAddress` only, as is `skipXffAppend`. */
  readonly xffTrustedHops: number;
  readonly skipXffAppend: boolean;
  /** Ways to find the client without `useRemoteAddress`; the first that finds an address decides. */
  readonly ipDetections: readonly IpDetectionPlan[];
  /** Changes made to requests before anything else reads their headers. */
  readonly earlyMutations: readonly HeaderMutationPlan[];
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
  /** The flush timeout is not set: a route's idle timeout stands for it. */
  readonly flushFollowsIdle: boolean;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  readonly common: CommonHttpOptionsPlan;
  readonly http1: Http1OptionsPlan;
  readonly http2: Http2OptionsPlan;
  readonly maxRequestHeadersKb: number;
  /** Types are lower-case. `filters` null: the manager's own. */
  readonly upgrades: readonly { readonly type: string; readonly enabled: boolean; readonly filters: FilterListPlan | null }[];
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
  /** Whether metrics want the messages of gRPC streams counted. */
  readonly countsMessages: boolean;
  readonly accessLogs: readonly AccessLogPlan[];
  readonly accessLogFlushIntervalMs: number | null;
  readonly flushAccessLogOnNewRequest: boolean;
  readonly source: object;
}
