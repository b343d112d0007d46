import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, strings, text } from '../fields.ts';
import { fact } from '../proof.ts';
import { createMutualTlsModes, type EffectiveMutualTls, type MutualTlsModes } from './effective-mutual-tls.ts';

const identityFields = [
  'principals',
  'notPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
  'trustDomains',
  'notTrustDomains',
] as const;
const identityKeys = new Set(['source.principal', 'source.namespace', 'source.serviceAccount', 'source.trustDomain']);

/** Policies about who calls, for workloads that turn mutual TLS off and so never know who calls. */
export const sourceIdentityAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.MutualTlsAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    if (context.set.ofKind('PeerAuthentication').length === 0) return;
    const modes = createMutualTlsModes(context);
    const known = new Map<string, EffectiveMutualTls | null>();
    for (const policy of context.set.ofKind('AuthorizationPolicy')) {
      const path = identityPath(policy);
      if (path === null) continue;
      const key = `${policy.ref.namespace} ${JSON.stringify(scopeOf(policy))}`;
      const disabled = known.has(key) ? known.get(key) : disabledEverywhere(policy, modes, context);
      known.set(key, disabled ?? null);
      if (!disabled?.policy) continue;
      context.report({
        type: 'SourceIdentityWithoutMutualTls',
        resource: policy,
        path,
        message: `The policy asks who the caller is, but PeerAuthentication ${disabled.policy.ref.name} turns mutual TLS off for its workloads: callers have no identity there. Set mode PERMISSIVE or STRICT.`,
        proof: [fact(policy, path, 'depends on the identity of the caller'), fact(disabled.policy, 'spec.mtls.mode', 'is DISABLE')],
      });
    }
  },
};

function identityPath(policy: AuthorizationPolicy): string | null {
  for (const [ruleIndex, rule] of objects(object(policy.spec).rules)) {
    for (const [fromIndex, from] of objects(rule.from)) {
      const source = object(from.source as Readonly<Record<string, readonly string[]>> | undefined);
      const field = identityFields.find((candidate) => strings(source[candidate]).length > 0);
      if (field) return `spec.rules[${ruleIndex}].from[${fromIndex}].source.${field}`;
    }
    const condition = objects(rule.when).find(([, when]) => identityKeys.has(text(when.key)));
    if (condition) return `spec.rules[${ruleIndex}].when[${condition[0]}]`;
  }
  return null;
}

/** What says which workloads a policy is for; policies that say the same are looked at once. */
function scopeOf({ spec }: AuthorizationPolicy): readonly unknown[] {
  const { selector, targetRef, targetRefs } = object(spec);
  return [selector, targetRef, targetRefs];
}

/** The mode of the policy's workloads when all of them have mutual TLS off. */
function disabledEverywhere(
  policy: AuthorizationPolicy,
  modes: MutualTlsModes,
  { index, rootNamespace }: AnalyzerContext,
): EffectiveMutualTls | null {
  const { namespace } = policy.ref;
  const spec = object(policy.spec);
  if (namespace === rootNamespace || spec.targetRef || objects(spec.targetRefs).length > 0) return null;
  const workloads = index.workloadsIn(namespace).matching(labelsOf(object(spec.selector).matchLabels));
  const labelSets = workloads.length === 0 ? [{}] : workloads.map((workload) => workload.labels);
  const isDisabled = labelSets.every((labels) => modes.of(namespace, labels, null).mode === 'DISABLE');
  return isDisabled ? modes.of(namespace, labelSets[0] ?? {}, null) : null;
}
