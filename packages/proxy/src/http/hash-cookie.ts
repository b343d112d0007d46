import { connectionHash, type HashCookie, requestHash } from '@weft/core/engine/request-hash';
import type { HashPolicyPlan } from '@weft/core/plan/route-plan';
import type { ExchangeRecord } from './exchange-record.ts';

/** The `set-cookie` value that brings a client back to the host which its hash chose. */
function formatHashCookie({ name, value, ttlMs, path, attributes }: HashCookie): string {
  const age = ttlMs === null ? '' : `; Max-Age=${Math.floor(ttlMs / 1000)}`;
  const where = path === '' ? '' : `; Path=${path}`;
  const more = attributes.map(([key, text]) => (text === '' ? `; ${key}` : `; ${key}=${text}`)).join('');
  return `${name}="${value}"${age}${where}${more}; HttpOnly`;
}

/** The hash of a request by its route's policies, null without; a cookie that they want is noted for the response. */
export function hashExchange(exchange: ExchangeRecord, policies: readonly HashPolicyPlan[]): bigint | null {
  const { hash, cookie } = requestHash(policies, exchange, () => connectionHash(exchange.connection));
  if (cookie !== null) exchange.stickyCookie = formatHashCookie(cookie);
  return hash;
}
