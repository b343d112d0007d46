import type { Span } from './span.ts';

/** Most spans held while a collector is slow: what comes beyond is dropped rather than kept. */
const maxHeld = 4096;

/** Collects spans and hands them on when there are enough or the oldest has waited long enough. */
export class SpanBatch {
  #spans: Span[] = [];
  #timer: NodeJS.Timeout | null = null;
  #intervalMs: number;
  #maxSpans: number;
  #flush: (spans: readonly Span[]) => void;

  constructor(limits: { readonly intervalMs: number; readonly maxSpans: number }, flush: (spans: readonly Span[]) => void) {
    this.#intervalMs = limits.intervalMs;
    this.#maxSpans = limits.maxSpans;
    this.#flush = flush;
  }

  add(span: Span): void {
    if (this.#spans.length < maxHeld) this.#spans.push(span);
    if (this.#spans.length >= this.#maxSpans) {
      this.flush();
      return;
    }
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => this.flush(), this.#intervalMs);
    this.#timer.unref();
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#spans.length === 0) return;
    const spans = this.#spans;
    this.#spans = [];
    this.#flush(spans);
  }
}
