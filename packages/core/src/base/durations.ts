const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, μs: 1e-3, ns: 1e-6 };
const wholeText = /^[+-]?(?:\d+\.?\d*(?:h|ms|m|s|us|µs|μs|ns)|\.\d+(?:h|ms|m|s|us|µs|μs|ns))+$/;
const part = /(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|μs|ns)/g;

/**
 * Milliseconds of a duration as Go writes it (`1h2m3.5s`, `250ms`) or protojson does (`0.250s`), or null when the text is no duration. A bare `0` is
 * a duration, other numbers without a unit are not.
 */
export function parseDurationMs(text: string): number | null {
  if (text === '0' || text === '+0' || text === '-0') return 0;
  if (text.length > 64 || !wholeText.test(text)) return null;
  let ms = 0;
  for (const match of text.matchAll(part)) ms += Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0);
  const rounded = Math.round(ms * 1e6) / 1e6;
  return text.startsWith('-') ? -rounded : rounded;
}

/** A duration as protojson writes it: seconds with 0, 3, 6 or 9 decimals and an `s`. */
export function formatDuration(ms: number): string {
  const nanos = Math.round(Math.abs(ms) * 1e6);
  const sign = ms < 0 && nanos > 0 ? '-' : '';
  const seconds = Math.floor(nanos / 1e9);
  const fraction = String(nanos % 1e9).padStart(9, '0');
  const digits = fraction.endsWith('000000000')
    ? ''
    : fraction.endsWith('000000')
      ? fraction.slice(0, 3)
      : fraction.endsWith('000')
        ? fraction.slice(0, 6)
        : fraction;
  return `${sign}${seconds}${digits && `.${digits}`}s`;
}
