import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Connection } from '../io/connection.ts';
import type { Timer, TimerOwner } from '../io/timer-wheel.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeConnection, HttpContext } from './exchange-view.ts';
import { type H1Head, type HeadError, upgradeRequired } from './h1-head.ts';
import { H1Server, type H1ServerHost } from './h1-server.ts';
import { H2Server, type H2ServerHost } from './h2-server.ts';
import { FieldHeaders } from './headers.ts';
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
export class ConnectionManager implements H1ServerHost, H2ServerHost, ExchangeConnection, TimerOwner {
  readonly facts: ConnectionFacts;
  readonly chain: FilterChainPlan;
  readonly manager: HttpConnectionManagerPlan;
  readonly listenerName: string;
  readonly direction: ListenerPlan['direction'];
  #context: HttpContext;
  #observer: HttpConnectionObserver;
  #idleTimer: Timer | null = null;
  #drainTimer: Timer | null = null;
  #codec: H1Server | H2Server | null = null;

  constructor(
    context: HttpContext,
    observer: HttpConnectionObserver,
    place: { facts: ConnectionFacts; chain: FilterChainPlan; manager: HttpConnectionManagerPlan; listener: ListenerPlan },
  ) {
    this.#context = context;
    this.#observer = observer;
    this.facts = place.facts;
    this.chain = place.chain;
    this.manager = place.manager;
    this.listenerName = place.listener.name;
    this.direction = place.listener.direction;
  }

  /** Starts the codec; `isHttp2` as ALPN or the first bytes said. */
  serve(connection: Connection, isHttp2: boolean, isBridge: boolean): HttpConnection & { onData(bytes: Buffer, length: number): void } {
    const codec = isHttp2 ? new H2Server(connection, this, this.manager.http2, isBridge) : new H1Server(connection, this);
    this.#codec = codec;
    this.#armIdle();
    return codec;
  }

  onRequest(server: H1Server, head: H1Head, end: boolean): DownstreamEvents {
    this.#disarmIdle();
    if (this.#observer.isDraining) server.isDraining = true;
    const { http1 } = this.manager;
    if (head.minorVersion === 0 && !http1.acceptHttp10) return this.#refuse(server, upgradeRequired);
    const request: RequestHead = {
      method: head.method,
      path: head.target,
      authority: head.host ?? (head.minorVersion === 0 ? http1.defaultHostForHttp10 : ''),
      scheme: this.facts.isTls ? 'https' : 'http',
      upgrade: head.upgrade?.toLowerCase() === 'h2c' ? null : head.upgrade,
      headers: head.headers,
    };
    takeAbsoluteTarget(request);
    const isTunnel = request.upgrade !== null || request.method === 'CONNECT';
    if (isTunnel) server.startTunnel();
    const exchange = new Exchange(this.#context, this, server, request, end && !isTunnel);
    if (head.expectsContinue && !end) {
      request.headers.remove('expect');
      server.sendInformational(100, noHeaders);
    }
    this.#start(exchange, request);
    return exchange;
  }

  onBadRequest(server: H1Server, error: HeadError): void {
    this.#disarmIdle();
    this.#refuse(server, error);
  }

  #refuse(server: H1Server, error: HeadError): Exchange {
    const head: RequestHead = { method: '', path: '', authority: '', scheme: 'http', upgrade: null, headers: new FieldHeaders() };
    const exchange = new Exchange(this.#context, this, server, head, true);
    server.closeAfterResponse();
    exchange.reply({
      status: error.status,
      body: bodilessErrors.has(error.details) ? '' : statusBody(error.status),
      headers: [],
      flag: 'DPE',
      details: error.details,
      grpcStatus: null,
    });
    exchange.downstream.flush();
    return exchange;
  }

  onStreamRequest(stream: DownstreamStream, request: RequestHead, end: boolean): DownstreamEvents {
    this.#disarmIdle();
    if (this.#observer.isDraining) this.#announceDrain();
    const exchange = new Exchange(this.#context, this, stream, request, end);
    this.#start(exchange, request);
    return exchange;
  }

  onConnectionIdle(): void {
    this.#armIdle();
  }

  onConnectionClosed(): void {
    this.#disarmIdle();
    this.#drainTimer?.cancel();
    const codec = this.#codec;
    if (codec !== null) this.#observer.onHttpConnectionClosed(codec);
  }

  /** The connection was idle for too long, or its drain was announced long enough ago. */
  onTimer(): void {
    this.#codec?.drain();
  }

  /** An HTTP/2 client is told first, and refused no stream until it had time to hear of it. */
  #announceDrain(): void {
    if (!(this.#codec instanceof H2Server) || this.#drainTimer !== null) return;
    this.#codec.announceDrain();
    this.#drainTimer = this.#context.timers.schedule(this.manager.drainTimeoutMs, this, 'drain');
  }

  #start(exchange: Exchange, request: RequestHead): void {
    exchange.start(preparePrelude(request, this.manager, this.facts, this.#context.uuid));
  }

  #armIdle(): void {
    const { idleTimeoutMs } = this.manager.common;
    if (idleTimeoutMs > 0) this.#idleTimer = this.#context.timers.schedule(idleTimeoutMs, this, 'idle');
  }

  #disarmIdle(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
  }
}

const noHeaders = new FieldHeaders();

/** Refusals that Envoy answers without a body. */
const bodilessErrors = new Set(['missing_host_header', 'http1.connection_header_rejected']);

/** `GET http://host/path`: the URL wins over the Host header. */
function takeAbsoluteTarget(request: RequestHead): void {
  if (request.path.startsWith('/') || request.method === 'CONNECT') {
    if (request.method === 'CONNECT' && request.authority === '') request.authority = request.path;
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
