import type { NetworkVerdict } from '@weft/core/engine/decision';
import type { FilterChainPlan, NetworkFilterPlan } from '@weft/core/plan/filter-chain-plan';
import type { DeclaredStats, Registry } from './registry.ts';
import { namePart, type StatScope } from './stat-scope.ts';

type NetworkRbac = Extract<NetworkFilterPlan, { kind: 'rbac' }>;

export const verdicts: DeclaredStats<null> = { counters: ['allowed', 'denied'] };
export const shadowVerdicts: DeclaredStats<null> = { counters: ['shadow_allowed', 'shadow_denied'] };

/** Counts what the network RBAC filters of a chain said of a connection, under Envoy's names. */
export function countNetworkRbac(registry: Registry, { networkFilters }: FilterChainPlan, { shadows, refusedBy }: NetworkVerdict): void {
  let shadow = 0;
  for (const filter of networkFilters) {
    if (filter.kind !== 'rbac') continue;
    if (filter.rbac.shadowRules) registry.counter(shadowScope(filter), `shadow_${shadows[shadow++]?.verdict ?? 'allowed'}`).value++;
    if (filter.rbac.rules) registry.counter(scopeOf(filter), filter === refusedBy ? 'denied' : 'allowed').value++;
    if (filter === refusedBy) return;
  }
}

/** Has the stats of a chain's network RBAC filters shown before they count. */
export function declareNetworkRbac(registry: Registry, { networkFilters }: FilterChainPlan): void {
  for (const filter of networkFilters) {
    if (filter.kind !== 'rbac') continue;
    registry.declare(scopeOf(filter), verdicts, null);
    registry.declare(shadowScope(filter), shadowVerdicts, null);
  }
}

function scopeOf({ statPrefix }: NetworkRbac): StatScope {
  const name = statPrefix.replace(/\.$/, '');
  return {
    prefix: name === '' ? 'rbac.' : `${name}.rbac.`,
    extractedPrefix: 'rbac.',
    labels: name === '' ? [] : [['envoy.rbac_prefix', name]],
  };
}

function shadowScope(filter: NetworkRbac): StatScope {
  const { prefix, extractedPrefix, labels } = scopeOf(filter);
  const own = namePart(filter.rbac.shadowRulesStatPrefix);
  return { prefix: prefix + own, extractedPrefix: extractedPrefix + own, labels };
}
