export type Health = 'healthy' | 'degraded' | 'failure' | 'idle';

const severity: Readonly<Record<Health, number>> = { idle: 0, healthy: 1, degraded: 2, failure: 3 };

/** Sorts the worst first. */
export function compareHealth(a: Health, b: Health): number {
  return severity[b] - severity[a];
}

/** The worse, the greater. */
export function healthRank(health: Health): number {
  return severity[health];
}
