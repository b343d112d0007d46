import type { PeerAuthentication } from '../../resource/kinds.ts';
import { compareAge } from '../../resource/resource-set.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { groupBy } from '../group-by.ts';
import { formatSelector } from '../label-index.ts';
import { fact, nameOf } from '../proof.ts';
import type { Workload } from '../workload.ts';
import { selectorOf } from './effective-mutual-tls.ts';

/** PeerAuthentications of which only the oldest applies: several for one namespace, or several that select one workload. */
export const peerAuthenticationOverlapsAnalyzer: SetAnalyzer = {
  name: 'peerauthentication.OverlapAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const policies of groupBy(context.set.ofKind('PeerAuthentication'), (policy) => policy.ref.namespace).values()) {
      const byAge = [...policies].sort(compareAge);
      checkWholeNamespace(byAge, context);
      checkWorkloads(byAge, context);
    }
  },
};

function checkWholeNamespace(byAge: readonly PeerAuthentication[], { report }: AnalyzerContext): void {
  const [first, ...others] = byAge.filter((policy) => Object.keys(selectorOf(policy)).length === 0);
  if (!first) return;
  for (const policy of others) {
    report({
      type: 'MultiplePeerAuthenticationsWithoutSelector',
      resource: policy,
      path: 'spec',
      message: `${nameOf(first)} is for the whole namespace too and comes first; this policy has no effect. Keep one of them.`,
      proof: [fact(first, 'spec.selector', 'is not set'), fact(policy, 'spec.selector', 'is not set')],
    });
  }
}

function checkWorkloads(byAge: readonly PeerAuthentication[], { index, rootNamespace, report }: AnalyzerContext): void {
  const firstByWorkload = new Map<Workload, PeerAuthentication>();
  /** The policies that come first for the workloads of a selector, each with one such workload. */
  const firstBySelector = new Map<string, Map<PeerAuthentication, Workload>>();
  for (const policy of byAge) {
    const selector = selectorOf(policy);
    if (Object.keys(selector).length === 0 || policy.ref.namespace === rootNamespace) continue;
    const key = formatSelector(selector);
    const firsts = firstBySelector.get(key) ?? new Map<PeerAuthentication, Workload>();
    if (!firstBySelector.has(key)) {
      for (const workload of index.workloadsIn(policy.ref.namespace).matching(selector)) {
        const first = firstByWorkload.get(workload) ?? policy;
        firstByWorkload.set(workload, first);
        if (!firsts.has(first)) firsts.set(first, workload);
      }
    }
    firstBySelector.set(key, firsts);
    for (const [first, workload] of firsts) {
      if (first === policy) continue;
      report({
        type: 'MultiplePeerAuthenticationsForWorkload',
        resource: policy,
        path: 'spec.selector.matchLabels',
        message: `${nameOf(first)} selects ${workload.name} too and comes first; this policy has no effect there. Make the selectors exclude each other.`,
        proof: [
          fact(first, 'spec.selector.matchLabels', `selects ${workload.name}`),
          fact(policy, 'spec.selector.matchLabels', `selects ${workload.name}`),
        ],
      });
    }
  }
}
