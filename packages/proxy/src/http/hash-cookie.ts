import type { HashCookie } from '@weft/core/engine/request-hash';

/** The `set-cookie` value that brings a client back to the host which its hash chose. */
export function formatHashCookie({ name, value, ttlMs, path, attributes }: HashCookie): string {
  const age = ttlMs === null ? '' : `; Max-Age=${Math.floor(ttlMs / 1000)}`;
  const where = path === '' ? '' : `; Path=${path}`;
  const more = attributes.map(([key, text]) => (text === '' ? `; ${key}` : `; ${key}=${text}`)).join('');
  return `${name}="${value}"${age}${where}${more}; HttpOnly`;
}
