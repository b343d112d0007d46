import type { Socket } from 'node:net';
import type { PendingDecision, RequestDecision, Resume } from '@weft/core/engine/decision';
import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { IpAddress } from '@weft/core/plan/ip-address';
import type { Plan } from '@weft/core/plan/plan';
import type { WeightedClusterPlan } from '@weft/core/plan/route-plan';
import type { Connection, ConnectionOpening } from '../io/connection.ts';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { AnswerCounts } from '../telemetry/answer-counts.ts';
import type { ConnectionEnd } from '../telemetry/connection-stats.ts';
import type { ManagerEvent } from '../telemetry/http-stat-names.ts';
import type { VirtualHostStats } from '../telemetry/virtual-host-stats.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { Host } from '../upstream/host.ts';
import type { HostOverride } from '../upstream/host-choice.ts';
import type { GrpcMessageCounter } from './grpc-message-counter.ts';
import type { H2Counts } from './h2-counts.ts';
import type { Headers } from './headers.ts';
import type { DownstreamStream, RequestHead } from './stream.ts';

/** The connection a request came on, as far as its exchange cares. */
export interface ExchangeConnection {
  readonly facts: ConnectionFacts;
  readonly chain: FilterChainPlan;
  readonly manager: HttpConnectionManagerPlan;
  readonly listenerName: string;
  /** Counts the answers to what comes through the listener. */
  readonly answers: AnswerCounts;
  readonly direction: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
}

/** Keeps a client's requests at one host. */
export interface ExchangeSession {
  /** The host that the request names; null where it names none. */
  readonly override: HostOverride | null;
  /** Names the host in the response, unless the request did. */
  tell(host: Host, headers: Headers, nowMs: number): void;
}

/** A request's body, or its beginning. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/** Somebody who is sent a copy of a request's body. */
export interface BodyReceiver {
  send(bytes: Buffer, from: number, to: number, end: boolean): void;
}

/** What the parts around an exchange (filters, headers, logs, metrics) read and set of it. Times are monotonic milliseconds, 0 = not yet. */
export interface ExchangeView extends RequestFacts {
  readonly context: HttpContext;
  readonly origin: ExchangeConnection;
  readonly head: RequestHead;
  readonly downstream: DownstreamStream;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly startedMonotonic: number;
  /** Path and authority as the client sent them. */
  readonly originalPath: string;
  readonly originalAuthority: string;
  readonly remote: IpAddress;
  readonly requestId: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  responseStatus: number;
  responseHeaders: Headers | null;
  readonly responseTrailers: Headers | null;
  readonly grpcStatus: number | null;
  readonly isGrpc: boolean;
  /** Response flags, comma-separated, `''` for none. */
  readonly flags: string;
  /** Envoy's `response_code_details`. */
  readonly details: string;
  readonly transportFailure: string;
  readonly decision: RequestDecision | null;
  readonly cluster: Cluster | null;
  readonly host: Host | null;
  readonly weighted: WeightedClusterPlan | null;
  /** Hosts that were tried and reached, in order, each as often as it was. */
  readonly triedHosts: readonly Host[];
  readonly attemptCount: number;
  readonly requestEndedAt: number;
  readonly responseStartedAt: number;
  readonly endedAt: number;
  readonly upstreamLocalAddress: string;
  /** Socket of the last connection that was used upstream. */
  readonly upstreamSocket: Socket | null;
  /** Bytes on that connection for this request, heads and framing included; null where that is not known. */
  readonly upstreamWireBytes: UpstreamWireBytes | null;
  /** When that connection was opened. */
  readonly upstreamOpening: ConnectionOpening | null;
  /** How long the last try waited for its connection; null without a try. */
  readonly poolReadyMs: number | null;
  readonly terminationDetails: string;
  readonly loggedGrpcStatus: number | null;
  readonly upstreamProtocol: string;
  /** Metadata of the peer behind each direction, filled by the peer exchange. */
  downstreamPeer: object | null;
  upstreamPeer: object | null;
  expectsPeerMetadata: boolean;
  /** Bytes on the client's connection for this request, heads and framing included. */
  readonly wireBytesReceived: number;
  readonly wireBytesSent: number;
  /** Counts the messages of a gRPC stream where a filter asks for that. */
  messages: { readonly request: GrpcMessageCounter; readonly response: GrpcMessageCounter } | null;
  /** It became an upgraded stream. */
  readonly isUpgraded: boolean;
  /** Its response could not be completed. */
  readonly isBrokenOff: boolean;
  /** SPIFFE ids of the upstream connection's ends, `''` without mutual TLS. */
  readonly upstreamPrincipal: string;
  readonly localPrincipal: string;
  /** `set-cookie` value that brings the client back to the same host; null without. */
  /** The request's span; null when it is not traced. */
  span: ExchangeSpan | null;
  readonly stickyCookie: string | null;
  /** Keeps the client at its host; null without a session. */
  readonly session: ExchangeSession | null;
  /** Text of the local reply, for body formats. */
  localReplyBody: string;
  /** The request's body as soon as it is complete, or has so many bytes; it is held meanwhile. */
  bodyUpTo(maxBytes: number): Promise<RequestBody>;
  /** Lets a mirror receive the request's body too. */
  addMirror(mirror: BodyReceiver): void;
}

