import { decideRequest } from '@weft/core/engine/decide-request';
import type { ForwardDecision, LocalReplyDecision, RequestDecision, Resume } from '@weft/core/engine/decision';
import { type HashCookie, requestHash } from '@weft/core/engine/request-hash';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { IpAddress } from '@weft/core/plan/ip-address';
import type { Fraction } from '@weft/core/plan/matcher';
import type { WeightedClusterPlan } from '@weft/core/plan/route-plan';
import type { Timer, TimerOwner } from '../io/timer-wheel.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import { connectErrorPrefix } from '../upstream/transport.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { BodyBuffer } from './body-buffer.ts';
import type { BodyReceiver, ExchangeConnection, ExchangeView, HttpContext } from './exchange-view.ts';
import { applyForwardHeaders, applyResponseHeaders, rewriteRequest } from './forward-headers.ts';
import type { Headers } from './headers.ts';
import { grpcStatusOf, type LocalReply, localReply, renderLocalReply } from './local-reply.ts';
import { mapLocalReply } from './local-reply-mapping.ts';
import { startMirrors } from './mirror.ts';
import type { Prelude } from './request-prelude.ts';
import { backoffMs, type TryOutcome, wantsRetry } from './retry.ts';
import type { DownstreamEvents, DownstreamStream, RequestHead, ResetReason } from './stream.ts';

/**
 * One request and its response, from the first head to the log entry: filters and routing by the engine, attempts upstream, faults,
 * retries, deadlines, local replies. Both codecs call into it; it holds at most a bounded part of the request body.
 */
export class Exchange implements DownstreamEvents, AttemptOwner, ExchangeView, TimerOwner {
  readonly context: HttpContext;
  readonly origin: ExchangeConnection;
  readonly head: RequestHead;
  readonly downstream: DownstreamStream;
  readonly startedAt: number;
  readonly startedMonotonic: number;
  readonly contentLength: number;
  /** Path as the client sent it. */
  readonly originalPath: string;
  readonly originalAuthority: string;
  remote: IpAddress;
  isInternal = false;
  requestId = '';
  requestBytes = 0;
  responseBytes = 0;
  responseStatus = 0;
  responseHeaders: Headers | null = null;
  responseTrailers: Headers | null = null;
  grpcStatus: number | null = null;
  flags = '';
  details = '';
  transportFailure = '';
  decision: RequestDecision | null = null;
  cluster: Cluster | null = null;
  host: Host | null = null;
  weighted: WeightedClusterPlan | null = null;
  attemptCount = 0;
  requestEndedAt = 0;
  responseStartedAt = 0;
  endedAt = 0;
  upstreamLocalAddress = '';
  upstreamProtocol = '';
  /** Metadata of the peer behind each direction, filled by the peer exchange. */
  downstreamPeer: object | null = null;
  upstreamPeer: object | null = null;
  expectsPeerMetadata = false;
  /** `set-cookie` value that brings the client back to the same host; null without. */
  stickyCookie: string | null = null;
  /** Text of the local reply, for body formats. */
  localReplyBody = '';
  requestHeadBytes = 0;
  responseHeadBytes = 0;
  /** SPIFFE ids of the upstream connection's ends, `''` without mutual TLS. */
  upstreamPrincipal = '';
  localPrincipal = '';
  #attempt: Attempt | null = null;
  #body: BodyBuffer;
  #isRequestDone: boolean;
  #isDone = false;
  #isInRead = true;
  #hasSentHead = false;
  #isUpstreamPaused = false;
  #routeTimer: Timer | null = null;
  #idleTimer: Timer | null = null;
  #delayTimer: NodeJS.Timeout | null = null;
  #retries = 0;
  #hasRetriedRace = false;
  #triedHosts: Host[] = [];
  #hash: bigint | null = null;
  #attemptFinished = false;
  #mirrors: BodyReceiver[] = [];

