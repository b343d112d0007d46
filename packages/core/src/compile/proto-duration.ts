import { formatDuration, parseDurationMs } from '../base/durations.ts';

/** A duration as written in a resource (`30ms`, `1h`) in the form that protojson takes; `fallback` where there is none or it cannot be read. */
export function protoDuration(text: string | undefined, fallback: string): string {
  const ms = text === undefined ? null : parseDurationMs(text);
  return ms === null ? fallback : formatDuration(ms);
}
