import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';
import type { ManagerStats } from './exchange-view.ts';
import type { HeadError } from './h1-head.ts';

/** A codec as far as its connection's deadlines are concerned. */
export interface TimedCodec {
  readonly isIdle: boolean;
  /** Whether anything came from the client yet. */
  readonly hasReceived: boolean;
  /** Asks the client to leave; requests that come all the same are served. */
  announceDrain(): void;
  /** No further request after the ones under way. */
  drain(): void;
}

/** A server whose head is waited for. */
export interface WaitingServer {
  giveUpHead(error: HeadError): void;
}

/** Deadlines of a downstream connection: idle, oldest age, and how long a request's head may take. */
export class ConnectionTimers implements TimerOwner {
  #wheel: TimerWheel;
  #plan: HttpConnectionManagerPlan;
  #stats: ManagerStats;
  #codec: TimedCodec | null = null;
  #server: WaitingServer | null = null;
  #idleTimer: Timer | null = null;
  #ageTimer: Timer | null = null;
  #drainTimer: Timer | null = null;
  #headTimer: Timer | null = null;

  constructor(wheel: TimerWheel, plan: HttpConnectionManagerPlan, stats: ManagerStats) {
    this.#stats = stats;
    this.#wheel = wheel;
    this.#plan = plan;
  }

  start(codec: TimedCodec): void {
    this.#codec = codec;
    const { maxConnectionDurationMs } = this.#plan.common;
    if (maxConnectionDurationMs > 0) this.#ageTimer = this.#wheel.schedule(maxConnectionDurationMs, this, 'age');
    this.onIdle();
  }

  /** No request is under way. */
  onIdle(): void {
    const { idleTimeoutMs } = this.#plan.common;
    this.#idleTimer?.cancel();
    if (idleTimeoutMs > 0) this.#idleTimer = this.#wheel.schedule(idleTimeoutMs, this, 'idle');
  }

  /** A request is under way. */
  onRequest(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
    this.#headTimer?.cancel();
    this.#headTimer = null;
  }

  /** A head has begun: it may take as long as the shortest of the deadlines that bear on it. */
  onHeadBegun(server: WaitingServer): void {
    this.onRequest();
    this.#server = server;
    const { requestHeadersTimeoutMs, requestTimeoutMs, streamIdleTimeoutMs } = this.#plan;
    let kind = '';
    let wait = Number.POSITIVE_INFINITY;
    for (const [name, ms] of [
      ['head', requestHeadersTimeoutMs],
      ['request', requestTimeoutMs],
      ['stream', streamIdleTimeoutMs],
    ] as const) {
      if (ms <= 0 || ms >= wait) continue;
      kind = name;
      wait = ms;
    }
    if (kind !== '') this.#headTimer = this.#wheel.schedule(wait, this, kind);
  }

  /** The connection is over. */
  end(): void {
    this.onRequest();
    this.#ageTimer?.cancel();
    this.#drainTimer?.cancel();
  }

  onTimer(kind: string): void {
    const error = headErrors.get(kind);
    if (error !== undefined) this.#server?.giveUpHead(error);
    else if (kind === 'drain') this.#codec?.drain();
    else this.#onTooLong(kind);
  }

  /** The connection was idle, or is there, for too long. */
  #onTooLong(kind: string): void {
    this.#stats.count(kind === 'idle' ? 'downstream_cx_idle_timeout' : 'downstream_cx_max_duration_reached');
    if (this.#codec?.hasReceived === false) this.#codec.drain();
    else this.startDrain();
  }

  /** As Envoy: clients get the drain time to see that they should leave before the connection closes under them. False where it runs already. */
  startDrain(): boolean {
    if (this.#drainTimer !== null) return false;
    this.#codec?.announceDrain();
    this.#drainTimer = this.#wheel.schedule(this.#plan.drainTimeoutMs, this, 'drain');
    return true;
  }
}

const headErrors: ReadonlyMap<string, HeadError> = new Map([
  ['head', { status: 408, details: 'request_header_timeout', body: 'request header timeout', flag: '' }],
  ['request', { status: 408, details: 'request_overall_timeout', body: 'request timeout', flag: '' }],
  ['stream', { status: 408, details: 'stream_idle_timeout', body: 'stream timeout', flag: 'SI' }],
]);
