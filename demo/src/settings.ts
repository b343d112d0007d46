/** What can be changed about a workload while the shop runs, for practising canaries. */
export interface Behaviour {
  /** Share of requests answered with 500, in percent. */
  errorPercent: number;
  /** Time added to every answer, in milliseconds. */
  latencyMs: number;
}

/** The behaviours by workload name, changed through the control endpoint. */
export type Behaviours = Map<string, Behaviour>;

/** Checks a change asked for over HTTP; a sentence says what is wrong with it, null that it is fine. */
export function behaviourProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'expected an object {"errorPercent": 0-100, "latencyMs": 0-10000}';
  const { errorPercent, latencyMs } = value as Partial<Behaviour>;
  if (!inRange(errorPercent, 100)) return `errorPercent: expected a number from 0 to 100, found ${JSON.stringify(errorPercent)}`;
  if (!inRange(latencyMs, 10_000)) return `latencyMs: expected a number from 0 to 10000, found ${JSON.stringify(latencyMs)}`;
  return null;
}

const inRange = (value: unknown, max: number): boolean => typeof value === 'number' && value >= 0 && value <= max;
