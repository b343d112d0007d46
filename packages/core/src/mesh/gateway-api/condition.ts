/** A status condition of a Gateway API resource. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** What is found out about a resource, before it is compared with the status that it has. */
export interface Finding {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Name under which Weft writes status, and of the class that it serves: Istio's. */
export const controllerName = 'istio.io/gateway-controller';

/** Time of conditions that never changed; translation has no clock. */
const unchangedSince = '1970-01-01T00:00:00Z';

/**
 * Findings as conditions, sorted by type. A condition whose status stays as it was keeps its time of transition; the generation is always that of
 * the spec that was looked at.
 */
export function conditions(findings: readonly Finding[], raw: Readonly<Record<string, unknown>>, before: unknown): readonly Condition[] {
  const generation = generationOf(raw);
  const known = new Map(conditionList(before).map((condition) => [condition.type, condition]));
  return [...findings]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map(({ type, isTrue, reason, message }) => {
      const status = isTrue ? ('True' as const) : ('False' as const);
      const old = known.get(type);
      const lastTransitionTime = old?.status === status && old.lastTransitionTime ? old.lastTransitionTime : unchangedSince;
      return { type, status, reason, message, observedGeneration: generation, lastTransitionTime };
    });
}

/** `metadata.generation`, 0 when there is none. */
export function generationOf(raw: Readonly<Record<string, unknown>>): number {
  const { generation } = (raw.metadata ?? {}) as { readonly generation?: unknown };
  return typeof generation === 'number' ? generation : 0;
}

function conditionList(
  value: unknown,
): readonly { readonly type?: string; readonly status?: string; readonly lastTransitionTime?: string }[] {
  return Array.isArray(value) ? value.filter((item) => item !== null && typeof item === 'object') : [];
}
