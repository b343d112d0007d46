/** Times to live of resources: each is removed unless it is told again in time. */
export class Expiry {
  #timers: Map<string, NodeJS.Timeout> = new Map();
  #limitsMs: Map<string, number> = new Map();
  #onExpired: (name: string) => void;

  constructor(onExpired: (name: string) => void) {
    this.#onExpired = onExpired;
  }

  /** Starts a resource's time again; 0 lets it live for ever. */
  set(name: string, ttlMs: number): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    this.#limitsMs.set(name, ttlMs);
    if (ttlMs === 0) {
      this.#limitsMs.delete(name);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      this.#limitsMs.delete(name);
      this.#onExpired(name);
    }, ttlMs);
    timer.unref();
    this.#timers.set(name, timer);
  }

  /** The resource was told to live on, for the given time or as long as before. */
  renew(name: string, ttlMs: number): void {
    this.set(name, ttlMs > 0 ? ttlMs : (this.#limitsMs.get(name) ?? 0));
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#limitsMs.clear();
  }
}
