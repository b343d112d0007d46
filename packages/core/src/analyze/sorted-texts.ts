/** A text from its end to its beginning: what ends alike begins alike backwards, and so stands together when sorted. */
export function backwards(text: string): string {
  return [...text].reverse().join('');
}

/** The place in a sorted list of the first item that does not come before a text. */
export function firstNotBefore<T>(sorted: readonly T[], text: string, textOf: (item: T) => string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && textOf(item) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A test whether one of some texts begins with another. */
export function createPrefixTest(texts: readonly string[]): (prefix: string) => boolean {
  const sorted = [...texts].sort();
  return (prefix) => sorted[firstNotBefore(sorted, prefix, (text) => text)]?.startsWith(prefix) ?? false;
}
