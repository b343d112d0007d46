import type { ForwardDecision } from '@weft/core/engine/decision';
import type { ManagerEvent } from '../telemetry/http-stat-names.ts';
import type { RequestGroups } from '../telemetry/virtual-host-stats.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import { addressHost } from './address-host.ts';
import { announceTimeout } from './announce-timeout.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { applyForwardHeaders, rewriteRequest } from './forward-headers.ts';
import { hashExchange } from './hash-cookie.ts';
import type { Headers } from './headers.ts';
import { judgeResponse, readGrpcStatus } from './judge-response.ts';
import { mayRepeatRace } from './keep-alive-race.ts';
import { localReply } from './local-reply.ts';
import { startMirrors } from './mirror.ts';
import { Retries } from './retries.ts';
import { type TryOutcome, wantsRetry } from './retry.ts';
import type { RoutedExchange } from './routed-exchange.ts';
import { sendRequest } from './send-request.ts';
import { sessionOf } from './stateful-session.ts';
import type { ResetReason } from './stream.ts';
import { type TimedRouter, TryTimers } from './try-timers.ts';
import { noteTunnelEnd, takesTunnel } from './tunnel.ts';
import { dropReply, failureDetail, failureFlag, overflowReply, upstreamFailureReply } from './upstream-failure.ts';

/** Takes one request to its cluster: tries at hosts, retries, and the deadlines of the response. */
export class Router implements AttemptOwner, TimedRouter {
  #exchange: RoutedExchange;
  #decision: ForwardDecision;
  #cluster: Cluster;
  #attempt: Attempt | null = null;
  #retries: Retries | null = null;
  #timers: TryTimers;
  readonly #groups: RequestGroups | null;
  #triedHosts: Host[] = [];
  #firstTryAt = 0;
  #hash: bigint | null = null;
  #hasRetriedRace = false;
  #isUpstreamPaused = false;
  #isResponseDone = false;

  constructor(exchange: RoutedExchange, decision: ForwardDecision, cluster: Cluster) {
    this.#exchange = exchange;
    this.#decision = decision;
    this.#cluster = cluster;
    this.#timers = new TryTimers(this, exchange.context.timers, decision.timeouts, cluster.plan.protocol.common.maxStreamDurationMs);
    const { virtualHost, route } = decision;
    this.#groups = exchange.context.virtualHostStats.groupsOf(virtualHost, route, exchange);
  }

