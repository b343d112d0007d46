import { randomFillSync } from 'node:crypto';

const pool = Buffer.allocUnsafeSlow(16 * 256);
let at = pool.length;
const hex: string[] = [];
for (let i = 0; i < 256; i++) hex.push((i + 256).toString(16).slice(1));

/** A random UUID (version 4), drawn from a pool of random bytes that is filled now and then. */
export function fastUuid(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const p = at;
  at += 16;
  const byte = (i: number): string => hex[pool[p + i] ?? 0] ?? '00';
  const version = hex[((pool[p + 6] ?? 0) & 15) | 64] ?? '40';
  const variant = hex[((pool[p + 8] ?? 0) & 63) | 128] ?? '80';
  return `${byte(0)}${byte(1)}${byte(2)}${byte(3)}-${byte(4)}${byte(5)}-${version}${byte(7)}-${variant}${byte(9)}-${byte(10)}${byte(11)}${byte(12)}${byte(13)}${byte(14)}${byte(15)}`;
}
