import type { HttpFilterPlan } from '@weft/core/plan/http-filter-plan';
import type { RbacPlan } from '@weft/core/plan/rbac-plan';
import type { ExchangeView } from '../http/exchange-view.ts';
import { shadowVerdicts, verdicts } from './rbac-stats.ts';
import type { Counter, DeclaredStats, Registry } from './registry.ts';
import { namePart, type StatScope } from './stat-scope.ts';

const faults: DeclaredStats<null> = { counters: ['fault.aborts_injected', 'fault.delays_injected'] };

/** Counts what the RBAC and fault filters of a connection manager did to requests, under Envoy's names. */
export class HttpFilterStats {
  readonly #registry: Registry;
  readonly #scope: StatScope;
  /** By place among the RBAC filters that enforce something. */
  readonly #allowed: readonly Counter[];
  readonly #denied: readonly Counter[];
  readonly #hasFaults: boolean;

  constructor(registry: Registry, scope: StatScope, filters: readonly HttpFilterPlan[]) {
    this.#registry = registry;
    this.#scope = scope;
    const enforcing = rbacPlans(filters).filter(({ rules }) => rules !== null);
    this.#allowed = enforcing.map(({ rulesStatPrefix }) => registry.counter(rbacScope(scope, rulesStatPrefix), 'allowed'));
    this.#denied = enforcing.map(({ rulesStatPrefix }) => registry.counter(rbacScope(scope, rulesStatPrefix), 'denied'));
    this.#hasFaults = filters.some(isFault);
  }

  record({ decision, flags, details }: ExchangeView): void {
    if (decision === null || decision.kind === 'pending') return;
    const { rbacAllowed, shadows } = decision.outcome;
    for (let index = 0; index < rbacAllowed; index++) countUp(this.#allowed[index]);
    for (const { statPrefix, verdict } of shadows) countUp(this.#registry.counter(rbacScope(this.#scope, statPrefix), `shadow_${verdict}`));
    if (details.startsWith('rbac_access_denied')) countUp(this.#denied[rbacAllowed]);
    if (!this.#hasFaults || flags === '') return;
    if (flags.includes('DI')) countUp(this.#registry.counter(this.#scope, 'fault.delays_injected'));
    if (details === 'fault_filter_abort') countUp(this.#registry.counter(this.#scope, 'fault.aborts_injected'));
  }
}

/** Has the stats of the filters shown before they count. */
export function declareHttpFilters(registry: Registry, scope: StatScope, filters: readonly HttpFilterPlan[]): void {
  for (const { rulesStatPrefix, shadowRulesStatPrefix } of rbacPlans(filters)) {
    registry.declare(rbacScope(scope, rulesStatPrefix), verdicts, null);
    registry.declare(rbacScope(scope, shadowRulesStatPrefix), shadowVerdicts, null);
  }
  if (filters.some(isFault)) registry.declare(scope, faults, null);
}

export function countsSomething(filters: readonly HttpFilterPlan[]): boolean {
  return filters.some((filter) => filter.config.kind === 'rbac' || isFault(filter));
}

function isFault({ config }: HttpFilterPlan): boolean {
  return config.kind === 'fault';
}

function rbacPlans(filters: readonly HttpFilterPlan[]): readonly RbacPlan[] {
  return filters.flatMap(({ config }) => (config.kind === 'rbac' && config.rbac !== null ? [config.rbac] : []));
}

function rbacScope({ prefix, extractedPrefix, labels }: StatScope, rulesPrefix: string): StatScope {
  return {
    prefix: `${prefix}rbac.${namePart(rulesPrefix)}`,
    extractedPrefix: `${extractedPrefix}rbac.`,
    labels: rulesPrefix === '' ? labels : [['envoy.rbac_http_prefix', rulesPrefix.replace(/\.$/, '')], ...labels],
    owner: prefix,
  };
}

function countUp(counter: Counter | undefined): void {
  if (counter !== undefined) counter.value++;
}
