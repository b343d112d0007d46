import type { Fraction } from '@weft/core/plan/matcher';
import type { TracingPlan, TracingSamplingPlan } from '@weft/core/plan/tracing-plan';
import type { ExchangeView } from '../http/exchange-view.ts';

/** Why a request is traced; null when it is not. */
export type TraceReason = 'sampling' | 'service' | 'client';

/** What the 14th character of a UUID says, beside `4` for an untraced one. */
const digitByReason: Readonly<Record<TraceReason, string>> = { sampling: '9', service: 'a', client: 'b' };
const reasonByDigit: Readonly<Record<string, TraceReason>> = { '9': 'sampling', a: 'service', b: 'client' };
const digitAt = 14;
const uuidLength = 36;
const million = 1_000_000;

/**
 * Whether a request is traced, as Envoy decides it: a decision that came with `x-request-id` is kept, and one that is made here is written
 * into it; sampling compares the id's first digits, so every proxy that samples the same share picks the same requests.
 */
export function decideTrace(exchange: ExchangeView, plan: TracingPlan, route: TracingSamplingPlan | null): TraceReason | null {
  const { manager } = exchange.origin;
  if (!manager.useRequestIdForTraceSampling) return 'sampling';
  const id = exchange.header('x-request-id') ?? '';
  const number = Number.parseInt(id.slice(0, 8), 16);
  if (id.length !== uuidLength || Number.isNaN(number)) return null;
  const share = ((number % 10_000) / 10_000) * million;
  let reason = reasonByDigit[id[digitAt] ?? ''] ?? null;
  const known = reason;
  if (reason === null) {
    if (exchange.header('x-client-trace-id') !== undefined && draws(route?.client ?? plan.client, exchange)) reason = 'client';
    else if (exchange.header('x-envoy-force-trace') !== undefined) reason = 'service';
    else if (isBelow(route?.random ?? plan.random, share)) reason = 'sampling';
  }
  if (reason !== null && !isBelow(route?.overall ?? plan.overall, share)) reason = null;
  if (reason !== known && manager.packTraceReason) {
    const digit = reason === null ? '4' : digitByReason[reason];
    exchange.head.headers.set('x-request-id', id.slice(0, digitAt) + digit + id.slice(digitAt + 1));
  }
  return reason;
}

function isBelow(fraction: Fraction | null, share: number): boolean {
  return fraction === null || share < fraction.perMillion;
}

function draws(fraction: Fraction | null, exchange: ExchangeView): boolean {
  return fraction === null || exchange.context.random() * million < fraction.perMillion;
}
