/** One sample line of the Prometheus text format. */
export interface Sample {
  /** Metric name and labels as written: the key of the series. */
  readonly key: string;
  readonly value: number;
}

/** Calls `visit` for every sample of a metrics page whose name starts with `prefix`. */
export function eachSample(page: string, prefix: string, visit: (sample: Sample) => void): void {
  let start = 0;
  while (start < page.length) {
    let end = page.indexOf('\n', start);
    if (end < 0) end = page.length;
    if (page.startsWith(prefix, start)) {
      const braces = page.lastIndexOf('}', end);
      const space = page.indexOf(' ', Math.max(braces, start));
      if (space > start && space < end) {
        const value = Number.parseFloat(page.slice(space + 1, end));
        if (Number.isFinite(value)) visit({ key: page.slice(start, space), value });
      }
    }
    start = end + 1;
  }
}

/** Splits `name{a="b"}` into the name and its labels, escapes undone. */
export function parseSeriesKey(key: string): { readonly name: string; readonly labels: ReadonlyMap<string, string> } {
  const brace = key.indexOf('{');
  if (brace < 0) return { name: key, labels: new Map() };
  const labels = new Map<string, string>();
  for (const match of key.slice(brace).matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)) {
    labels.set(
      match[1] ?? '',
      (match[2] ?? '').replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)),
    );
  }
  return { name: key.slice(0, brace), labels };
}
