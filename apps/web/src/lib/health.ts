export type Health = 'healthy' | 'degraded' | 'failure' | 'idle';

const severity: Readonly<Record<Health, number>> = { idle: 0, healthy: 1, degraded: 2, failure: 3 };

export function worstHealth(healths: readonly Health[]): Health {
  return healths.reduce<Health>((worst, health) => (severity[health] > severity[worst] ? health : worst), 'idle');
}

/** Sorts the worst first. */
export function compareHealth(a: Health, b: Health): number {
  return severity[b] - severity[a];
}

/** The worse, the greater. */
export function healthRank(health: Health): number {
  return severity[health];
}
