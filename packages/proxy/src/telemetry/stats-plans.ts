import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { IstioStatsPlan } from '@weft/core/plan/istio-stats-plan';

const httpPlans = new WeakMap<HttpConnectionManagerPlan, IstioStatsPlan | null>();

/** The plan of a connection manager's metrics filter; null without one. */
export function httpStatsPlan(manager: HttpConnectionManagerPlan): IstioStatsPlan | null {
  const known = httpPlans.get(manager);
  if (known !== undefined) return known;
  let plan: IstioStatsPlan | null = null;
  for (const { config, disabled } of manager.filters) if (config.kind === 'istioStats' && !disabled) plan = config.stats;
  httpPlans.set(manager, plan);
  return plan;
}

/** The plan of a filter chain's metrics filter for TCP; null without one. */
export function networkStatsPlan(chain: FilterChainPlan): IstioStatsPlan | null {
  for (const filter of chain.networkFilters) if (filter.kind === 'istioStats') return filter.stats;
  return null;
}
