import { resolveHost } from '../../base/hosts.ts';
import type { DestinationRule } from '../../resource/kinds.ts';
import { compareAge } from '../../resource/resource-set.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, nameOf } from '../proof.ts';

/** DestinationRules of one namespace for one host that say different things about the same: they are merged, and the older one's part stays. */
export const competingDestinationRulesAnalyzer: SetAnalyzer = {
  name: 'destinationrule.CompetingRulesAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const rules = context.set.ofKind('DestinationRule').filter((rule) => !object(rule.spec).workloadSelector);
    for (const same of groupBy(rules, (rule) => mergeKey(rule, context)).values()) {
      const [first, ...later] = [...same].sort(compareAge);
      let earlier = first ? [first] : [];
      for (const rule of later) {
        checkRule(rule, earlier, context);
        earlier = [...earlier, rule];
      }
    }
  },
};

function mergeKey(rule: DestinationRule, { domain }: AnalyzerContext): string {
  const spec = object(rule.spec);
  const host = resolveHost(text(spec.host), rule.ref.namespace, domain).toLowerCase();
  return `${rule.ref.namespace}/${host}/${[...strings(spec.exportTo)].sort().join()}`;
}

function checkRule(rule: DestinationRule, earlier: readonly DestinationRule[], { report }: AnalyzerContext): void {
  const spec = object(rule.spec);
  const lost: { readonly what: string; readonly path: string; readonly by: DestinationRule }[] = [];
  const withPolicy = earlier.find((other) => object(other.spec).trafficPolicy);
  if (spec.trafficPolicy && withPolicy && JSON.stringify(spec.trafficPolicy) !== JSON.stringify(object(withPolicy.spec).trafficPolicy)) {
    lost.push({ what: 'its trafficPolicy', path: 'spec.trafficPolicy', by: withPolicy });
  }
  for (const [index, subset] of objects(spec.subsets)) {
    const same = earlier.find((other) =>
      objects(object(other.spec).subsets).some(
        ([, candidate]) => candidate.name === subset.name && JSON.stringify(candidate) !== JSON.stringify(subset),
      ),
    );
    if (same) lost.push({ what: `subset ${text(subset.name)}`, path: `spec.subsets[${index}]`, by: same });
  }
  const [first] = lost;
  if (!first) return;
  report({
    type: 'CompetingDestinationRules',
    resource: rule,
    path: first.path,
    message: `${list([...new Set(lost.map(({ by }) => nameOf(by)))])} is for host ${text(spec.host)} too and comes first: of this rule ${list(lost.map(({ what }) => what))} has no effect. Merge the rules.`,
    proof: lost.flatMap(({ what, path, by }) => [fact(rule, path, `is ${what}`), fact(by, 'spec', `has ${what} already`)]),
  });
}
