import type { JwksSource } from '@weft/core/engine/verify-jwt';
import type { JSONWebKeySet } from 'jose';

/** Keys that stand in the configuration itself. Checks use no network, so keys at a URL cannot be had and their tokens fail. */
export const localKeys: JwksSource = async ({ jwks }) => {
  if (jwks.kind !== 'local' || jwks.source.kind !== 'inline') return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(jwks.source.bytes).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? (parsed as JSONWebKeySet) : null;
  } catch {
    return null;
  }
};
