/** Wakes everybody who waits; wakes that come while one is busy are taken together. */
export class Pulse {
  private waiting = new Set<() => void>();

  beat(): void {
    const woken = this.waiting;
    this.waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Yields after each beat, at most once per `minIntervalMs`, until `signal` aborts. */
  async *beats(signal: AbortSignal, minIntervalMs: number): AsyncGenerator<void> {
    while (!signal.aborted) {
      await this.next(signal);
      if (signal.aborted) return;
      yield;
      await pause(minIntervalMs, signal);
    }
  }

  private next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