  constructor(context: HttpContext, origin: ExchangeConnection, downstream: DownstreamStream, head: RequestHead, end: boolean) {
    this.context = context;
    this.origin = origin;
    this.downstream = downstream;
    this.head = head;
    this.remote = origin.facts.source;
    this.originalPath = head.path;
    this.originalAuthority = head.authority;
    this.startedAt = context.wallClock();
    this.startedMonotonic = context.now();
    this.contentLength = end ? 0 : Number(head.headers.get('content-length') ?? -1);
    this.#isRequestDone = end;
    if (end) this.requestEndedAt = this.startedMonotonic;
    this.#body = new BodyBuffer(requestBufferBytes);
  }

  // --- RequestFacts

  get connection(): ConnectionFacts {
    return this.origin.facts;
  }
  get method(): string {
    return this.head.method;
  }
  get path(): string {
    return this.head.path;
  }
  get authority(): string {
    return this.head.authority;
  }
  get scheme(): string {
    return this.head.scheme;
  }
  get protocol(): string {
    return this.downstream.protocol;
  }

  header(name: string): string | undefined {
    if (name.charCodeAt(0) !== colon) return name === 'host' ? this.head.authority : this.head.headers.get(name);
    switch (name) {
      case ':method':
        return this.head.method;
      case ':path':
        return this.head.path;
      case ':authority':
        return this.head.authority;
      case ':scheme':
        return this.head.scheme;
      default:
        return undefined;
    }
  }

  headerValues(name: string): readonly string[] {
    const values: string[] = [];
    this.head.headers.each((field, value) => {
      if (field === name) values.push(value);
    });
    return values;
  }

  headers(): Readonly<Record<string, string>> {
    const { method, path, authority, scheme } = this.head;
    const all: Record<string, string> = { ':method': method, ':path': path, ':authority': authority, ':scheme': scheme };
    this.head.headers.each((name, value) => {
      all[name] = all[name] === undefined ? value : `${all[name]},${value}`;
    });
    return all;
  }

