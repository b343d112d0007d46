import type { Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Connection } from '../io/connection.ts';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { AnswerCounts } from '../telemetry/answer-counts.ts';
import { ConnectionTimers } from './connection-timers.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeConnection, HttpContext, ManagerStats } from './exchange-view.ts';
import { applyEarlyMutations } from './forward-headers.ts';
import { GrpcWebStream, isGrpcWeb } from './grpc-web.ts';
import { type H1Head, type HeadError, type HeadLimits, headErrors } from './h1-head.ts';
import { H1Server, type H1ServerHost } from './h1-server.ts';
import type { H2Counts } from './h2-counts.ts';
import { H2Server, type H2ServerHost } from './h2-server.ts';
import { FieldHeaders } from './headers.ts';
import { localReply } from './local-reply.ts';
import { preparePrelude } from './request-prelude.ts';
import type { DownstreamEvents, DownstreamStream, RequestHead } from './stream.ts';

/** A downstream HTTP connection that can be drained. */
export interface HttpConnection {
  /** No further request after the ones under way. */
  drain(): void;
  readonly isIdle: boolean;
  readonly connection: Connection;
}

/** What the connection manager reports to the listener. */
export interface HttpConnectionObserver {
  onHttpConnectionClosed(connection: HttpConnection): void;
  /** True once the listener or the proxy is draining: responses then ask clients to leave. */
  readonly isDraining: boolean;
}

/** One downstream HTTP connection under one filter chain: makes an exchange of each request that its codec reads. */
export class ConnectionManager implements H1ServerHost, H2ServerHost, ExchangeConnection {
  readonly facts: ConnectionFacts;
  readonly chain: FilterChainPlan;
  readonly manager: HttpConnectionManagerPlan;
  readonly listenerName: string;
  readonly answers: AnswerCounts;
  readonly direction: ListenerPlan['direction'];
  readonly headLimits: HeadLimits;
  #context: HttpContext;
  #stats: ManagerStats;
  #observer: HttpConnectionObserver;
  #timers: ConnectionTimers;
  #codec: H1Server | H2Server | null = null;
  #startedAt = 0;

  constructor(
    context: HttpContext,
    observer: HttpConnectionObserver,
    place: {
      readonly facts: ConnectionFacts;
      readonly chain: FilterChainPlan;
      readonly manager: HttpConnectionManagerPlan;
      readonly listener: ListenerPlan;
      readonly answers: AnswerCounts;
    },
  ) {
    this.#context = context;
    this.#stats = context.statsOf(place.manager);
    this.#observer = observer;
    this.facts = place.facts;
    this.chain = place.chain;
    this.manager = place.manager;
    this.listenerName = place.listener.name;
    this.answers = place.answers;
    this.direction = place.listener.direction;
    this.headLimits = headLimitsOf(place.manager);
    this.#timers = new ConnectionTimers(context.timers, place.manager, this.#stats);
  }

  get http1(): Http1OptionsPlan {
    return this.manager.http1;
  }

  get wheel(): TimerWheel {
    return this.#context.timers;
  }

  get http2Counts(): H2Counts {
    return this.#context.http2Counts;
  }

  get random(): () => number {
    return this.#context.random;
  }

  get delayedCloseMs(): number {
    return this.manager.delayedCloseTimeoutMs;
  }

  /** Starts the codec; `isHttp2` as ALPN or the first bytes said. */
  serve(connection: Connection, isHttp2: boolean, isBridge: boolean): HttpConnection & { onData(bytes: Buffer, length: number): void } {
    const codec = isHttp2 ? new H2Server(connection, this, this.manager, isBridge) : new H1Server(connection, this);
    this.#codec = codec;
    this.#startedAt = this.#context.now();
    this.#stats.connectionOpened(connection, isHttp2, this.facts.isTls);
    this.#timers.start(codec);
    return codec;
  }

