const p1 = 0x9e3779b185ebca87n;
const p2 = 0xc2b2ae3d27d4eb4fn;
const p3 = 0x165667b19e3779f9n;
const p4 = 0x85ebca77c2b2ae63n;
const p5 = 0x27d4eb2f165667c5n;

/** xxHash64 of a text's Latin-1 bytes, the hash of Envoy's rings, tables and hash policies. https://xxhash.com */
export function xxHash64(text: string, seed = 0n): bigint {
  const length = text.length;
  let at = 0;
  let hash: bigint;
  if (length >= 32) {
    const lanes = [u64(seed + p1 + p2), u64(seed + p2), u64(seed), u64(seed - p1)];
    for (; at <= length - 32; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane] ?? 0n, word64(text, at + 8 * lane));
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = u64(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * p1 + p4);
  } else hash = u64(seed + p5);
  return finish(text, at, u64(hash + BigInt(length)));
}

function finish(text: string, from: number, start: bigint): bigint {
  let hash = start;
  let at = from;
  for (; at <= text.length - 8; at += 8) hash = u64(rotate(hash ^ round(0n, word64(text, at)), 27n) * p1 + p4);
  if (at <= text.length - 4) {
    hash = u64(rotate(hash ^ u64(BigInt(word32(text, at)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < text.length; at++) hash = u64(rotate(hash ^ u64(BigInt(text.charCodeAt(at) & 255) * p5), 11n) * p1);
  hash = u64((hash ^ (hash >> 33n)) * p2);
  hash = u64((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return u64(rotate(u64(lane + input * p2), 31n) * p1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return u64(value << bits) | (value >> (64n - bits));
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function word32(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) & 255) |
      ((text.charCodeAt(at + 1) & 255) << 8) |
      ((text.charCodeAt(at + 2) & 255) << 16) |
      ((text.charCodeAt(at + 3) & 255) << 24)) >>>
    0
  );
}

function word64(text: string, at: number): bigint {
  return BigInt(word32(text, at)) | (BigInt(word32(text, at + 4)) << 32n);
}
