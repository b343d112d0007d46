import type { VirtualService } from '../../resource/kinds.ts';
import type { AnalysisSettings, Finding } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { fact } from '../proof.ts';
import { createCoveringMatches } from './covering-matches.ts';
import type { HttpMatch } from './match-coverage.ts';
import { overlappingPrefixes } from './match-overlap.ts';

interface Rule {
  readonly name?: string | null;
  readonly match?: readonly (HttpMatch | null)[] | null;
  readonly delegate?: unknown;
}

/** Rules and matches of a VirtualService that no request reaches, because an earlier one takes it. */
export function findUnreachable(service: VirtualService, { exact }: AnalysisSettings, report: (finding: Finding) => void): void {
  const spec = object(service.spec);
  for (const field of ['http', 'tcp', 'tls'] as const) {
    const rules = objects<Rule>(spec[field] as readonly Rule[] | undefined);
    const reporter = createReporter(service, field, report);
    if (field === 'http' && !exact) findCovered(rules, reporter);
    else findDuplicates(rules, reporter);
    if (field === 'http' && exact) {
      for (const overlap of overlappingPrefixes(rules))
        reporter.match(overlap.rule, overlap.match, overlap.byRule, overlap.byMatch, overlap.why);
    }
  }
}

interface Reporter {
  /** The whole rule is never used; `by` is the rule that takes its requests. */
  rule(rule: number, by: number, why: string): void;
  match(rule: number, match: number, byRule: number, byMatch: number, why: string): void;
}

/** Istio's own rule: a catch-all ends the list, and a match that is written twice counts once. */
function findDuplicates(rules: readonly (readonly [number, Rule])[], reporter: Reporter): void {
  const first = new Map<string, readonly [rule: number, match: number]>();
  let catchAll = -1;
  for (const [index, rule] of rules) {
    const matches = rule.match ?? [];
    if (!Array.isArray(rule.match) || matches.length === 0) {
      if (catchAll >= 0) reporter.rule(index, catchAll, 'both have no match');
      catchAll = index;
      continue;
    }
    let duplicates = 0;
    for (const [matchIndex, match] of matches.entries()) {
      if (catchAll >= 0) {
        reporter.rule(index, catchAll, 'that one has no match');
        continue;
      }
      const key = canonical(match);
      const known = first.get(key);
      if (known) {
        reporter.match(index, matchIndex, known[0], known[1], 'has the same conditions');
        duplicates++;
      } else first.set(key, [index, matchIndex]);
    }
    if (duplicates === matches.length)
      reporter.rule(index, first.get(canonical(matches[0] ?? null))?.[0] ?? index, 'has all of its matches');
  }
}

/** What really cannot be reached: every condition of an earlier match follows from the later one's. */
function findCovered(rules: readonly (readonly [number, Rule])[], reporter: Reporter): void {
  const earlier = createCoveringMatches();
  for (const [index, rule] of rules) {
    const matches = objects<HttpMatch | null>(rule.match as readonly HttpMatch[] | undefined);
    const conditions: readonly (readonly [number, HttpMatch])[] = matches.length === 0 ? [[-1, {}]] : matches;
    const taken: number[] = [];
    for (const [matchIndex, condition] of conditions) {
      const by = earlier.find(condition);
      if (by) {
        taken.push(by.rule);
        if (matches.length > 0 && by.match >= 0)
          reporter.match(index, matchIndex, by.rule, by.match, 'takes every request that this one would');
      } else if (!rule.delegate) earlier.add({ rule: index, match: matchIndex, condition });
    }
    const by = taken[0];
    if (by !== undefined && by !== index && taken.length === conditions.length) reporter.rule(index, by, 'takes every request first');
  }
}

function createReporter(service: VirtualService, field: 'http' | 'tcp' | 'tls', report: (finding: Finding) => void): Reporter {
  const names = (objects(object(service.spec)[field]) as readonly (readonly [number, Rule])[]).map(
    ([index, rule]) => [index, text(rule.name)] as const,
  );
  const nameByRule = new Map(names);
  const ruleName = (index: number): string =>
    nameByRule.get(index) ? `"${nameByRule.get(index)}" (${field}[${index}])` : `${field}[${index}]`;
  return {
    rule(index, by, why) {
      report({
        type: 'VirtualServiceUnreachableRule',
        resource: service,
        path: `spec.${field}[${index}]`,
        identity: `${field} ${ruleName(index)} ${why}`,
        message: `Rule ${ruleName(index)} is never used: rule ${ruleName(by)} comes before it and ${why}. Move it up, or remove it.`,
        proof: [
          fact(service, `spec.${field}[${by}]`, `is tried first; ${why}`),
          fact(service, `spec.${field}[${index}]`, 'comes after it'),
        ],
      });
    },
    match(index, match, byRule, byMatch, why) {
      const path = match < 0 ? `spec.${field}[${index}]` : `spec.${field}[${index}].match[${match}]`;
      report({
        type: 'VirtualServiceIneffectiveMatch',
        resource: service,
        path,
        identity: `${path} by ${byRule}${why === 'has the same conditions' ? '' : `.${byMatch}`}`,
        message: `Match ${match} of rule ${ruleName(index)} is never used: match ${byMatch} of rule ${ruleName(byRule)} ${why}. Remove it, or put it first.`,
        proof: [fact(service, `spec.${field}[${byRule}].match[${byMatch}]`, why)],
      });
    },
  };
}

/** A match without its name and without fields that are empty, so that equal matches give equal texts. */
function canonical(match: object | null): string {
  if (match === null) return 'null';
  const fields = Object.entries(match).filter(([key, value]) => key !== 'name' && value && !(Array.isArray(value) && value.length === 0));
  return JSON.stringify(sorted(Object.fromEntries(fields)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)] as const),
  );
}