/** Bytes on an upstream connection. */
export interface UpstreamWireBytes {
  readonly sent: number;
  readonly received: number;
}

/** How the proxy calls itself. */
export interface ProxyNode {
  readonly id: string;
  readonly cluster: string;
}

/** What the HTTP stage uses of the proxy it runs in. */
export interface HttpContext {
  readonly node: ProxyNode;
  /** The plan in force now. */
  readonly plan: () => Plan;
  readonly clusters: ClusterManager;
  readonly timers: TimerWheel;
  readonly pendingFilters: PendingFilters;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly uuid: () => string;
  /** Adds what peers should learn of this proxy, and takes what they tell. */
  readonly peers: PeerExchange;
  readonly statsOf: (manager: HttpConnectionManagerPlan) => ManagerStats;
  readonly virtualHostStats: VirtualHostStats;
  /** Where HTTP/2 connections of clients count. */
  readonly http2Counts: H2Counts;
  readonly tracing: ExchangeTracing;
  /** Told before anything is decided of a request, where the messages of gRPC streams are counted. */
  readonly onExchangeStart: (exchange: ExchangeView) => void;
  /** Told once for every request, when it is over. */
  readonly onExchangeDone: (exchange: ExchangeView) => void;
}

/** Metadata exchange between the proxies of a mesh through headers. */
export interface PeerExchange {
  onRequest(exchange: ExchangeView): void;
  beforeUpstream(exchange: ExchangeView): void;
  onResponse(exchange: ExchangeView): void;
  onAnswer(exchange: ExchangeView): void;
}

/** What a connection manager counts of its connections and requests; requests that end are told to `onExchangeDone`. */
export interface ManagerStats {
  connectionOpened(connection: Connection, isHttp2: boolean, isTls: boolean): void;
  connectionClosed(connection: Connection, end: ConnectionEnd, kind: { readonly isHttp2: boolean; readonly isTls: boolean }): void;
  /** A connection was turned away before its first request. */
  connectionRefused(connection: Connection): void;
  requestStarted(isHttp2: boolean): void;
  /** A request became an upgraded stream. */
  upgraded(): void;
  count(event: ManagerEvent): void;
}

/** Begins spans, where a connection manager traces its requests. */
export interface ExchangeTracing {
  begin(exchange: ExchangeView): void;
}

/** A request's span. Contexts go upstream in headers. */
export interface ExchangeSpan {
  readonly traceId: string;
  readonly spanId: string;
  beginAttempt(): void;
  inject(headers: Headers): void;
  /** `isSampled` null: as the request itself. */
  injectMirror(headers: Headers, isSampled: boolean | null): void;
  /** A try was given up for another; `status` 0 when it brought no answer. */
  abandonAttempt(status: number): void;
  /** The response is on its way to the client. */
  onResponse(headers: Headers): void;
  end(): void;
}

/** Fulfils what the engine cannot do itself: verifying tokens, asking services. Resumes exactly once. */
export interface PendingFilters {
  fulfil(pending: PendingDecision, exchange: ExchangeView, resume: (resume: Resume) => void): void;
}
