import { decideRequest } from '@weft/core/engine/decide-request';
import type { ForwardDecision, LocalReplyDecision, Resume } from '@weft/core/engine/decision';
import { BodyBuffer } from './body-buffer.ts';
import { chooseCluster } from './choose-cluster.ts';
import { ExchangeRecord } from './exchange-record.ts';
import type { BodyReceiver, ExchangeConnection, HttpContext, RequestBody } from './exchange-view.ts';
import { injectFault } from './fault.ts';
import { applyFilterChanges, applyResponseHeaders } from './forward-headers.ts';
import { h2Error } from './h2-frames.ts';
import type { Headers } from './headers.ts';
import { grpcStatusOf, type LocalReply, localReply, renderLocalReply } from './local-reply.ts';
import { mapLocalReply } from './local-reply-mapping.ts';
import type { Prelude } from './request-prelude.ts';
import type { RoutedExchange } from './routed-exchange.ts';
import { Router } from './router.ts';
import type { DownstreamEvents, DownstreamStream, RequestHead } from './stream.ts';
import { StreamDeadlines } from './stream-deadlines.ts';

/**
 * One request and its response, from the first head to the log entry: decides by the engine, answers itself or lets a router fetch the
 * answer. Both codecs call into it; it holds at most a bounded part of the request body.
 */
export class Exchange extends ExchangeRecord implements DownstreamEvents, RoutedExchange {
  readonly body: BodyBuffer = new BodyBuffer(requestBufferBytes);
  isInRead = true;
  #router: Router | null = null;
  #deadlines: StreamDeadlines;
  #faultTimer: NodeJS.Timeout | null = null;
  #mirrors: BodyReceiver[] = [];
  /** Looks whether the body is as long as a filter waits for. */
  #onBody: (() => void) | null = null;

  constructor(context: HttpContext, origin: ExchangeConnection, downstream: DownstreamStream, head: RequestHead, end: boolean) {
    super(context, origin, downstream, head, end);
    this.#deadlines = new StreamDeadlines(this);
  }

  /** Runs the request; `prelude` is what the connection manager found first. */
  start(prelude: Prelude): void {
    this.remote = prelude.remote;
    this.isInternal = prelude.isInternal;
    this.requestId = prelude.requestId;
    this.#deadlines.start();
    if (this.origin.manager.countsMessages) this.context.onExchangeStart(this);
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
    const { body } = this;
    body.each((chunk, isLast) => mirror.send(chunk, 0, chunk.length, isLast && this.isRequestDone));
    if (body.length === 0 && this.isRequestDone) mirror.send(noBytes, 0, 0, true);
  }

