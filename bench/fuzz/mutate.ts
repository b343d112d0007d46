import type { MersenneTwister } from '@weft/core/engine/mersenne-twister';

const interesting: readonly number[] = [0, 1, 9, 10, 13, 32, 34, 44, 47, 58, 59, 61, 65, 97, 48, 57, 127, 128, 192, 254, 255];
const maxChanges = 6;
const maxBytes = 32_768;

/** A form of the input that differs in a few places; `others` are spliced in, `words` are pieces that mean something to the parser. */
export function mutate(
  input: Buffer,
  random: MersenneTwister,
  { others, words }: { others: readonly Buffer[]; words: readonly Buffer[] },
): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let change = random.below(maxChanges) + 1; change > 0; change--) bytes = changeOnce(bytes, random, { others, words });
  return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
}

function changeOnce(
  bytes: Buffer,
  random: MersenneTwister,
  { others, words }: { others: readonly Buffer[]; words: readonly Buffer[] },
): Buffer {
  const at = random.below(bytes.length + 1);
  const span = Math.min(bytes.length - at, random.below(random.below(4) === 0 ? 64 : 5));
  const spliced = (put: Buffer, cut: number): Buffer => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
  switch (random.below(9)) {
    case 0:
      return spliced(Buffer.from([random.below(256)]), 1);
    case 1:
      return spliced(Buffer.from([interesting[random.below(interesting.length)] ?? 0]), random.below(2));
    case 2:
      return spliced(Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]), 1);
    case 3:
      return spliced(Buffer.alloc(0), span);
    case 4:
      return spliced(Buffer.from(bytes.subarray(at, at + span)), 0);
    case 5:
    case 6:
      return words.length === 0 ? bytes : spliced(words[random.below(words.length)] ?? bytes, random.below(2) * span);
    case 7: {
      const other = others[random.below(others.length)] ?? bytes;
      const from = random.below(other.length + 1);
      return spliced(other.subarray(from, from + random.below(other.length - from + 1)), span);
    }
    default:
      return repeated(bytes, at, span, random);
  }
}

/** What is there, many times over: limits are met so. */
function repeated(bytes: Buffer, at: number, span: number, random: MersenneTwister): Buffer {
  const part = bytes.subarray(at, at + span);
  return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: random.below(40) }, () => part), bytes.subarray(at)]);
}
