import type { RequestTimeouts } from '@weft/core/engine/decision';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';

/** What missed deadlines are told to. */
export interface TimedRouter {
  /** The whole answer took too long. */
  onResponseTimeout(): void;
  /** A try took too long, or was silent for too long. */
  onTryTimeout(isIdle: boolean): void;
  /** A try lasted longer than its cluster lets one. */
  onTryDuration(): void;
}

/** Deadlines of a forwarded request: for its answer, for each try, and for a try's silence. */
export class TryTimers implements TimerOwner {
  #router: TimedRouter;
  #wheel: TimerWheel;
  #timeouts: RequestTimeouts;
  #response: Timer | null = null;
  #perTry: Timer | null = null;
  #perTryIdle: Timer | null = null;
  #isRequestDone = false;
  readonly #maxTryMs: number;
  #tryEnd: Timer | null = null;
  #isTrying = false;
  #lastActivity = 0;

  /** `maxTryMs`: the longest that a try may last, 0 for any. */
  constructor(router: TimedRouter, wheel: TimerWheel, timeouts: RequestTimeouts, maxTryMs: number) {
    this.#maxTryMs = maxTryMs;
    this.#router = router;
    this.#wheel = wheel;
    this.#timeouts = timeouts;
  }

  /** The whole request is here: from now on the answer is waited for. */
  onRequestDone(): void {
    if (this.#isRequestDone) return;
    this.#isRequestDone = true;
    const { routeMs } = this.#timeouts;
    if (routeMs > 0) this.#response = this.#wheel.schedule(routeMs, this, 'response');
    if (this.#isTrying) this.#startTry();
  }

  /** A try begins. As Envoy: its deadlines count from when the whole request is here. */
  beginTry(): void {
    this.#isTrying = true;
    if (this.#isRequestDone) this.#startTry();
    if (this.#maxTryMs > 0) this.#tryEnd = this.#wheel.schedule(this.#maxTryMs, this, 'tryEnd');
  }

  /** Something moved between this proxy and the upstream. */
  touch(): void {
    if (this.#timeouts.perTryIdleMs !== null) this.#lastActivity = this.#wheel.now();
  }

  /** The answer has begun. */
  onResponseHead(): void {
    this.#perTry?.cancel();
    this.#isTrying = false;
    this.touch();
  }

  /** The try is over. */
  endTry(): void {
    this.#isTrying = false;
    this.#tryEnd?.cancel();
    this.#perTry?.cancel();
    this.#perTryIdle?.cancel();
  }

  end(): void {
    this.#response?.cancel();
    this.endTry();
  }

  onTimer(kind: string): void {
    if (kind === 'response') this.#router.onResponseTimeout();
    else if (kind === 'tryEnd') this.#router.onTryDuration();
    else if (kind === 'perTry') this.#router.onTryTimeout(false);
    else this.#onSilence();
  }

  #startTry(): void {
    const { perTryMs, perTryIdleMs } = this.#timeouts;
    if (perTryMs !== null && perTryMs > 0) this.#perTry = this.#wheel.schedule(perTryMs, this, 'perTry');
    if (perTryIdleMs === null) return;
    this.touch();
    this.#perTryIdle = this.#wheel.schedule(perTryIdleMs, this, 'perTryIdle');
  }

  #onSilence(): void {
    const left = (this.#timeouts.perTryIdleMs ?? 0) - (this.#wheel.now() - this.#lastActivity);
    if (left > 0) this.#perTryIdle = this.#wheel.schedule(left, this, 'perTryIdle');
    else this.#router.onTryTimeout(true);
  }
}
