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
      const earlier: Earlier = { policy: null, subsets: new Map() };
      for (const rule of [...same].sort(compareAge)) {
        checkRule(rule, earlier, context);
        remember(rule, earlier);
      }
    }
  },
};

function mergeKey(rule: DestinationRule, { domain }: AnalyzerContext): string {
  const spec = object(rule.spec);
  const host = resolveHost(text(spec.host), rule.ref.namespace, domain).toLowerCase();
  return `${rule.ref.namespace}/${host}/${[...strings(spec.exportTo)].sort().join()}`;
}

interface Declaration {
  readonly text: string;
  readonly rule: DestinationRule;
}

/** What the older rules for a host say. */
interface Earlier {
  policy: Declaration | null;
  /** The first declarations of each subset that differ from each other, by name; the first two are enough to find one that differs from another. */
  readonly subsets: Map<string, readonly Declaration[]>;
}

function remember(rule: DestinationRule, earlier: Earlier): void {
  const spec = object(rule.spec);
  if (spec.trafficPolicy) earlier.policy ??= { text: JSON.stringify(spec.trafficPolicy), rule };
  for (const [, subset] of objects(spec.subsets)) {
    const name = text(subset.name);
    const known = earlier.subsets.get(name) ?? [];
    const declared = JSON.stringify(subset);
    if (known.length < 2 && known[0]?.text !== declared) earlier.subsets.set(name, [...known, { text: declared, rule }]);
  }
}

function checkRule(rule: DestinationRule, earlier: Earlier, { report }: AnalyzerContext): void {
  const spec = object(rule.spec);
  const lost: { readonly what: string; readonly path: string; readonly by: DestinationRule }[] = [];
  if (spec.trafficPolicy && earlier.policy && JSON.stringify(spec.trafficPolicy) !== earlier.policy.text) {
    lost.push({ what: 'its trafficPolicy', path: 'spec.trafficPolicy', by: earlier.policy.rule });
  }
  for (const [index, subset] of objects(spec.subsets)) {
    const declared = JSON.stringify(subset);
    const other = earlier.subsets.get(text(subset.name))?.find((candidate) => candidate.text !== declared);
    if (other) lost.push({ what: `subset ${text(subset.name)}`, path: `spec.subsets[${index}]`, by: other.rule });
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
