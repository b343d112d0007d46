import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';

/** The connection that is kept alive. */
export interface KeptConnection {
  sendPing(): void;
  /** The peer does not answer. */
  onKeepaliveTimeout(): void;
}

type KeepaliveOptions = NonNullable<Http2OptionsPlan['keepalive']>;

/** Finds out by PING whether a peer is still there, as Envoy's `connection_keepalive`: at intervals, and when a stream begins after a long silence. */
export class H2Keepalive implements TimerOwner {
  #connection: KeptConnection;
  #options: KeepaliveOptions;
  #wheel: TimerWheel;
  #random: () => number;
  #timer: Timer | null = null;
  #isWaiting = false;
  #lastReceived: number;

  constructor(connection: KeptConnection, options: KeepaliveOptions, wheel: TimerWheel, random: () => number) {
    this.#connection = connection;
    this.#options = options;
    this.#wheel = wheel;
    this.#random = random;
    this.#lastReceived = wheel.now();
    this.#scheduleNext();
  }

  /** Anything that comes while an answer is due shows that the peer is there, so it is given its time anew. */
  onReceived(): void {
    this.#lastReceived = this.#wheel.now();
    if (!this.#isWaiting) return;
    this.#timer?.cancel();
    this.#timer = this.#wheel.schedule(this.#options.timeoutMs, this, 'keepalive timeout');
  }

  onPong(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#timer?.cancel();
    this.#scheduleNext();
  }

  /** A stream begins. */
  onStream(): void {
    const { idleIntervalMs } = this.#options;
    if (idleIntervalMs === null || this.#isWaiting || this.#wheel.now() - this.#lastReceived < idleIntervalMs) return;
    this.#timer?.cancel();
    this.#ping();
  }

  end(): void {
    this.#timer?.cancel();
  }

  onTimer(): void {
    if (this.#isWaiting) this.#connection.onKeepaliveTimeout();
    else this.#ping();
  }

  #ping(): void {
    this.#isWaiting = true;
    this.#connection.sendPing();
    this.#timer = this.#wheel.schedule(this.#options.timeoutMs, this, 'keepalive timeout');
  }

  /** Jitter only ever adds. */
  #scheduleNext(): void {
    const { intervalMs, jitterPercent } = this.#options;
    if (intervalMs <= 0) return;
    this.#timer = this.#wheel.schedule(intervalMs * (1 + (this.#random() * jitterPercent) / 100), this, 'keepalive');
  }
}
