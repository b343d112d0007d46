import type { Timer, TimerOwner } from '../io/timer-wheel.ts';
import { networkStatsPlan } from '../telemetry/stats-plans.ts';
import type { TcpProxyStats } from '../telemetry/tcp-stats.ts';
import type { TcpProxyContext } from './tcp-context.ts';
import type { TcpPlace } from './tcp-record.ts';

/** What the timers of a connection tell it. */
export interface TcpTimerEvents {
  /** It is time to report how many bytes were moved. */
  onReportDue(): void;
  /** It was idle for too long, or has lasted for too long. */
  onTimeout(): void;
}

/** The timers of one proxied connection; the reports begin at once, the others with `start`. */
export class TcpTimers implements TimerOwner {
  /** When bytes were last moved. */
  lastActivity: number;
  readonly #place: TcpPlace;
  readonly #context: TcpProxyContext;
  readonly #stats: TcpProxyStats;
  readonly #events: TcpTimerEvents;
  readonly #reportEveryMs: number;
  #idle: Timer | null = null;
  #duration: Timer | null = null;
  #report: Timer | null = null;

  constructor(place: TcpPlace, context: TcpProxyContext, stats: TcpProxyStats, events: TcpTimerEvents) {
    this.#place = place;
    this.#context = context;
    this.#stats = stats;
    this.#events = events;
    this.lastActivity = context.now();
    this.#reportEveryMs = networkStatsPlan(place.chain)?.reportingIntervalMs ?? 0;
    if (this.#reportEveryMs > 0) this.#report = context.timers.schedule(this.#reportEveryMs, this, 'report');
  }

  start(): void {
    const { idleTimeoutMs, maxConnectionDurationMs } = this.#place.tcp;
    if (idleTimeoutMs > 0) this.#idle = this.#context.timers.schedule(idleTimeoutMs, this, 'idle');
    if (maxConnectionDurationMs !== null) this.#duration = this.#context.timers.schedule(maxConnectionDurationMs, this, 'maxDuration');
  }

  stop(): void {
    this.#idle?.cancel();
    this.#duration?.cancel();
    this.#report?.cancel();
  }

  onTimer(kind: string): void {
    if (kind === 'report') {
      this.#events.onReportDue();
      this.#report = this.#context.timers.schedule(this.#reportEveryMs, this, 'report');
    } else if (kind === 'maxDuration') {
      this.#stats.count('max_downstream_connection_duration');
      this.#events.onTimeout();
    } else this.#onIdle();
  }

  #onIdle(): void {
    const idle = this.#context.now() - this.lastActivity;
    const { idleTimeoutMs } = this.#place.tcp;
    if (idle >= idleTimeoutMs) {
      this.#stats.count('idle_timeout');
      this.#events.onTimeout();
    } else this.#idle = this.#context.timers.schedule(idleTimeoutMs - idle, this, 'idle');
  }
}
