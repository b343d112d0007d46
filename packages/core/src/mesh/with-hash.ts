import { stableHash } from '../base/stable-hash.ts';

/** The value with `hash`, a fingerprint of everything in it. */
export function withHash<T extends object>(value: T): T & { readonly hash: string } {
  return { ...value, hash: stableHash(value) };
}
