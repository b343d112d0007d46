const multiplier = 0xc6a4a7935bd1e995n;
const standardSeed = 0xc70f6907n;

/** MurmurHash2 (64 bit) with the seed of libstdc++'s `std::hash`: Envoy's `MURMUR_HASH_2` rings. */
export function murmurHash2(text: string, seed = standardSeed): bigint {
  const length = text.length;
  let hash = u64(seed ^ u64(BigInt(length) * multiplier));
  let at = 0;
  for (; at <= length - 8; at += 8) {
    let word = u64(bytes(text, at, 8) * multiplier);
    word = u64((word ^ (word >> 47n)) * multiplier);
    hash = u64((hash ^ word) * multiplier);
  }
  if (at < length) hash = u64((hash ^ bytes(text, at, length - at)) * multiplier);
  hash = u64((hash ^ (hash >> 47n)) * multiplier);
  return hash ^ (hash >> 47n);
}

function bytes(text: string, at: number, count: number): bigint {
  let word = 0n;
  for (let i = count - 1; i >= 0; i--) word = (word << 8n) | BigInt(text.charCodeAt(at + i) & 255);
  return word;
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
