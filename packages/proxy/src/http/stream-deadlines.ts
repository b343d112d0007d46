import type { RequestTimeouts } from '@weft/core/engine/decision';
import type { Timer, TimerOwner } from '../io/timer-wheel.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { type LocalReply, localReply } from './local-reply.ts';

/** What a deadline may do to its exchange. */
export interface TimedExchange extends ExchangeRecord {
  reply(reply: LocalReply): void;
  breakOff(): void;
}

/** Deadlines of a whole stream, whatever the upstream does: how long it may be idle, and how long it may last. */
export class StreamDeadlines implements TimerOwner {
  #exchange: TimedExchange;
  #idleTimer: Timer | null = null;
  #durationTimer: Timer | null = null;
  #requestTimer: Timer | null = null;
  #idleMs: number;
  #lastActivity: number;

  constructor(exchange: TimedExchange) {
    this.#exchange = exchange;
    this.#idleMs = exchange.origin.manager.streamIdleTimeoutMs;
    this.#lastActivity = exchange.startedMonotonic;
  }

  /** Begins with the connection manager's deadlines. */
  start(): void {
    const { context, origin, isRequestDone } = this.#exchange;
    if (this.#idleMs > 0) this.#idleTimer = context.timers.schedule(this.#idleMs, this, 'idle');
    const { requestTimeoutMs, common } = origin.manager;
    if (common.maxStreamDurationMs > 0) this.#durationTimer = context.timers.schedule(common.maxStreamDurationMs, this, 'maxDuration');
    if (requestTimeoutMs > 0 && !isRequestDone) this.#requestTimer = context.timers.schedule(requestTimeoutMs, this, 'request');
  }

  /** Takes the deadlines that the route leaves or sets, in milliseconds. `idleMs`: null leaves the connection manager's, 0 is none. */
  useRoute({ idleMs, maxStreamDurationMs }: RequestTimeouts): void {
    const { timers, now } = this.#exchange.context;
    this.#durationTimer?.cancel();
    if (maxStreamDurationMs !== null) {
      const left = maxStreamDurationMs - (now() - this.#exchange.startedMonotonic);
      this.#durationTimer = timers.schedule(Math.max(0, left), this, 'maxDuration');
    }
    if (idleMs === null) return;
    this.#idleMs = idleMs;
    this.#idleTimer?.cancel();
    this.#idleTimer = idleMs > 0 ? timers.schedule(idleMs, this, 'idle') : null;
  }

  /** Something moved, at this moment (monotonic milliseconds). */
  touch(now: number): void {
    this.#lastActivity = now;
  }

  /** The whole request is here. */
  onRequestDone(): void {
    this.#requestTimer?.cancel();
  }

  cancel(): void {
    this.#requestTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#durationTimer?.cancel();
  }

  onTimer(kind: string): void {
    if (this.#exchange.isDone) return;
    if (kind === 'idle') this.#onIdle();
    else if (kind === 'request') this.#exchange.reply(localReply(408, 'request timeout', '', 'request_overall_timeout'));
    else this.#onMaxDuration();
  }

  #onIdle(): void {
    const exchange = this.#exchange;
    const idle = exchange.context.now() - this.#lastActivity;
    if (idle < this.#idleMs) {
      this.#idleTimer = exchange.context.timers.schedule(this.#idleMs - idle, this, 'idle');
      return;
    }
    if (exchange.hasSentHead) {
      exchange.flag('SI');
      exchange.details = 'stream_idle_timeout';
      exchange.breakOff();
    } else exchange.reply(localReply(timeoutStatus(exchange), 'stream timeout', 'SI', 'stream_idle_timeout'));
  }

  #onMaxDuration(): void {
    const exchange = this.#exchange;
    if (exchange.hasSentHead) {
      exchange.details = 'max_duration_timeout';
      exchange.breakOff();
    } else {
      const reply = localReply(timeoutStatus(exchange), 'downstream duration timeout', '', 'max_duration_timeout');
      exchange.reply({ ...reply, grpcStatus: deadlineExceeded });
    }
  }
}

const deadlineExceeded = 4;

/** Who took too long: the client with its request, or who should answer it. */
function timeoutStatus(exchange: ExchangeRecord): number {
  return exchange.isRequestDone ? 504 : 408;
}
