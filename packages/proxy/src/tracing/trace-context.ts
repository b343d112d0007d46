import { randomFillSync } from 'node:crypto';
import type { Headers } from '../http/headers.ts';

/** Identity of a span as it travels: lower-case hex ids, 16 digits for spans, 16 or 32 for traces. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** `''` for the first span of a trace. */
  readonly parentId: string;
  readonly isSampled: boolean;
  /** W3C `tracestate`, passed on as it came. */
  readonly state: string;
}

/** How contexts are read from requests and written to them. */
export interface Propagation {
  /** The context a request brought, `none`, or `broken` where it cannot be read: such a request is not traced. */
  extract(headers: Headers, wantsSampling: boolean): TraceContext | 'none' | 'broken';
  /** Whether a trace that starts here is sampled; B3 may say so without a context. */
  samples(headers: Headers, wantsSampling: boolean): boolean;
  inject(headers: Headers, context: TraceContext): void;
}

const traceparentForm = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/i;
const zeros = /^0+$/;

/** https://www.w3.org/TR/trace-context/ */
export const w3cPropagation: Propagation = {
  extract: (headers) => {
    const text = headers.get('traceparent');
    return text === undefined ? 'none' : readTraceparent(text, headers.get('tracestate') ?? '');
  },
  samples: (_headers, wantsSampling) => wantsSampling,
  inject: (headers, context) => {
    headers.set('traceparent', traceparentOf(context));
    headers.set('tracestate', context.state);
  },
};

/** https://github.com/openzipkin/b3-propagation, several headers or the single one, answered in the form that came; with W3C also beside it. */
export function b3Propagation(withW3c: boolean): Propagation {
  return {
    extract: (headers, wantsSampling) => {
      const single = headers.get('b3');
      const isSampled = b3Samples(headers, wantsSampling);
      if (single !== undefined) return readSingleB3(single, isSampled);
      const traceId = headers.get('x-b3-traceid');
      const spanId = headers.get('x-b3-spanid');
      if (traceId !== undefined && spanId !== undefined)
        return contextOf(traceId, spanId, headers.get('x-b3-parentspanid') ?? '', isSampled);
      const traceparent = withW3c ? headers.get('traceparent') : undefined;
      return traceparent === undefined ? 'none' : readTraceparent(traceparent, headers.get('tracestate') ?? '');
    },
    samples: b3Samples,
    inject: (headers, context) => {
      injectB3(headers, context);
      if (withW3c) headers.set('traceparent', traceparentOf(context));
    },
  };
}

function injectB3(headers: Headers, { traceId, spanId, parentId, isSampled }: TraceContext): void {
  const sampled = isSampled ? '1' : '0';
  if (headers.get('b3') !== undefined) {
    headers.set('b3', parentId === '' ? `${traceId}-${spanId}-${sampled}` : `${traceId}-${spanId}-${sampled}-${parentId}`);
    return;
  }
  headers.set('x-b3-traceid', traceId);
  headers.set('x-b3-spanid', spanId);
  if (parentId !== '') headers.set('x-b3-parentspanid', parentId);
  headers.set('x-b3-sampled', sampled);
}

function readTraceparent(text: string, state: string): TraceContext | 'broken' {
  const found = traceparentForm.exec(text);
  if (found === null) return 'broken';
  const [, traceId = '', spanId = '', flags = ''] = found;
  if (zeros.test(traceId) || zeros.test(spanId)) return 'broken';
  return {
    traceId: traceId.toLowerCase(),
    spanId: spanId.toLowerCase(),
    parentId: '',
    isSampled: (Number.parseInt(flags, 16) & 1) === 1,
    state,
  };
}

function traceparentOf({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId.padStart(32, '0')}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** Where the flag stands in `b3`, by the length of the whole. */
const flagAt: Readonly<Record<number, number>> = { 1: 0, 35: 34, 51: 50, 52: 34, 68: 50 };

function b3Samples(headers: Headers, wantsSampling: boolean): boolean {
  const single = headers.get('b3');
  if (single !== undefined) {
    const flag = single[flagAt[single.length] ?? -1];
    return flag === '1' || flag === 'd' ? true : flag === '0' ? false : wantsSampling;
  }
  const sampled = headers.get('x-b3-sampled');
  return sampled === undefined ? wantsSampling : sampled === '1' || sampled === 'true';
}

function readSingleB3(text: string, isSampled: boolean): TraceContext | 'none' | 'broken' {
  if (text.length === 1) return 'none';
  const found = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-[01d](?:-([0-9a-f]{16}))?)?$/i.exec(text);
  if (found === null) return 'broken';
  return contextOf(found[1] ?? '', found[2] ?? '', found[3] ?? '', isSampled);
}

function contextOf(traceId: string, spanId: string, parentId: string, isSampled: boolean): TraceContext | 'broken' {
  const isHex = (text: string, lengths: readonly number[]): boolean => lengths.includes(text.length) && /^[0-9a-f]+$/i.test(text);
  if (!isHex(traceId, [16, 32]) || !isHex(spanId, [16]) || (parentId !== '' && !isHex(parentId, [16]))) return 'broken';
  return { traceId: traceId.toLowerCase(), spanId: spanId.toLowerCase(), parentId: parentId.toLowerCase(), isSampled, state: '' };
}

const pool = Buffer.allocUnsafeSlow(8 * 512);
let at = pool.length;

/** A random id of 16 hex digits, never all zeros. */
export function randomId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const id = pool.toString('hex', at, at + 8);
  at += 8;
  return id === '0000000000000000' ? randomId() : id;
}
