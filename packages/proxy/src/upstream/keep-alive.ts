const leastKnownMs = 300;
const forgetAfterMs = 10 * 60_000;

/**
 * How long a host leaves idle connections open, learned from what it announces (`Keep-Alive: timeout=`) and from when it closes them, so that
 * they are closed here first: a request written while the other side closes would be lost.
 */
export class KeepAlive {
  #knownMs = Number.POSITIVE_INFINITY;
  #learnedAt = 0;
  #lastIdleMs = 0;

  get isKnown(): boolean {
    return this.#knownMs !== Number.POSITIVE_INFINITY;
  }

  /** Milliseconds that a connection may be idle and still be used. */
  safeIdleMs(now: number): number {
    const known = this.#knownMs;
    if (known === Number.POSITIVE_INFINITY) return known;
    if (now - this.#learnedAt > forgetAfterMs) {
      this.#knownMs = Number.POSITIVE_INFINITY;
      return this.#knownMs;
    }
    return known - Math.min(1000, known / 5);
  }

  /** What the host said; 0 when it said nothing. */
  onAnnounced(timeoutMs: number, now: number): void {
    if (timeoutMs < leastKnownMs) return;
    this.#knownMs = timeoutMs;
    this.#learnedAt = now;
  }

  /** The host closed a connection after it was idle for so long. Two that agree are a rule; one alone may be a restart. */
  onClosedIdle(idleMs: number, now: number): void {
    const last = this.#lastIdleMs;
    this.#lastIdleMs = idleMs;
    if (idleMs < leastKnownMs || Math.abs(idleMs - last) > last / 10) return;
    this.#knownMs = Math.min(idleMs, last);
    this.#learnedAt = now;
  }
}
