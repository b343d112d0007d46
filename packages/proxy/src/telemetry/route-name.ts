import type { LogEntry } from './log-entry.ts';

/** Name of the route taken; null when none was found. */
export function routeName({ decision }: Pick<LogEntry, 'decision'>): string | null {
  if (decision === null || decision.kind === 'pending') return null;
  return decision.route?.name || null;
}
