import type { RequestFacts } from '../plan/facts.ts';
import type { HeaderMutationPlan } from '../plan/header-plan.ts';
import type { FilterListPlan } from '../plan/http-connection-plan.ts';
import type { FilterConfigPlan, HeaderMutationSet } from '../plan/http-filter-plan.ts';
import type { DynamicMetadata } from '../plan/rbac-plan.ts';
import type { RoutePlan } from '../plan/route-plan.ts';
import type { HeaderChange } from './decision.ts';
import { requestResolver } from './format-value.ts';
import { applyHeaderMutations, type HeaderSink } from './mutate-headers.ts';
import { RequestOverlay } from './request-overlay.ts';

type MutationConfig = Extract<FilterConfigPlan, { kind: 'headerMutation' }>;

/**
 * What a header_mutation filter does to a request that reaches it: its own mutations, then those of the route's levels, each seeing what the
 * ones before it did (Envoy `header_mutation.cc`).
 */
export function requestMutations(
  config: MutationConfig,
  override: FilterConfigPlan | undefined,
  facts: RequestFacts,
  metadata: DynamicMetadata | null,
): readonly HeaderChange[] {
  const changes: HeaderChange[] = [];
  const changed = new RequestOverlay(facts, []);
  const levels = mutationSets(config, override).flatMap(({ request }) => request);
  applyHeaderMutations(levels, requestResolver(changed, metadata), recorder(changed, changes));
  return changes;
}

/** What the header_mutation filters do to a response, in the order in which it passes them; `configs` null for requests without a route. */
export function responseMutations(
  { responseMutators }: FilterListPlan,
  configs: RoutePlan['filterConfigs'] | null,
): readonly HeaderMutationPlan[] {
  return responseMutators.flatMap(({ name, config, disabled }) => {
    const override = configs?.get(name);
    if (config.kind !== 'headerMutation' || override?.kind === 'disabled' || (disabled && override === undefined)) return [];
    return mutationSets(config, override).flatMap(({ response }) => response);
  });
}

/** The route's levels come from the most specific to the least, so that the table has the last word, unless the filter wants it the other way. */
function mutationSets(config: MutationConfig, override: FilterConfigPlan | undefined): readonly HeaderMutationSet[] {
  if (override?.kind !== 'headerMutation') return config.mutations;
  const levels = config.mostSpecificWins ? override.mutations.toReversed() : override.mutations;
  return [...config.mutations, ...levels];
}

function recorder(changed: RequestOverlay, changes: HeaderChange[]): HeaderSink {
  const record = (change: HeaderChange): void => {
    changes.push(change);
  };
  return {
    has: (name) => changed.has(name),
    remove: (name) => {
      if (!changed.has(name)) return;
      changed.remove(name);
      record({ op: 'remove', name });
    },
    set: (name, value) => {
      changed.set(name, value);
      record({ op: 'set', name, value });
    },
    append: (name, value) => {
      changed.append(name, value);
      record({ op: 'append', name, value });
    },
  };
}