  /** Rewrites the request as its route says, and begins with the first host. */
  start(): void {
    const exchange = this.#exchange;
    const decision = this.#decision;
    const { action } = decision;
    if (exchange.upgrade !== null || exchange.origin.manager.sessionFilter !== null) exchange.session = sessionOf(exchange, decision);
    if (exchange.weighted !== null) rewriteRequest(exchange, decision, exchange.weighted);
    if (action.hashPolicies.length > 0 && this.#cluster.takesHashes) this.#hash = hashExchange(exchange, action.hashPolicies);
    exchange.context.peers.beforeUpstream(exchange);
    applyForwardHeaders(exchange, decision);
    if (action.mirrors.length > 0) startMirrors(exchange, action.mirrors);
    exchange.body.isKept = decision.retry !== null;
    if (exchange.isRequestDone) this.onRequestDone();
    this.#try();
  }

  /** The whole request is here: from now on the response is waited for. */
  onRequestDone(): void {
    this.#timers.onRequestDone();
  }

  /** Sends a part of the request's body, or holds it until an upstream is there. */
  sendData(bytes: Buffer, from: number, to: number, end: boolean): void {
    const { body, downstream } = this.#exchange;
    const attempt = this.#attempt;
    const stream = attempt?.stream ?? null;
    if (stream === null || attempt?.isOver === true) {
      body.hold(bytes, from, to);
      if (body.isFull && !end) downstream.pause();
      return;
    }
    if (body.isKept) body.keep(bytes, from, to);
    this.#timers.touch();
    if (stream.sendData(bytes, from, to, end) || end) return;
    attempt?.cluster.stats.count('upstream_flow_control_backed_up_total');
    this.#countAtManager('downstream_flow_control_paused_reading_total');
    downstream.pause();
  }

  sendTrailers(trailers: Headers): void {
    const stream = this.#attempt?.stream ?? null;
    if (stream === null) this.#exchange.body.trailers = trailers;
    else stream.sendTrailers(trailers);
  }

  flush(): void {
    this.#attempt?.stream?.flush();
  }

  /** The client takes data again. */
  resumeUpstream(): void {
    if (!this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = false;
    this.#attempt?.cluster.stats.count('upstream_flow_control_resumed_reading_total');
    this.#attempt?.stream?.resume();
  }

  /** Gives the try under way up. */
  cancelAttempt(): void {
    this.#timers.endTry();
    this.#attempt?.cancel();
    this.#attempt = null;
  }

  /** The exchange is over. */
  end(): void {
    this.#timers.end();
    this.#retries?.cancel();
  }

  // --- attempt events

  onAttemptReady(attempt: Attempt): void {
    const exchange = this.#exchange;
    const stream = attempt.stream;
    if (stream === null || attempt !== this.#attempt || exchange.isDone) return;
    this.#groups?.count('upstream_rq_total');
    sendRequest(exchange, attempt, this.#decision.virtualHost.includeAttemptCountInRequest);
    if (!exchange.isInRead) stream.flush();
  }

  onAttemptFailed(attempt: Attempt, reason: ResetReason, details: string): void {
    const exchange = this.#exchange;
    if (attempt !== this.#attempt || exchange.isDone) return;
    exchange.transportFailure = details;
    if (attempt.stream === null) exchange.poolReadyMs = attempt.waitedMs;
    this.#timers.endTry();
    if (!this.#hasRetriedRace && mayRepeatRace(exchange, attempt, reason)) {
      this.#hasRetriedRace = true;
      this.#tryHost(attempt.host, true);
      return;
    }
    if (reason !== 'overflow') attempt.cluster.reportResult(attempt.host, 'connectFailed');
    if (attempt.hasResponse && exchange.hasSentHead) {
      exchange.flag(failureFlag(reason));
      exchange.details = `upstream_reset_after_response_started{${failureDetail(reason)}}`;
      exchange.breakOff();
      return;
    }
    if (this.#retry({ kind: 'reset', reason })) return;
    this.#countReply(503, attempt.host);
    exchange.reply(upstreamFailureReply(reason, details, this.#hasRetried));
  }

  onAttemptInformational(attempt: Attempt, status: number, headers: Headers): void {
    const { downstream, hasSentHead, origin } = this.#exchange;
    if (attempt === this.#attempt && (status !== 100 || origin.manager.proxy100Continue) && !hasSentHead)
      downstream.sendInformational(status, headers);
  }

  onAttemptHead(attempt: Attempt, status: number, headers: Headers, end: boolean): void {
    const exchange = this.#exchange;
    if (attempt !== this.#attempt || exchange.isDone) return;
    const grpcStatus = judgeResponse(exchange, attempt, status, headers);
    if (this.#retry({ kind: 'response', status, grpcStatus, headers })) {
      attempt.cluster.stats.countRetried(status);
      if (!end) attempt.cancel();
      return;
    }
    attempt.cluster.stats.countStatus(status, exchange.isInternal);
    this.#groups?.countStatus(status);
    if (this.#hasRetried && status < 500) {
      attempt.cluster.stats.count('upstream_rq_retry_success');
      this.#groups?.count('upstream_rq_retry_success');
    }
    this.#timers.onResponseHead();
    exchange.responseStartedAt = exchange.context.now();
    exchange.grpcStatus = grpcStatus;
    exchange.details = 'via_upstream';
    exchange.onResponseHead(status, headers, this.#serviceTimeMs(), end);
    if (end) this.#responseDone();
  }

  onAttemptData(attempt: Attempt, bytes: Buffer, from: number, to: number, end: boolean): void {
    const exchange = this.#exchange;
    if (attempt !== this.#attempt || exchange.isDone) return;
    this.#timers.touch();
    const goOn = exchange.onResponseData(bytes, from, to, end);
    if (end) this.#responseDone();
    else if (!goOn && !this.#isUpstreamPaused) {
      this.#isUpstreamPaused = true;
      attempt.cluster.stats.count('upstream_flow_control_paused_reading_total');
      attempt.stream?.pause();
    }
  }

  onAttemptTrailers(attempt: Attempt, trailers: Headers): void {
    const exchange = this.#exchange;
    if (attempt !== this.#attempt || exchange.isDone) return;
    exchange.grpcStatus = readGrpcStatus(trailers) ?? exchange.grpcStatus;
    exchange.onResponseTrailers(trailers);
    this.#responseDone();
  }

  onAttemptDrain(attempt: Attempt): void {
    if (attempt !== this.#attempt || this.#exchange.isRequestDone) return;
    attempt.cluster.stats.count('upstream_flow_control_drained_total');
    this.#countAtManager('downstream_flow_control_resumed_reading_total');
    this.#exchange.downstream.resume();
  }

  onAttemptReadEnd(attempt: Attempt): void {
    if (attempt === this.#attempt || this.#isResponseDone) this.#exchange.downstream.flush();
  }

  // --- deadlines

  onResponseTimeout(): void {
    const exchange = this.#exchange;
    if (exchange.isDone) return;
    this.#cluster.stats.count('upstream_rq_timeout');
    this.#groups?.count('upstream_rq_timeout');
    const attempt = this.#attempt;
    if (attempt !== null) this.#countTimeout(attempt, !attempt.hasResponse);
    this.#endLate(attempt?.host ?? null, 'response_timeout');
  }

  onTryTimeout(isIdle: boolean): void {
    const attempt = this.#attempt;
    if (attempt === null || this.#exchange.isDone || (attempt.hasResponse && !isIdle)) return;
    attempt.cluster.stats.count(isIdle ? 'upstream_rq_per_try_idle_timeout' : 'upstream_rq_per_try_timeout');
    this.#countTimeout(attempt, true);
    if (this.#retry({ kind: 'perTryTimeout' })) return;
    this.#endLate(attempt.host, isIdle ? 'upstream_per_try_idle_timeout' : 'upstream_per_try_timeout');
  }

  onTryDuration(): void {
    const exchange = this.#exchange;
    const attempt = this.#attempt;
    if (attempt === null || exchange.isDone) return;
    attempt.cluster.stats.count('upstream_rq_max_duration_reached');
    if (this.#retry({ kind: 'reset', reason: 'localReset' })) return;
    exchange.reply(localReply(504, 'upstream max stream duration reached', 'UMSDR', 'upstream_max_stream_duration_reached'));
  }

  #countTimeout(attempt: Attempt, isJudged: boolean): void {
    attempt.host.totalTimeouts++;
    if (isJudged) attempt.cluster.reportResult(attempt.host, 'timeout');
  }

  #endLate(host: Host | null, details: string): void {
    const exchange = this.#exchange;
    if (exchange.hasSentHead) {
      exchange.flag('UT');
      exchange.details = details;
      exchange.breakOff();
    } else {
      const status = this.#decision.timeouts.lateStatus;
      this.#countReply(status, host);
      exchange.reply(localReply(status, status === 204 ? '' : 'upstream request timeout', 'UT', details));
    }
  }

  // --- tries

  #try(): void {
    const exchange = this.#exchange;
    const cluster = this.#cluster;
    if (exchange.isDone) return;
    if (!cluster.isInitialized) {
      cluster.whenInitialized(() => this.#try());
      return;
    }
    const drops = cluster.dropsPerMillion;
    if (drops > 0 && this.#triedHosts.length === 0 && exchange.context.random() * 1_000_000 < drops) {
      this.#countReply(503, null);
      exchange.reply(dropReply());
      return;
    }
    exchange.attemptCount++;
    announceTimeout(exchange, this.#decision);
    const { retry, action } = this.#decision;
    const host = cluster.choose({
      hash: this.#hash,
      metadataMatch: exchange.weighted?.metadataMatch ?? action.metadataMatch,
      retry: retry === null || this.#triedHosts.length === 0 ? null : { policy: retry, tried: this.#triedHosts },
      request: exchange,
      connection: exchange.connection,
      override: exchange.session?.override ?? null,
    });
    if (host === null) {
      cluster.stats.count('upstream_cx_none_healthy');
      this.#countReply(503, null);
      exchange.reply(localReply(503, 'no healthy upstream', 'UH', 'no_healthy_upstream'));
      return;
    }
    this.#tryHost(host, false);
  }

  #tryHost(host: Host, isFresh: boolean): void {
    const exchange = this.#exchange;
    const { action } = this.#decision;
    const breaker = host.cluster.breaker(action.priority);
    exchange.host = host;
    if (!breaker.mayRequest) {
      host.cluster.stats.count('upstream_rq_active_overflow');
      exchange.poolReadyMs = 0;
      exchange.reply(overflowReply());
      return;
    }
    this.#triedHosts.push(host);
    addressHost(exchange, host, action);
    exchange.span?.beginAttempt();
    const attempt = new Attempt(this, host, {
      breaker,
      prefersHttp2: exchange.downstream.protocol === 'HTTP/2',
      connection: exchange.connection,
      request: exchange,
      connect: takesTunnel(exchange, action) ? action.connect : null,
    });
    this.#attempt = attempt;
    if (this.#firstTryAt === 0) this.#firstTryAt = attempt.startedAt;
    this.#timers.beginTry();
    attempt.start(isFresh);
  }

  #retry(outcome: TryOutcome): boolean {
    const exchange = this.#exchange;
    const { retry: policy, action } = this.#decision;
    this.#retries?.settle();
    if (policy === null || exchange.hasSentHead || !wantsRetry(policy, outcome)) return false;
    this.#retries ??= new Retries(policy, this.#cluster, this.#cluster.breaker(action.priority), this.#groups);
    if (!this.#retries.mayRetry(exchange, exchange.requestBytes === 0 || exchange.body.isKept)) return false;
    exchange.span?.abandonAttempt(outcome.kind === 'response' ? outcome.status : 0);
    this.cancelAttempt();
    this.#retries.schedule(exchange, outcome, () => this.#try());
    return true;
  }

  /** From the end of the request; null where the response came before that. */
  #serviceTimeMs(): number | null {
    const { isRequestDone, requestEndedAt, responseStartedAt } = this.#exchange;
    return isRequestDone ? responseStartedAt - Math.max(requestEndedAt, this.#firstTryAt) : null;
  }

  get #hasRetried(): boolean {
    return this.#retries !== null && this.#retries.count > 0;
  }

  /** Answers in the cluster's stead count as its own; a host that was tried is to blame. */
  #countReply(status: number, host: Host | null): void {
    this.#cluster.stats.countStatus(status, this.#exchange.isInternal);
    this.#groups?.countStatus(status);
    if (host !== null) host.totalErrors++;
  }

  #countAtManager(event: ManagerEvent): void {
    const { context, origin } = this.#exchange;
    context.statsOf(origin.manager).count(event);
  }

  #responseDone(): void {
    this.#isResponseDone = true;
    const exchange = this.#exchange;
    // The upstream answered before the whole request was sent: the rest has no receiver.
    if (!exchange.isRequestDone) {
      noteTunnelEnd(exchange, this.#decision.action);
      this.#attempt?.stream?.abort();
    }
    exchange.finish();
    const { requestEndedAt, endedAt, isInternal } = exchange;
    if (requestEndedAt === 0) return;
    this.#cluster.stats.recordTime(endedAt - requestEndedAt, isInternal);
    this.#groups?.recordTime(endedAt - requestEndedAt);
  }
}