  get isGrpc(): boolean {
    const type = this.head.headers.get('content-type');
    return type?.startsWith('application/grpc') === true && (type.length === 16 || type[16] === '+' || type[16] === ';');
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  // --- life

  /** Runs the request; `prelude` is what the connection manager found first. */
  start(prelude: Prelude): void {
    this.remote = prelude.remote;
    this.isInternal = prelude.isInternal;
    this.requestId = prelude.requestId;
    this.#startIdleTimer();
    if (prelude.reply !== null) {
      this.reply(prelude.reply);
      return;
    }
    this.context.peers.onRequest(this);
    this.#decide();
  }

  /** Lets a mirror receive the request's body too. */
  addMirror(mirror: BodyReceiver): void {
    this.#mirrors.push(mirror);
    const body = this.#body;
    body.each((chunk, isLast) => mirror.send(chunk, 0, chunk.length, isLast && this.#isRequestDone));
    if (body.length === 0 && this.#isRequestDone) mirror.send(noBytes, 0, 0, true);
  }

  /** Answers from here; also used after a failed forward, as long as nothing has been sent. */
  reply(reply: LocalReply): void {
    if (this.#isDone) return;
    this.#cancelAttempt();
    if (reply.flag !== '') this.#flag(reply.flag);
    this.details = reply.details;
    if (this.#hasSentHead) {
      this.#breakOff();
      return;
    }
    const rendered = renderLocalReply(mapLocalReply(this, reply), { isGrpc: this.isGrpc, isHead: this.head.method === 'HEAD' });
    const { headers, body } = rendered;
    if (this.isGrpc) this.grpcStatus = reply.grpcStatus ?? grpcStatusOf(reply.status);
    this.responseStatus = rendered.status;
    applyResponseHeaders(this, headers, null);
    this.responseHeaders = headers;
    this.#sendHead(rendered.status, headers, body === null);
    if (body !== null) {
      this.responseBytes += body.length;
      this.downstream.sendData(body, 0, body.length, true);
    }
    this.#finish();
  }

  onTimer(kind: string): void {
    if (this.#isDone) return;
    if (kind === 'route') this.#onRouteTimeout();
    else if (kind === 'idle') this.#onIdleTimeout();
    else if (kind === 'maxDuration') this.#onMaxDuration();
    else if (kind === 'perTry') this.#onPerTryTimeout();
  }

  // --- downstream events

  onRequestData(bytes: Buffer, from: number, to: number, end: boolean): void {
    if (this.#isDone) return;
    this.#isInRead = true;
    this.requestBytes += to - from;
    if (end) this.#requestDone();
    this.#touchIdle();
    for (const mirror of this.#mirrors) mirror.send(bytes, from, to, end);
    const attempt = this.#attempt;
    const stream = attempt?.stream ?? null;
    if (stream === null || attempt?.isOver === true) {
      this.#body.hold(bytes, from, to);
      if (this.#body.isFull && !end) this.downstream.pause();
      return;
    }
    if (this.#body.isKept) this.#body.keep(bytes, from, to);
    if (!stream.sendData(bytes, from, to, end) && !end) this.downstream.pause();
  }

  onRequestTrailers(trailers: Headers): void {
    if (this.#isDone) return;
    this.#requestDone();
    const stream = this.#attempt?.stream ?? null;
    if (stream === null) this.#body.trailers = trailers;
    else stream.sendTrailers(trailers);
  }

  onDownstreamReset(): void {
    if (this.#isDone) return;
    this.#flag('DC');
    this.details = 'downstream_remote_disconnect';
    if (!this.#hasSentHead) this.responseStatus = 0;
    this.#cancelAttempt();
    this.#finish();
  }

  onDownstreamError(details: string): void {
    if (this.#isDone) return;
    this.downstream.closeAfterResponse();
    this.reply(localReply(400, 'Bad Request', 'DPE', details));
  }

  onDownstreamDrain(): void {
    if (!this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = false;
    this.#attempt?.stream?.resume();
  }

  onReadEnd(): void {
    this.#isInRead = false;
    this.#attempt?.stream?.flush();
  }

  // --- attempt events

  onAttemptReady(attempt: Attempt): void {
    const stream = attempt.stream;
    if (stream === null || attempt !== this.#attempt || this.#isDone) return;
    this.upstreamProtocol = stream.protocol;
    this.upstreamPrincipal = attempt.client?.peerUri ?? '';
    this.localPrincipal = attempt.client?.localUri ?? '';
    const body = this.#body;
    const isWhole = this.#isRequestDone;
    const hasBody = body.length > 0 || body.trailers !== null;
    this.#announceTimeout();
    if (this.#attemptHeader !== null) this.head.headers.set('x-envoy-attempt-count', String(this.attemptCount));
    stream.sendHead(this.head, isWhole && !hasBody);
    if (hasBody) {
      const trailers = isWhole ? body.trailers : null;
      body.each((chunk, isLast) => stream.sendData(chunk, 0, chunk.length, isLast && isWhole && trailers === null));
      if (trailers !== null) stream.sendTrailers(trailers);
      body.forgetUnlessKept();
      if (!isWhole) this.downstream.resume();
    }
    if (!this.#isInRead) stream.flush();
  }

  onAttemptFailed(attempt: Attempt, reason: ResetReason, details: string): void {
    if (attempt !== this.#attempt || this.#isDone) return;
    this.transportFailure = details;
    if (!attempt.hasResponse && this.#mayRepeatRace(attempt, reason)) {
      this.#hasRetriedRace = true;
      this.#tryHost(attempt.host, true);
      return;
    }
    this.host?.cluster.reportResult(attempt.host, 'reset', reason, 0);
    if (attempt.hasResponse && this.#hasSentHead) {
      this.#flag(flagOf(reason));
      this.details = `upstream_reset_after_response_started{${detailOf(reason)}}`;
      this.#breakOff();
      return;
    }
    if (this.#retry({ kind: 'reset', reason })) return;
    this.#replyToReset(reason, details);
  }

  onAttemptInformational(attempt: Attempt, status: number, headers: Headers): void {
    if (attempt === this.#attempt && status !== 100 && !this.#hasSentHead) this.downstream.sendInformational(status, headers);
  }

  onAttemptHead(attempt: Attempt, status: number, headers: Headers, end: boolean): void {
    if (attempt !== this.#attempt || this.#isDone) return;
    this.#touchIdle();
    const grpcStatus = readGrpcStatus(headers);
    attempt.cluster.reportResult(attempt.host, 'response', null, status);
    if (this.#retry({ kind: 'response', status, grpcStatus, headers })) {
      if (!end) attempt.cancel();
      return;
    }
    if (this.#retries > 0 && status < 500) attempt.cluster.stats.retrySuccesses.increment();
    attempt.perTryTimer?.cancel();
    this.responseStartedAt = this.context.now();
    this.grpcStatus = grpcStatus;
    this.details = 'via_upstream';
    this.responseStatus = status;
    this.responseHeaders = headers;
    this.context.peers.onResponse(this);
    applyResponseHeaders(this, headers, this.responseStartedAt - attempt.startedAt);
    this.#sendHead(status, headers, end);
    if (end) this.#responseDone();
  }

  onAttemptData(attempt: Attempt, bytes: Buffer, from: number, to: number, end: boolean): void {
    if (attempt !== this.#attempt || this.#isDone) return;
    this.#touchIdle();
    this.responseBytes += to - from;
    const goOn = this.downstream.sendData(bytes, from, to, end);
    if (end) this.#responseDone();
    else if (!goOn && !this.#isUpstreamPaused) {
      this.#isUpstreamPaused = true;
      attempt.stream?.pause();
    }
  }

  onAttemptTrailers(attempt: Attempt, trailers: Headers): void {
    if (attempt !== this.#attempt || this.#isDone) return;
    this.grpcStatus = readGrpcStatus(trailers) ?? this.grpcStatus;
    this.responseTrailers = trailers;
    this.downstream.sendTrailers(trailers);
    this.#responseDone();
  }

  onAttemptDrain(attempt: Attempt): void {
    if (attempt === this.#attempt && !this.#isRequestDone) this.downstream.resume();
  }

  onAttemptReadEnd(attempt: Attempt): void {
    if (attempt === this.#attempt || this.#attemptFinished) this.downstream.flush();
  }

  // --- routing

  #decide(resume?: Resume): void {
    const draw = Math.floor(this.context.random() * million);
    const decision = decideRequest(this.context.plan(), this.origin.chain, this, null, resume ?? null, draw);
    this.decision = decision;
    switch (decision.kind) {
      case 'localReply':
        this.#replyAsDecided(decision);
        break;
      case 'forward':
        this.#forward(decision);
        break;
      case 'pending':
        this.context.pendingFilters.fulfil(decision, this, (next) => {
          if (!this.#isDone) this.#decide(next);
        });
    }
  }

  #replyAsDecided(decision: LocalReplyDecision): void {
    const { status, body, bytes, headers, flag, details, grpcStatus } = decision;
    const reply: LocalReply = { status, body: bytes ?? body, headers, flag, details, grpcStatus };
    this.#applyFault(decision.fault, () => this.reply(reply));
  }

  #forward(decision: ForwardDecision): void {
    this.#applyFault(decision.fault, () => this.#route(decision));
  }

  #applyFault(fault: ForwardDecision['fault'], next: () => void): void {
    if (fault === null) {
      next();
      return;
    }
    const abort = (): void => {
      if (this.#isDone) return;
      if (fault.abortFraction === null || !this.#draws(fault.abortFraction)) {
        next();
        return;
      }
      const status = fault.abortGrpcStatus !== null && !this.isGrpc ? 200 : fault.abortStatus;
      this.reply({ ...localReply(status, 'fault filter abort', 'FI', 'fault_filter_abort'), grpcStatus: fault.abortGrpcStatus });
    };
    if (fault.delayMs > 0 && fault.delayFraction !== null && this.#draws(fault.delayFraction)) {
      this.#flag('DI');
      this.#delayTimer = setTimeout(abort, fault.delayMs);
    } else abort();
  }

  #route(decision: ForwardDecision): void {
    const weighted = this.#drawCluster(decision);
    const name = weighted.clusterHeader === null ? weighted.name : (this.header(weighted.clusterHeader) ?? '');
    this.weighted = weighted;
    const cluster = this.context.clusters.get(name);
    if (cluster === undefined) {
      this.reply(localReply(decision.action.clusterNotFoundStatus, '', 'NC', 'cluster_not_found'));
      return;
    }
    this.cluster = cluster;
    if (!this.#mayUpgrade(decision)) return;
    rewriteRequest(this, decision, weighted);
    this.#hashRequest(decision);
    this.context.peers.beforeUpstream(this);
    applyForwardHeaders(this, decision);
    if (decision.action.mirrors.length > 0) startMirrors(this, decision.action.mirrors);
    this.#body.isKept = decision.action.retry !== null;
    this.#startDeadlines(decision);
    this.#try();
  }

  #hashRequest(decision: ForwardDecision): void {
    const { hashPolicies } = decision.action;
    if (hashPolicies.length === 0) return;
    const { hash, cookie } = requestHash(hashPolicies, this, this.context.uuid);
    this.#hash = hash;
    if (cookie !== null) this.stickyCookie = setCookie(cookie);
  }

  #drawCluster(decision: ForwardDecision): WeightedClusterPlan {
    const { clusters, totalWeight, weightHeader } = decision.action;
    if (clusters.length === 1) return clusters[0] as WeightedClusterPlan;
    const given = weightHeader === null ? undefined : this.header(weightHeader);
    const draw = given !== undefined && /^\d+$/.test(given) ? Number(given) : Math.floor(this.context.random() * totalWeight);
    let left = draw % Math.max(1, totalWeight);
    for (const cluster of clusters) {
      if (left < cluster.weight) return cluster;
      left -= cluster.weight;
    }
    return clusters[clusters.length - 1] as WeightedClusterPlan;
  }

  #mayUpgrade(decision: ForwardDecision): boolean {
    const upgrade = this.head.upgrade;
    if (upgrade === null) return true;
    const type = upgrade.toLowerCase();
    const allowed =
      decision.action.upgrades.get(type) ??
      this.origin.manager.upgrades.some((entry) => entry.type.toLowerCase() === type && entry.enabled);
    if (!allowed) this.reply(localReply(403, '', '', 'upgrade_failed'));
    return allowed;
  }

  /** Tells the upstream how long the answer is waited for: what is left of the route's timeout, or of the try's. */
  #announceTimeout(): void {
    const { decision } = this;
    if (decision?.kind !== 'forward') return;
    const { routeMs, perTryMs } = decision.timeouts;
    const elapsed = this.requestEndedAt === 0 || this.attemptCount === 1 ? 0 : this.context.now() - this.requestEndedAt;
    const left = routeMs > 0 ? Math.max(0, routeMs - Math.floor(elapsed)) : 0;
    const wait = perTryMs !== null && perTryMs > 0 && (left === 0 || perTryMs < left) ? perTryMs : left;
    if (wait > 0) this.head.headers.set('x-envoy-expected-rq-timeout-ms', String(wait));
  }

  get #attemptHeader(): ForwardDecision | null {
    const decision = this.decision;
    return decision?.kind === 'forward' && decision.virtualHost.includeAttemptCountInRequest ? decision : null;
  }

  #draws(fraction: Fraction): boolean {
    return fraction.perMillion >= million || this.context.random() * million < fraction.perMillion;
  }

  // --- attempts

  #try(): void {
    const decision = this.decision;
    const cluster = this.cluster;
    if (decision?.kind !== 'forward' || cluster === null || this.#isDone) return;
    if (!cluster.isInitialized) {
      cluster.whenInitialized(() => {
        if (!this.#isDone) this.#try();
      });
      return;
    }
    const retry = decision.action.retry;
    const host = cluster.choose({
      hash: this.#hash,
      metadataMatch: this.weighted?.metadataMatch ?? decision.action.metadataMatch,
      avoid: retry?.avoidPreviousHosts === true ? this.#triedHosts : [],
      maxSelections: retry?.hostSelectionMaxAttempts ?? 1,
      request: this,
      connection: this.origin.facts,
    });
    if (host === null) {
      cluster.stats.noHealthyHost.increment();
      this.reply(localReply(503, 'no healthy upstream', 'UH', 'no_healthy_upstream'));
      return;
    }
    this.#tryHost(host, false);
  }

  #tryHost(host: Host, isFresh: boolean): void {
    const decision = this.decision;
    if (decision?.kind !== 'forward') return;
    const breaker = host.cluster.breaker(decision.action.priority);
    if (!breaker.mayRequest) {
      host.cluster.stats.pendingOverflow.increment();
      this.#replyOverflow();
      return;
    }
    if (!isFresh) this.attemptCount++;
    this.host = host;
    this.#triedHosts.push(host);
    if (decision.action.hostRewrite?.kind === 'auto' && host.endpoint.hostname !== '') this.head.authority = host.endpoint.hostname;
    const attempt = new Attempt(this, host, breaker, this.downstream.protocol === 'HTTP/2');
    this.#attempt = attempt;
    const perTryMs = decision.timeouts.perTryMs;
    if (perTryMs !== null && perTryMs > 0) attempt.perTryTimer = this.context.timers.schedule(perTryMs, this, 'perTry');
    attempt.start(isFresh);
  }

  /** A pooled connection closed by its peer just as it was used is nobody's failure: repeat once where that is harmless. */
  #mayRepeatRace(attempt: Attempt, reason: ResetReason): boolean {
    const isRace = reason === 'connectionTermination' && attempt.isKeepAliveRace && !this.#hasRetriedRace;
    return isRace && isIdempotent(this.head.method) && (this.requestBytes === 0 || (this.#body.isKept && this.#isRequestDone));
  }

  #retry(outcome: TryOutcome): boolean {
    const decision = this.decision;
    const cluster = this.cluster;
    if (decision?.kind !== 'forward' || cluster === null || this.#hasSentHead) return false;
    const policy = decision.action.retry;
    if (policy === null || !wantsRetry(policy, outcome)) return false;
    const allowed = policy.attempts ?? 1;
    if (this.#retries >= allowed) {
      cluster.stats.retryLimitExceeded.increment();
      if (allowed > 0) this.#flag('URX');
      return false;
    }
    if (this.requestBytes > 0 && !this.#body.isKept) return false;
    const breaker = cluster.breaker(decision.action.priority);
    if (!breaker.mayRetry) {
      cluster.stats.retryOverflow.increment();
      return false;
    }
    this.#retries++;
    cluster.stats.retries.increment();
    breaker.retries++;
    this.#attempt?.cancel();
    this.#attempt = null;
    this.#delayTimer = setTimeout(
      () => {
        breaker.retries--;
        this.#delayTimer = null;
        if (!this.#isDone) this.#try();
      },
      backoffMs(policy, this.#retries, this.context.random()),
    );
    this.#onDelayCancelled = () => {
      breaker.retries--;
    };
    return true;
  }

  #onDelayCancelled: (() => void) | null = null;

  #cancelAttempt(): void {
    this.#attempt?.cancel();
    this.#attempt = null;
  }

  #replyToReset(reason: ResetReason, details: string): void {
    if (reason === 'overflow') {
      this.#replyOverflow();
      return;
    }
    const why = details === '' || details.startsWith(connectErrorPrefix) ? '' : `, transport failure reason: ${details}`;
    const text = `upstream connect error or disconnect/reset before headers. ${this.#retries > 0 ? 'retried and the latest ' : ''}reset reason: ${reasonText(reason)}${why}`;
    const status = reason === 'protocolError' ? 502 : 503;
    this.reply(
      localReply(
        status,
        text,
        flagOf(reason),
        `upstream_reset_before_response_started{${detailOf(reason)}${details === '' ? '' : `|${details.replaceAll(' ', '_')}`}}`,
      ),
    );
  }

  #replyOverflow(): void {
    const reply = localReply(
      503,
      'upstream connect error or disconnect/reset before headers. reset reason: overflow',
      'UO',
      'upstream_reset_before_response_started{overflow}',
    );
    this.reply({ ...reply, headers: [['x-envoy-overloaded', 'true']] });
  }

  // --- deadlines

  #startDeadlines(decision: ForwardDecision): void {
    const { routeMs, maxStreamDurationMs, idleMs } = decision.timeouts;
    if (routeMs > 0 && this.#isRequestDone) this.#routeTimer = this.context.timers.schedule(routeMs, this, 'route');
    if (maxStreamDurationMs !== null && maxStreamDurationMs > 0) {
      this.#maxDurationTimer = this.context.timers.schedule(maxStreamDurationMs, this, 'maxDuration');
    }
    if (idleMs !== null) {
      this.#idleMs = idleMs;
      this.#idleTimer?.cancel();
      this.#idleTimer = idleMs > 0 ? this.context.timers.schedule(idleMs, this, 'idle') : null;
    }
  }

  #maxDurationTimer: Timer | null = null;
  #idleMs = 0;
  #lastActivity = 0;

  #startIdleTimer(): void {
    this.#idleMs = this.origin.manager.streamIdleTimeoutMs;
    this.#lastActivity = this.startedMonotonic;
    // A request that is answered at once never needs the timer, and most are: armed for those that stay.
    if (this.#idleMs > 0) this.#idleTimer = this.context.timers.schedule(this.#idleMs, this, 'idle');
  }

  #touchIdle(): void {
    this.#lastActivity = this.context.now();
  }

  #requestDone(): void {
    this.#isRequestDone = true;
    this.requestEndedAt = this.context.now();
    const decision = this.decision;
    if (decision?.kind === 'forward' && decision.timeouts.routeMs > 0 && this.#routeTimer === null && this.cluster !== null) {
      this.#routeTimer = this.context.timers.schedule(decision.timeouts.routeMs, this, 'route');
    }
  }

  #onIdleTimeout(): void {
    const idle = this.context.now() - this.#lastActivity;
    if (idle < this.#idleMs) {
      this.#idleTimer = this.context.timers.schedule(this.#idleMs - idle, this, 'idle');
      return;
    }
    if (this.#hasSentHead) {
      this.#flag('SI');
      this.details = 'stream_idle_timeout';
      this.#breakOff();
    } else if (this.#isRequestDone) this.reply(localReply(504, 'stream timeout', 'SI', 'stream_idle_timeout'));
    else this.reply(localReply(408, 'stream timeout', 'SI', 'stream_idle_timeout'));
  }

  #onRouteTimeout(): void {
    this.cluster?.stats.timeouts.increment();
    const attempt = this.#attempt;
    if (attempt !== null) attempt.cluster.reportResult(attempt.host, 'reset', 'localReset', 504);
    if (this.#hasSentHead) {
      this.#flag('UT');
      this.details = 'response_timeout';
      this.#breakOff();
    } else this.reply(localReply(504, 'upstream request timeout', 'UT', 'response_timeout'));
  }

  #onPerTryTimeout(): void {
    const attempt = this.#attempt;
    if (attempt === null || attempt.hasResponse) return;
    attempt.cluster.stats.perTryTimeouts.increment();
    attempt.cluster.reportResult(attempt.host, 'reset', 'localReset', 504);
    if (!this.#retry({ kind: 'perTryTimeout' })) {
      this.reply(localReply(504, 'upstream request timeout', 'UT', 'upstream_per_try_timeout'));
    }
  }

  #onMaxDuration(): void {
    if (this.#hasSentHead) {
      this.details = 'max_duration_timeout';
      this.#breakOff();
    } else this.reply(localReply(504, 'downstream duration timeout', '', 'max_duration_timeout'));
  }

  // --- the response and the end

  #sendHead(status: number, headers: Headers, end: boolean): void {
    this.responseStatus = status;
    this.#hasSentHead = true;
    this.context.peers.onAnswer(this);
    this.downstream.sendHead(status, headers, end);
  }

  #responseDone(): void {
    this.#attemptFinished = true;
    const attempt = this.#attempt;
    // The upstream answered before the whole request was sent: the rest has no receiver.
    if (attempt !== null && !this.#isRequestDone) attempt.stream?.abort();
    this.#finish();
  }

  /** The client must not take what it got for complete. */
  #breakOff(): void {
    this.#cancelAttempt();
    this.downstream.abort();
    this.#finish();
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.endedAt = this.context.now();
    this.#routeTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#maxDurationTimer?.cancel();
    if (this.#delayTimer !== null) {
      clearTimeout(this.#delayTimer);
      this.#onDelayCancelled?.();
    }
    this.#body.clear();
    this.context.onExchangeDone(this);
  }

  #flag(flag: string): void {
    if (flag === '') return;
    const flags = this.flags;
    if (flags === '') this.flags = flag;
    else if (!flags.split(',').includes(flag)) this.flags = `${flags},${flag}`;
  }
}

const colon = 58;
const noBytes = Buffer.alloc(0);
const million = 1_000_000;
/** Largest part of a request body kept for a retry or while no upstream is ready; Envoy's default buffer limit. */
const requestBufferBytes = 1024 * 1024;

function setCookie({ name, value, ttlMs, path, attributes }: HashCookie): string {
  const age = ttlMs === null ? '' : `; Max-Age=${Math.floor(ttlMs / 1000)}`;
  const where = path === '' ? '' : `; Path=${path}`;
  const more = attributes.map(([key, text]) => (text === '' ? `; ${key}` : `; ${key}=${text}`)).join('');
  return `${name}="${value}"${age}${where}${more}; HttpOnly`;
}

function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'PUT' || method === 'DELETE' || method === 'TRACE';
}

function readGrpcStatus(headers: Headers): number | null {
  const status = headers.get('grpc-status');
  return status === undefined ? null : Number(status);
}

function flagOf(reason: ResetReason): string {
  switch (reason) {
    case 'connectFailure':
    case 'connectTimeout':
      return 'UF';
    case 'connectionTermination':
      return 'UC';
    case 'remoteReset':
    case 'refusedStream':
      return 'UR';
    case 'protocolError':
      return 'UPE';
    case 'overflow':
      return 'UO';
    case 'localReset':
      return 'LR';
  }
}

function detailOf(reason: ResetReason): string {
  return reasonText(reason).replaceAll(' ', '_');
}

function reasonText(reason: ResetReason): string {
  switch (reason) {
    case 'connectFailure':
      return 'remote connection failure';
    case 'connectTimeout':
      return 'connection timeout';
    case 'connectionTermination':
      return 'connection termination';
    case 'remoteReset':
      return 'remote reset';
    case 'refusedStream':
      return 'remote refused stream reset';
    case 'protocolError':
      return 'protocol error';
    case 'overflow':
      return 'overflow';
    case 'localReset':
      return 'local reset';
  }
}