  onRequest(server: H1Server, head: H1Head, end: boolean): DownstreamEvents {
    this.#timers.onRequest();
    const { http1, common } = this.manager;
    const isLast = common.maxRequestsPerConnection > 0 && server.requestCount >= common.maxRequestsPerConnection;
    if (isLast || this.#observer.isDraining) {
      server.isDraining = true;
      this.#stats.count(isLast ? 'downstream_cx_max_requests_reached' : 'downstream_cx_drain_close');
    }
    if (head.minorVersion === 0 && !http1.acceptHttp10) return this.#refuse(server, headErrors.upgradeRequired);
    const request: RequestHead = {
      method: head.method,
      path: head.target,
      authority: head.host ?? (head.minorVersion === 0 ? http1.defaultHostForHttp10 : ''),
      scheme: this.facts.isTls ? 'https' : 'http',
      upgrade: head.upgrade?.toLowerCase() === 'h2c' ? null : head.upgrade,
      headers: head.headers,
    };
    if (http1.allowAbsoluteUrl || request.method === 'CONNECT') takeAbsoluteTarget(request);
    const isTunnel = request.upgrade !== null || request.method === 'CONNECT';
    if (isTunnel) server.startTunnel();
    this.#stats.requestStarted(false);
    const web = isGrpcWeb(this.manager, request) ? new GrpcWebStream(server, request) : null;
    const exchange = new Exchange(this.#context, this, web ?? server, request, end && !isTunnel);
    if (request.authority === '' && head.host === null && request.method !== 'CONNECT') {
      this.#refuseHostless(server, exchange);
      return exchange;
    }
    if (head.expectsContinue) this.#answerExpectation(server, request);
    this.#start(exchange, request);
    return web === null ? exchange : web.events(exchange);
  }

  onBadRequest(server: H1Server, error: HeadError): void {
    if (error.flag === undefined) this.#stats.count('downstream_cx_protocol_error');
    this.#timers.onRequest();
    this.#refuse(server, error);
  }

  onHeadBegun(server: H1Server): void {
    this.#timers.onHeadBegun(server);
  }

  /** Asks for the body in the upstream's place, unless the upstream is to be asked. */
  #answerExpectation(stream: DownstreamStream, request: RequestHead): void {
    if (this.manager.proxy100Continue) return;
    request.headers.remove('expect');
    stream.sendInformational(100, noHeaders);
  }

  #refuseHostless(server: H1Server, exchange: Exchange): void {
    if (!this.manager.http1.overrideStreamErrorOnInvalidMessage) server.closeAfterResponse();
    exchange.reply(localReply(400, '', '', 'missing_host_header'));
  }

  #refuse(server: H1Server, error: HeadError): Exchange {
    const head: RequestHead = { method: '', path: '', authority: '', scheme: 'http', upgrade: null, headers: new FieldHeaders() };
    this.#stats.requestStarted(false);
    const exchange = new Exchange(this.#context, this, server, head, true);
    server.closeAfterResponse();
    exchange.reply({
      status: error.status,
      body: error.body ?? statusBody(error.status),
      headers: [],
      flag: error.flag ?? 'DPE',
      details: error.details,
      grpcStatus: null,
    });
    exchange.downstream.flush();
    return exchange;
  }

  onStreamRequest(stream: DownstreamStream, request: RequestHead, end: boolean): DownstreamEvents {
    this.#stats.requestStarted(true);
    this.#timers.onRequest();
    if (this.#observer.isDraining && this.#timers.startDrain()) this.#stats.count('downstream_cx_drain_close');
    const web = isGrpcWeb(this.manager, request) ? new GrpcWebStream(stream, request) : null;
    const exchange = new Exchange(this.#context, this, web ?? stream, request, end);
    if (request.headers.get('expect')?.toLowerCase() === '100-continue') this.#answerExpectation(stream, request);
    this.#start(exchange, request);
    return web === null ? exchange : web.events(exchange);
  }

  onLastRequest(): void {
    this.#stats.count('downstream_cx_max_requests_reached');
    this.#timers.startDrain();
  }

  onConnectionIdle(): void {
    this.#timers.onIdle();
  }

  onConnectionClosed(): void {
    this.#timers.end();
    const codec = this.#codec;
    if (codec === null) return;
    const lifeMs = this.#context.now() - this.#startedAt;
    const end = { lifeMs, isByPeer: codec.connection.isEndedByPeer, hasActiveRequest: codec.isCutOff };
    this.#stats.connectionClosed(codec.connection, end, { isHttp2: codec instanceof H2Server, isTls: this.facts.isTls });
    this.#observer.onHttpConnectionClosed(codec);
  }

  #start(exchange: Exchange, request: RequestHead): void {
    if (this.manager.earlyMutations.length > 0) applyEarlyMutations(exchange);
    exchange.start(preparePrelude(request, this.manager, this.facts, this.#context));
  }
}

const noHeaders = new FieldHeaders();

function headLimitsOf({ maxRequestHeadersKb, common, http1 }: HttpConnectionManagerPlan): HeadLimits {
  return {
    maxBytes: maxRequestHeadersKb * 1024,
    maxFields: common.maxHeadersCount,
    allowsChunkedLength: http1.allowChunkedLength,
    underscores: common.headersWithUnderscores,
    keepsCase: http1.headerCase === 'preserve',
  };
}

/** `GET http://host/path`: the URL wins over the Host header. */
function takeAbsoluteTarget(request: RequestHead): void {
  if (request.path.startsWith('/') || request.method === 'CONNECT') {
    if (request.method !== 'CONNECT') return;
    request.authority = request.path;
    request.path = '';
    return;
  }
  const match = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(request.path);
  if (match === null) return;
  const authority = match[2] ?? '';
  request.authority = authority.slice(authority.lastIndexOf('@') + 1);
  const rest = match[3] ?? '';
  request.path = rest.startsWith('/') ? rest : `/${rest}`;
}

function statusBody(status: number): string {
  switch (status) {
    case 431:
      return 'Request Header Fields Too Large';
    case 426:
      return 'Upgrade Required';
    case 501:
      return 'Not Implemented';
    default:
      return 'Bad Request';
  }
}