  bodyUpTo(maxBytes: number): Promise<RequestBody> {
    this.body.allow(maxBytes);
    return new Promise((resolve) => {
      this.#onBody = () => {
        if (!this.isRequestDone && this.body.length < maxBytes && !this.body.isFull) return;
        this.#onBody = null;
        const bytes = this.body.first(maxBytes);
        resolve({ bytes, isWhole: this.isRequestDone && bytes.length === this.body.length });
      };
      this.#onBody();
    });
  }

  /** Answers from here; also used after a failed forward, as long as nothing has been sent. */
  reply(reply: LocalReply): void {
    if (this.isDone) return;
    this.#router?.cancelAttempt();
    this.flag(reply.flag);
    this.details = reply.details;
    if (this.hasSentHead) {
      this.breakOff();
      return;
    }
    const rendered = renderLocalReply(mapLocalReply(this, reply), { isGrpc: this.isGrpc, isHead: this.head.method === 'HEAD' });
    const { headers, body } = rendered;
    const status = this.downstream.isGrpcWeb ? reply.status : rendered.status;
    if (this.isGrpc) this.grpcStatus = reply.grpcStatus ?? grpcStatusOf(reply.status);
    this.responseStatus = status;
    applyResponseHeaders(this, headers, null);
    this.responseHeaders = headers;
    this.#sendHead(status, headers, body === null);
    if (body !== null) {
      this.responseBytes += body.length;
      this.downstream.sendData(body, 0, body.length, true);
    }
    this.finish();
  }

  /** Ends a response that cannot be completed: the client must not take what it got for complete. */
  breakOff(): void {
    this.#router?.cancelAttempt();
    this.isBrokenOff = true;
    this.downstream.abort();
    this.finish();
  }

  finish(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.endedAt = this.context.now();
    this.#deadlines.cancel();
    this.#router?.end();
    if (this.#faultTimer !== null) clearTimeout(this.#faultTimer);
    this.body.clear();
    this.span?.end();
    this.context.onExchangeDone(this);
  }

  // --- the request, from the codec

  onRequestData(bytes: Buffer, from: number, to: number, end: boolean): void {
    if (this.isDone) return;
    this.isInRead = true;
    this.requestBytes += to - from;
    this.messages?.request.read(bytes, from, to);
    if (end) this.#requestDone();
    this.#deadlines.touch(end ? this.requestEndedAt : this.context.now());
    for (const mirror of this.#mirrors) mirror.send(bytes, from, to, end);
    if (this.#router !== null) {
      this.#router.sendData(bytes, from, to, end);
      return;
    }
    this.body.hold(bytes, from, to);
    if (this.body.isFull && !end) this.downstream.pause();
    this.#onBody?.();
  }

  onRequestTrailers(trailers: Headers): void {
    if (this.isDone) return;
    this.#requestDone();
    if (this.#router === null) {
      this.body.trailers = trailers;
      this.#onBody?.();
    } else this.#router.sendTrailers(trailers);
  }

  onDownstreamReset(code: number | null): void {
    if (this.isDone) return;
    if (code === null) this.flag('DC');
    else if (code !== h2Error.none) this.flag('DR');
    this.details = resetDetails(code);
    if (!this.hasSentHead) this.responseStatus = 0;
    this.#router?.cancelAttempt();
    this.finish();
  }

  onDownstreamError(details: string): void {
    if (this.isDone) return;
    this.downstream.closeAfterResponse();
    this.reply(localReply(400, 'Bad Request', 'DPE', details));
  }

  onDownstreamDrain(): void {
    this.#router?.resumeUpstream();
  }

  onReadEnd(): void {
    this.isInRead = false;
    this.#router?.flush();
  }

  // --- the response, from the router

  onResponseHead(status: number, headers: Headers, serviceTimeMs: number | null, end: boolean): void {
    this.#deadlines.touch(this.responseStartedAt);
    this.responseStatus = status;
    this.responseHeaders = headers;
    this.context.peers.onResponse(this);
    applyResponseHeaders(this, headers, serviceTimeMs);
    this.#sendHead(status, headers, end);
  }

  onResponseData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    if (!end) this.#deadlines.touch(this.context.now());
    this.responseBytes += to - from;
    this.messages?.response.read(bytes, from, to);
    return this.downstream.sendData(bytes, from, to, end);
  }

  onResponseTrailers(trailers: Headers): void {
    this.responseTrailers = trailers;
    this.downstream.sendTrailers(trailers);
  }

  // --- what happens to the request

  #decide(resume?: Resume): void {
    const draw = Math.floor(this.context.random() * million);
    const decision = decideRequest(this.context.plan(), this.origin.chain, this, null, resume ?? null, draw);
    this.decision = decision;
    if (decision.kind === 'pending') {
      this.context.pendingFilters.fulfil(decision, this, (next) => {
        if (!this.isDone) this.#decide(next);
      });
      return;
    }
    if (decision.fault === null) this.#carryOut(decision);
    else this.#faultTimer = injectFault(this, decision.fault, () => this.#carryOut(decision));
  }

  #carryOut(decision: LocalReplyDecision | ForwardDecision): void {
    if (this.origin.manager.tracing !== null) this.context.tracing.begin(this);
    if (decision.kind === 'forward') {
      this.#forward(decision);
      return;
    }
    const { status, body, bytes, headers, flag, details, grpcStatus } = decision;
    if (decision.reason === 'upgrade') this.downstream.closeAfterResponse();
    this.reply({ status, body: bytes ?? body, headers, flag, details, grpcStatus });
  }

  #forward(decision: ForwardDecision): void {
    applyFilterChanges(this, decision);
    const cluster = chooseCluster(this, decision);
    if (cluster === null) {
      this.reply(localReply(decision.action.clusterNotFoundStatus, '', 'NC', 'cluster_not_found'));
      return;
    }
    if (this.head.upgrade !== null) {
      this.isUpgraded = true;
      this.context.statsOf(this.origin.manager).upgraded();
    }
    this.#deadlines.useRoute(decision.timeouts);
    const { flushMs } = decision.timeouts;
    if (flushMs !== null) this.downstream.setFlushTimeout?.(flushMs);
    this.#router = new Router(this, decision, cluster);
    this.#router.start();
  }

  #requestDone(): void {
    this.isRequestDone = true;
    this.requestEndedAt = this.context.now();
    this.#deadlines.onRequestDone();
    this.#router?.onRequestDone();
  }

  #sendHead(status: number, headers: Headers, end: boolean): void {
    this.responseStatus = status;
    this.hasSentHead = true;
    this.context.peers.onAnswer(this);
    this.span?.onResponse(headers);
    this.downstream.sendHead(status, headers, end);
  }
}

function resetDetails(code: number | null): string {
  if (code === null) return 'downstream_remote_disconnect';
  if (code === h2Error.none) return '';
  return code === h2Error.refusedStream ? 'http2.remote_refuse' : 'http2.remote_reset';
}

const noBytes = Buffer.alloc(0);
const million = 1_000_000;
/** Largest part of a request body kept for a retry or while no upstream is ready; Envoy's default buffer limit. */
const requestBufferBytes = 1024 * 1024;
