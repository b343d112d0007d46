import type { TraceStep } from '../engine/decision.ts';

/** One reason of a decision, with the resource it comes from. */
export interface Reason {
  /** `Kind namespace/name`, or the name of a generated part (listener, virtual host) in brackets. */
  readonly resource: string;
  /** Path in that resource; `''` when the whole counts. */
  readonly field: string;
  readonly matched: boolean;
  readonly why: string;
}

/** The reasons of a decision in the order they were tried, without the ones that say nothing a person would ask about. */
export function explainSteps(steps: readonly TraceStep[]): readonly Reason[] {
  return steps.map((step) => ({
    resource: step.resource ?? `[${stageNames[step.stage]}${step.name === '' ? '' : ` ${step.name}`}]`,
    field: step.field ?? '',
    matched: step.matched,
    why: step.why,
  }));
}

/** The reasons of a simulated call. */
export function explainCall(result: { readonly trace: { readonly steps: readonly TraceStep[] } }): readonly Reason[] {
  return explainSteps(result.trace.steps);
}

const stageNames: Readonly<Record<TraceStep['stage'], string>> = {
  filterChain: 'filter chain',
  virtualHost: 'virtual host',
  route: 'route',
  rbac: 'authorization',
  rbacShadow: 'dry-run authorization',
  jwt: 'token',
  extAuthz: 'external authorization',
  rateLimit: 'rate limit',
  fault: 'fault',
  cors: 'CORS',
  router: 'router',
};
