import { hashText } from '../base/stable-hash.ts';

/**
 * The value with `hash`, a fingerprint of everything in it. Values are made with their fields in a fixed order, so their JSON is as good as a sorted form, and
 * much cheaper.
 */
export function withHash<T extends object>(value: T): T & { readonly hash: string } {
  return { ...value, hash: hashText(JSON.stringify(value)) };
}
