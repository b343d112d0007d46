import { formatRef } from '../base/refs.ts';
import type { Resource } from '../resource/resource.ts';

/** A code that is not to be reported about some resources. */
export interface Suppression {
  readonly code: string;
  /** Pattern with `*` for any characters, matched against `Kind namespace/name` and `Kind name.namespace`. */
  readonly origin: string;
}

const annotation = 'galley.istio.io/analyze-suppress';

/** Parses `CODE=pattern` as the command line takes it; null when it has another form. */
export function parseSuppression(text: string): Suppression | null {
  const at = text.indexOf('=');
  return at <= 0 || at === text.length - 1 ? null : { code: text.slice(0, at).trim(), origin: text.slice(at + 1).trim() };
}

/** Whether the resource itself, by annotation, or the caller asks that a code is not reported about it. */
export function isSuppressed(code: string, resource: Resource, suppressions: readonly Suppression[]): boolean {
  const own = resource.annotations[annotation];
  if (own?.split(',').some((entry) => entry.trim() === '*' || entry.trim() === code)) return true;
  const { kind, namespace, name } = resource.ref;
  const names = [formatRef(resource.ref), ...(namespace === '' ? [] : [`${kind} ${name}.${namespace}`])];
  return suppressions.some(
    (suppression) => suppression.code === code && names.some((candidate) => matchesGlob(candidate, suppression.origin)),
  );
}

function matchesGlob(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
