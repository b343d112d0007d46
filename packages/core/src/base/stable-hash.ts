/**
 * A hash of plain data, 26 characters of base 36: equal for equal values whatever the order of object keys; fields that are `undefined` count as absent.
 * For cache keys, not for cryptography: it is fast, and 128 bits wide so that different values do not meet by chance.
 */
export function stableHash(value: unknown): string {
  return hashText(stableText(value));
}

/** Plain data as JSON with sorted keys: the same text for the same value. */
export function stableText(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(stableText).join(',')}]`;
  if (value instanceof Map) return stableText([...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  if (value instanceof Set) return stableText([...value].map(String).sort());
  const fields: string[] = [];
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record).sort()) {
    const field = record[key];
    if (field !== undefined && typeof field !== 'function') fields.push(`${JSON.stringify(key)}:${stableText(field)}`);
  }
  return `{${fields.join(',')}}`;
}

/** The hash of a text, for callers that write one which says all: two lanes of cyrb53-style mixing with different seeds, in one pass. */
export function hashText(text: string): string {
  let high = 0xdeadbeef ^ firstSeed;
  let low = 0x41c6ce57 ^ firstSeed;
  let otherHigh = 0xdeadbeef ^ secondSeed;
  let otherLow = 0x41c6ce57 ^ secondSeed;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
    otherHigh = Math.imul(otherHigh ^ code, 2654435761);
    otherLow = Math.imul(otherLow ^ code, 1597334677);
  }
  return finished(high, low) + finished(otherHigh, otherLow);
}

const firstSeed = 0x9e3779b9;
const secondSeed = 0x85ebca6b;

/** 64 bits as 13 characters. */
function finished(mixedHigh: number, mixedLow: number): string {
  const high = Math.imul(mixedHigh ^ (mixedHigh >>> 16), 2246822507) ^ Math.imul(mixedLow ^ (mixedLow >>> 13), 3266489909);
  const low = Math.imul(mixedLow ^ (mixedLow >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString(36).padStart(13, '0');
}
