import type { ConnectionFacts } from '../plan/facts.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import { judgeRules, judgeShadow, type Subject, traceRules } from './authorize.ts';
import type { NetworkVerdict, ShadowVerdict, Trace } from './decision.ts';

/** Judges the network RBAC filters of a chain, in order: the first refusal closes the connection. */
export function decideNetwork(chain: FilterChainPlan, connection: ConnectionFacts, trace: Trace | null): NetworkVerdict {
  const shadows: ShadowVerdict[] = [];
  let policy = '';
  for (const filter of chain.networkFilters) {
    if (filter.kind !== 'rbac') continue;
    const subject: Subject = { connection, request: null, metadata: null };
    const shadow = judgeShadow(filter.rbac, filter.name, subject, trace);
    if (shadow) shadows.push(shadow);
    if (!filter.rbac.rules) continue;
    const verdict = judgeRules(filter.rbac.rules, connection, null, null);
    if (trace) traceRules(trace, 'rbac', filter.rbac.rules, subject, verdict);
    if (!verdict.allowed) return { allowed: false, policy: verdict.policy, shadows };
    policy = verdict.policy;
  }
  return { allowed: true, policy, shadows };
}
