import type { PolicyJson, RBACJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import type { RBACJson as HttpRbacJson } from '@weft/envoy-api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { RBACJson as NetworkRbacJson } from '@weft/envoy-api/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import type { AuthorizationPolicy } from '../resource/kinds.ts';
import { compileRule } from './rbac-rule.ts';

type Action = 'ALLOW' | 'DENY' | 'LOG';

/** What the rules of a set of policies are compiled for. */
export interface RbacContext {
  readonly isTcp: boolean;
  /** The mesh's trust domain, then its aliases. */
  readonly trustDomains: readonly string[];
  /** Put before each policy's name: how an ext_authz filter recognises its own. */
  readonly namePrefix?: string;
}

/** Enforced and dry-run rules of one action. */
export interface RbacRules {
  readonly rules: RBACJson | null;
  readonly shadowRules: RBACJson | null;
}

/** Dynamic metadata keys of dry-run results start with these. */
const shadowStatPrefix: Readonly<Record<Action, string>> = { ALLOW: 'istio_dry_run_allow_', DENY: 'istio_dry_run_deny_', LOG: '' };

const matchesNever: PolicyJson = { permissions: [{ notRule: { any: true } }], principals: [{ notId: { any: true } }] };

/**
 * The rules of policies with one action, named as Istio names them. A policy without rules becomes one that never matches, so that an ALLOW
 * policy without rules still switches on the implicit denial. Dry-run policies never enforce and never deny implicitly.
 */
export function rbacRules(policies: readonly AuthorizationPolicy[], action: Action, context: RbacContext): RbacRules {
  const enforced = policies.filter((policy) => !isDryRun(policy));
  const dryRun = policies.filter(isDryRun);
  return { rules: ruleSet(enforced, action, context), shadowRules: ruleSet(dryRun, action, context) };
}

/** The RBAC filter of HTTP connection managers for one action, or null when no policy has it. */
export function httpRbac(policies: readonly AuthorizationPolicy[], action: Action, context: RbacContext): HttpRbacJson | null {
  return policies.length === 0 ? null : filterConfig(rbacRules(policies, action, context), action);
}

/** The RBAC network filter for one action, or null when no policy has it. */
export function networkRbac(policies: readonly AuthorizationPolicy[], action: Action, context: RbacContext): NetworkRbacJson | null {
  return policies.length === 0 ? null : { ...filterConfig(rbacRules(policies, action, context), action), statPrefix: 'tcp.' };
}

/** Whether a policy only records what it would do: annotation `istio.io/dry-run`. */
export function isDryRun(policy: AuthorizationPolicy): boolean {
  return /^(1|[tT]|true|True|TRUE)$/.test(policy.annotations['istio.io/dry-run'] ?? '');
}

function filterConfig(rules: RbacRules, action: Action): HttpRbacJson {
  return {
    ...(rules.rules && { rules: rules.rules }),
    ...(rules.shadowRules && { shadowRules: rules.shadowRules }),
    ...(rules.shadowRules && shadowStatPrefix[action] && { shadowRulesStatPrefix: shadowStatPrefix[action] }),
  };
}

function ruleSet(policies: readonly AuthorizationPolicy[], action: Action, context: RbacContext): RBACJson | null {
  if (policies.length === 0) return null;
  const compiled: Record<string, PolicyJson> = {};
  for (const policy of policies) {
    const name = (rule: number) => `${context.namePrefix ?? ''}ns[${policy.ref.namespace}]-policy[${policy.ref.name}]-rule[${rule}]`;
    const rules = policy.spec?.rules ?? [];
    if (rules.length === 0) compiled[name(0)] = matchesNever;
    for (const [index, rule] of rules.entries()) {
      // An empty rule matches everything; one that is not there is none.
      if (!rule) continue;
      const written = compileRule(rule, {
        isTcp: context.isTcp,
        isAllow: action === 'ALLOW',
        namespace: policy.ref.namespace,
        trustDomains: context.trustDomains,
      });
      if (written !== null) compiled[name(index)] = written;
    }
  }
  const sorted = Object.fromEntries(Object.entries(compiled).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...(action !== 'ALLOW' && { action }), ...(Object.keys(sorted).length > 0 && { policies: sorted }) };
}
