import type { TraceContext } from './trace-context.ts';

/** A piece of work in a trace. */
export interface Span {
  readonly context: TraceContext;
  readonly kind: 'server' | 'client';
  name: string;
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  endedAt: number;
  /** In the order they were set; a tag set again has its last value. */
  readonly tags: Map<string, string>;
  /** Zipkin's: the caller's span is continued instead of a new one begun. */
  readonly isShared: boolean;
}

/** Takes finished spans to where they are collected. */
export interface SpanExporter {
  export(span: Span): void;
  close(): void;
}
