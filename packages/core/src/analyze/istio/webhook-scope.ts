import { selectsByExpressions } from '../../base/labels.ts';
import type { LabelSelector } from '../../resource/kubernetes-types.ts';
import { object, strings } from '../fields.ts';

export const revisionLabel = 'istio.io/rev';

/** What a label selector says about one label (`''` stands for a resource without it) and the revision. */
export interface RevisionScope {
  /** The revisions it names, and `''` for none: `value/revision`. */
  readonly named: ReadonlySet<string>;
  /** The values of the label with which it selects every revision that it does not name. */
  readonly others: ReadonlySet<string>;
  readonly mentioned: ReadonlySet<string>;
}

/** Revisions that a selector mentions, whatever it says about them. */
export function mentionedRevisions(selector: LabelSelector | null | undefined): readonly string[] {
  const matched = object(object(selector).matchLabels)[revisionLabel];
  const listed = (object(selector).matchExpressions ?? [])
    .filter((expression) => expression.key === revisionLabel)
    .flatMap((expression) => strings(expression.values));
  return typeof matched === 'string' ? [matched, ...listed] : listed;
}

const unmentioned = '\u0000';

/** Reduces a selector to what it says about a label with one of some values, or without it, and about revisions. */
export function revisionScope(selector: LabelSelector | null | undefined, label: string, values: readonly string[]): RevisionScope {
  const mentioned = new Set(mentionedRevisions(selector));
  const selects = (value: string, revision: string | null): boolean =>
    selectsByExpressions(selector, {
      ...(value === '' ? {} : { [label]: value }),
      ...(revision === null ? {} : { [revisionLabel]: revision }),
    });
  const all = ['', ...values];
  return {
    named: new Set(
      all.flatMap((value) => [
        ...(selects(value, null) ? [`${value}/`] : []),
        ...[...mentioned].filter((revision) => selects(value, revision)).map((revision) => `${value}/${revision}`),
      ]),
    ),
    others: new Set(all.filter((value) => selects(value, unmentioned))),
    mentioned,
  };
}

/** Whether there is something that both select. */
export function scopesOverlap(a: RevisionScope, b: RevisionScope): boolean {
  for (const value of a.others) if (b.others.has(value)) return true;
  return selectsNamed(a, b) || selectsNamed(b, a);
}

/** Whether one selects what the other names. */
function selectsNamed(one: RevisionScope, other: RevisionScope): boolean {
  for (const name of other.named) {
    if (one.named.has(name)) return true;
    const slash = name.indexOf('/');
    const revision = name.slice(slash + 1);
    if (revision !== '' && one.others.has(name.slice(0, slash)) && !one.mentioned.has(revision)) return true;
  }
  return false;
}
