import type { ConnectionFacts, RequestFacts } from '../plan/facts.ts';
import type { DynamicMetadata, RbacClausePlan, RbacPlan, RbacPolicyPlan, RbacRulesPlan } from '../plan/rbac-plan.ts';
import type { ShadowVerdict, Trace } from './decision.ts';

/** The verdict of one set of rules; `policy` is the one that matched, `''` for none. */
export interface RulesVerdict {
  readonly allowed: boolean;
  readonly policy: string;
}

const allowedByNone: RulesVerdict = { allowed: true, policy: '' };
const deniedByNone: RulesVerdict = { allowed: false, policy: '' };

/** What is being authorized: a connection, with a request on it or without. */
export interface Subject {
  readonly connection: ConnectionFacts;
  readonly request: RequestFacts | null;
  readonly metadata: DynamicMetadata | null;
}

/** Judges one set of rules. ALLOW lets through what a policy matches, DENY what none matches, LOG everything. */
export function judgeRules(
  rules: RbacRulesPlan,
  connection: ConnectionFacts,
  request: RequestFacts | null,
  metadata: DynamicMetadata | null,
): RulesVerdict {
  const { policies, action } = rules;
  for (let i = 0; i < policies.length; i++) {
    const policy = policies[i];
    if (policy?.matches(connection, request, metadata)) return { allowed: action !== 'DENY', policy: policy.name };
  }
  return action === 'ALLOW' ? deniedByNone : allowedByNone;
}

/** The verdict of a filter's shadow rules; null when it has none. */
export function judgeShadow(rbac: RbacPlan, filter: string, subject: Subject, trace: Trace | null): ShadowVerdict | null {
  if (!rbac.shadowRules) return null;
  const verdict = judgeRules(rbac.shadowRules, subject.connection, subject.request, subject.metadata);
  if (trace) traceRules(trace, 'rbacShadow', rbac.shadowRules, subject, verdict);
  return { filter, statPrefix: rbac.shadowRulesStatPrefix, verdict: verdict.allowed ? 'allowed' : 'denied', policy: verdict.policy };
}

/** Records how a set of rules came to its verdict. */
export function traceRules(
  trace: Trace,
  stage: 'rbac' | 'rbacShadow',
  rules: RbacRulesPlan,
  subject: Subject,
  verdict: RulesVerdict,
): void {
  for (const policy of rules.policies) {
    const matched = policy.name === verdict.policy;
    const why = matched ? `${rules.action} policy matches` : whyNot(policy, subject);
    trace.steps.push({ stage, name: policy.name, ...sourceOfPolicy(policy.name), matched, why });
    if (matched) return;
  }
  const why = rules.action === 'ALLOW' ? 'no ALLOW policy matches: denied' : `no ${rules.action} policy matches: not denied`;
  trace.steps.push({ stage, name: '', resource: null, field: null, matched: rules.action === 'ALLOW', why });
}

/** `ns[foo]-policy[bar]-rule[0]` → the AuthorizationPolicy and the rule in it. */
export function sourceOfPolicy(name: string): { readonly resource: string | null; readonly field: string | null } {
  const found = /^(?:istio-ext-authz-[^-]*-)?ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\]/.exec(name);
  if (!found) return { resource: null, field: null };
  return { resource: `AuthorizationPolicy ${found[1]}/${found[2]}`, field: `spec.rules[${found[3]}]` };
}

function whyNot(policy: RbacPolicyPlan, { connection, request, metadata }: Subject): string {
  const holds = (clause: RbacClausePlan): boolean => clause.matches(connection, request, metadata);
  if (!policy.principals.some(holds)) return `source does not match: ${textOf(policy.principals)}`;
  if (!policy.permissions.some(holds)) return `operation does not match: ${textOf(policy.permissions)}`;
  return 'the condition does not hold';
}

function textOf(clauses: readonly RbacClausePlan[]): string {
  return clauses.map((clause) => clause.text).join(' or ');
}
