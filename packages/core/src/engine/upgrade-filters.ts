import type { FilterListPlan, HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';
import type { RoutePlan } from '../plan/route-plan.ts';

/**
 * The filters of a request that wants its connection to become something else (`upgrade`: a protocol, or `CONNECT`), as the connection manager
 * and the route have it; null where they do not let it. A route may allow what the manager does not, and the other way round.
 */
export function upgradeFilters(http: HttpConnectionManagerPlan, route: RoutePlan | null, upgrade: string): FilterListPlan | null {
  const type = upgrade.toLowerCase();
  const onRoute = route?.action.kind === 'forward' ? route.action.upgrades.get(type) : undefined;
  if (onRoute === false) return null;
  const own = http.upgrades.find((entry) => entry.type === type);
  if (onRoute === undefined && own?.enabled !== true) return null;
  return own?.filters ?? http;
}
