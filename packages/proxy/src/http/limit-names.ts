import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { FilterConfigPlan, LocalRateLimitPlan } from '@weft/core/plan/http-filter-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Plan } from '@weft/core/plan/plan';
import type { RouteTable } from '@weft/core/plan/route-plan';

type Names = WeakMap<LocalRateLimitPlan, string>;

/**
 * Names the local rate limits of a plan by where they stand and what they allow, so that all threads, each with a plan of its own, give the
 * same name to the same limit, and another to one that was changed. A limit that is inherited has the name of the place it is inherited from.
 */
export function nameLimits(plan: Plan): Names {
  const names: Names = new WeakMap();
  for (const listener of plan.listeners) nameOfListener(listener, names);
  for (const table of plan.routeTableByName.values()) nameOfTable(table, `routes ${table.name}`, names);
  return names;
}

function nameOfListener({ name, filterChains, defaultFilterChain }: ListenerPlan, names: Names): void {
  for (const [index, chain] of filterChains.entries()) nameOfChain(chain, `listener ${name}/${index}`, names);
  if (defaultFilterChain !== null) nameOfChain(defaultFilterChain, `listener ${name}/default`, names);
}

function nameOfChain({ http }: FilterChainPlan, place: string, names: Names): void {
  if (http === null) return;
  for (const [index, { config }] of http.filters.entries()) add(config, `${place}/${index}`, names);
  for (const { type, filters } of http.upgrades)
    for (const [index, { config }] of (filters?.filters ?? []).entries()) add(config, `${place}/${type}/${index}`, names);
  if (http.routes.kind === 'inline') nameOfTable(http.routes.table, `${place}/routes`, names);
}

function nameOfTable({ virtualHosts }: RouteTable, place: string, names: Names): void {
  for (const host of virtualHosts) {
    addAll(host.filterConfigs, `${place}/${host.name}`, names);
    for (const { index, filterConfigs, action } of host.routes) {
      addAll(filterConfigs, `${place}/${host.name}/${index}`, names);
      if (action.kind !== 'forward') continue;
      for (const [cluster, { filterConfigs: configs }] of action.clusters.entries())
        addAll(configs, `${place}/${host.name}/${index}/${cluster}`, names);
    }
  }
}

function addAll(configs: ReadonlyMap<string, FilterConfigPlan>, place: string, names: Names): void {
  for (const [name, config] of configs) add(config, `${place} ${name}`, names);
}

function add(config: FilterConfigPlan, place: string, names: Names): void {
  if (config.kind !== 'localRateLimit' || names.has(config.limit)) return;
  const { bucket, descriptors } = config.limit;
  names.set(config.limit, `${place} ${JSON.stringify([bucket, descriptors])}`);
}
