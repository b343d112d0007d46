import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, text, texts } from '../fields.ts';
import { absence, fact } from '../proof.ts';

interface ServiceAccounts {
  /** Whether the set says anything about who runs in a namespace. */
  isDescribed(namespace: string): boolean;
  has(namespace: string, name: string): boolean;
}

/** Callers named in policies that cannot call, since nobody runs under that service account; and groups of workloads under one that does not exist. */
export const serviceAccountsAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.PrincipalAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const accounts = collectAccounts(context);
    for (const policy of context.set.ofKind('AuthorizationPolicy')) checkPolicy(policy, accounts, context);
    checkGroups(context);
  },
};

function collectAccounts({ set, index }: AnalyzerContext): ServiceAccounts {
  const names = new Set<string>();
  const described = new Set<string>();
  const add = (namespace: string, name: string): void => {
    names.add(`${namespace}/${name}`);
    described.add(namespace);
  };
  for (const account of set.ofKind('ServiceAccount')) add(account.ref.namespace, account.ref.name);
  for (const workload of index.workloads.all) {
    // The gateway pod that analysis adds, and entries that name no account, say nothing about who else runs there.
    if (workload.resource.source.file === '' && workload.kind === 'Pod') continue;
    if (workload.kind === 'Pod' || workload.serviceAccount !== '') add(workload.namespace, workload.serviceAccount || 'default');
  }
  for (const workload of index.controllers.all) add(workload.namespace, workload.serviceAccount || 'default');
  for (const group of set.ofKind('WorkloadGroup'))
    add(group.ref.namespace, text(object(object(group.spec).template).serviceAccount) || 'default');
  for (const entry of set.ofKind('ServiceEntry')) {
    for (const [, endpoint] of objects(object(entry.spec).endpoints))
      if (endpoint.serviceAccount) add(entry.ref.namespace, endpoint.serviceAccount);
  }
  for (const gateway of set.ofKind('KubernetesGateway')) {
    for (const suffix of ['', '-istio', `-${text(object(gateway.spec).gatewayClassName)}`])
      add(gateway.ref.namespace, `${gateway.ref.name}${suffix}`);
  }
  return {
    isDescribed: (namespace) => described.has(namespace),
    has: (namespace, name) => name === 'default' || names.has(`${namespace}/${name}`),
  };
}

function checkPolicy(policy: AuthorizationPolicy, accounts: ServiceAccounts, context: AnalyzerContext): void {
  for (const [ruleIndex, rule] of objects(object(policy.spec).rules)) {
    for (const [fromIndex, from] of objects(rule.from)) {
      const source = object(
        from.source as { readonly principals?: readonly string[]; readonly serviceAccounts?: readonly string[] } | undefined,
      );
      const base = `spec.rules[${ruleIndex}].from[${fromIndex}].source`;
      for (const [at, principal] of texts(source.principals))
        checkPrincipal(policy, `${base}.principals[${at}]`, principal, accounts, context);
      for (const [at, account] of texts(source.serviceAccounts)) {
        const [first = '', second] = account.split('/', 2);
        checkAccount(
          policy,
          `${base}.serviceAccounts[${at}]`,
          second === undefined ? policy.ref.namespace : first,
          second ?? first,
          accounts,
          context,
        );
      }
    }
  }
}

function checkPrincipal(
  policy: AuthorizationPolicy,
  path: string,
  principal: string,
  accounts: ServiceAccounts,
  context: AnalyzerContext,
): void {
  if (principal.startsWith('spiffe://')) {
    context.report({
      type: 'PrincipalWithoutServiceAccount',
      resource: policy,
      path,
      message: `Principals are written without spiffe://, so ${principal} never matches. Write ${principal.slice('spiffe://'.length)}.`,
      proof: [fact(policy, path, `is ${principal}`)],
    });
    return;
  }
  const match = /^([^/*]+)\/ns\/([^/*]+)\/sa\/([^/*]+)$/.exec(principal);
  if (!match) return;
  const [, trustDomain = '', namespace = '', name = ''] = match;
  const { meshConfig } = context;
  const local = ['cluster.local', meshConfig.trustDomain, ...meshConfig.trustDomainAliases];
  // Other trust domains are other meshes, of which nothing is known here.
  if (local.includes(trustDomain)) checkAccount(policy, path, namespace, name, accounts, context);
}

function checkAccount(
  policy: AuthorizationPolicy,
  path: string,
  namespace: string,
  name: string,
  accounts: ServiceAccounts,
  { index, report, rootNamespace }: AnalyzerContext,
): void {
  const isGone = index.knowsNamespaces && !index.isNamespaceKnown(namespace) && namespace !== rootNamespace && namespace !== 'default';
  if (!isGone && (!accounts.isDescribed(namespace) || accounts.has(namespace, name))) return;
  report({
    type: 'PrincipalWithoutServiceAccount',
    resource: policy,
    path,
    message: isGone
      ? `There is no namespace ${namespace}, so nobody calls as its service account ${name}. Correct the principal.`
      : `Nothing in namespace ${namespace} runs as service account ${name}, so this caller never comes. Correct the name, or create the account.`,
    proof: [
      fact(policy, path, `names ${namespace}/${name}`),
      absence(isGone ? `no Namespace ${namespace}` : `no ServiceAccount ${namespace}/${name}, and no workload under it`),
    ],
  });
}

function checkGroups({ set, report }: AnalyzerContext): void {
  for (const group of set.ofKind('WorkloadGroup')) {
    const name = text(object(object(group.spec).template).serviceAccount);
    const declared = set.ofKind('ServiceAccount').filter((account) => account.ref.namespace === group.ref.namespace);
    if (name === '' || name === 'default' || declared.length === 0 || declared.some((account) => account.ref.name === name)) continue;
    report({
      type: 'ServiceAccountNotFound',
      resource: group,
      path: 'spec.template.serviceAccount',
      message: `There is no ServiceAccount ${name} in namespace ${group.ref.namespace}, so workloads of this group get no identity. Create it, or correct the name.`,
      proof: [fact(group, 'spec.template.serviceAccount', `is ${name}`), absence(`no ServiceAccount ${group.ref.namespace}/${name}`)],
    });
  }
}
