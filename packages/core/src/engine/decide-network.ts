import { metadataHolds } from '../plan/build-matcher.ts';
import type { ConnectionFacts } from '../plan/facts.ts';
import type { FilterChainPlan, NetworkFilterPlan } from '../plan/filter-chain-plan.ts';
import type { DynamicMetadata, RbacPlan } from '../plan/rbac-plan.ts';
import { judgeRules, judgeShadow, type Subject, traceRules } from './authorize.ts';
import type { NetworkVerdict, ShadowVerdict, Trace } from './decision.ts';

/** Where shadow rules leave their verdict for an ext_authz filter after them, as Istio's CUSTOM action needs it. */
const shadowNamespace = 'envoy.filters.network.rbac';

/**
 * Judges the network filters of a chain that can refuse a connection, in order: the first refusal closes it. A verdict with a `check` stands
 * only once the service that it names has let the connection pass: the filters after it are judged with that verdict as `passed`.
 */
export function decideNetwork(
  chain: FilterChainPlan,
  connection: ConnectionFacts,
  trace: Trace | null,
  passed: NetworkVerdict | null = null,
): NetworkVerdict {
  const { networkFilters } = chain;
  let policy = passed?.policy ?? '';
  let metadata = passed?.metadata ?? null;
  let shadows = passed?.shadows ?? noShadows;
  let unasked = passed?.unasked ?? noFilters;
  const soFar = (): NetworkVerdict => ({ allowed: true, refusedBy: null, policy, shadows, metadata, unasked, check: null });
  for (let index = (passed?.check?.index ?? -1) + 1; index < networkFilters.length; index++) {
    const filter = networkFilters[index];
    if (filter?.kind === 'extAuthz') {
      if (isEnabled(filter, connection, metadata)) return { ...soFar(), check: { filter, index } };
      unasked = [...unasked, filter];
    }
    if (filter?.kind !== 'rbac') continue;
    const subject: Subject = { connection, request: null, metadata };
    const shadow = judgeShadow(filter.rbac, filter.name, subject, trace);
    if (shadow) {
      shadows = [...shadows, shadow];
      metadata = withShadow(metadata ?? connection.metadata, filter.rbac, shadow);
    }
    if (!filter.rbac.rules) continue;
    const verdict = judgeRules(filter.rbac.rules, connection, null, metadata);
    if (trace) traceRules(trace, 'rbac', filter.rbac.rules, { ...subject, metadata }, verdict);
    policy = verdict.policy;
    if (!verdict.allowed) return { ...soFar(), allowed: false, refusedBy: filter };
  }
  return soFar();
}

type ExtAuthz = Extract<NetworkFilterPlan, { kind: 'extAuthz' }>;

const noShadows: readonly ShadowVerdict[] = [];
const noFilters: readonly ExtAuthz[] = [];

function isEnabled({ enabledMetadata }: ExtAuthz, connection: ConnectionFacts, metadata: DynamicMetadata | null): boolean {
  return enabledMetadata === null || metadataHolds(enabledMetadata, metadata ?? connection.metadata);
}

function withShadow(metadata: DynamicMetadata | null, rbac: RbacPlan, { policy, verdict }: ShadowVerdict): DynamicMetadata {
  const prefix = rbac.shadowRulesStatPrefix;
  const told = { [`${prefix}shadow_engine_result`]: verdict, ...(policy !== '' && { [`${prefix}shadow_effective_policy_id`]: policy }) };
  return { ...metadata, [shadowNamespace]: { ...metadata?.[shadowNamespace], ...told } };
}
