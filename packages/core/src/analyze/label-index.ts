import { type Labels, selectsLabels } from '../base/labels.ts';

/** Things with labels, found by selector without looking at each. */
export interface LabelIndex<T> {
  readonly all: readonly T[];
  /** The things that a selector selects, in their order; all of them when the selector is empty. */
  matching(selector: Labels | null | undefined): readonly T[];
  /** The first thing that a selector selects and that is accepted. */
  find(selector: Labels | null | undefined, isAccepted: (item: T) => boolean): T | undefined;
  /** Whether a selector selects anything. */
  matchesAny(selector: Labels | null | undefined): boolean;
}

/** Indexes things by each of their labels. */
export function createLabelIndex<T>(all: readonly T[], labelsOf: (item: T) => Labels): LabelIndex<T> {
  let byLabel: Map<string, T[]> | null = null;
  const postings = (key: string, value: string): readonly T[] => {
    byLabel ??= buildPostings(all, labelsOf);
    return byLabel.get(`${key}=${value}`) ?? [];
  };
  const candidates = (selector: Labels): readonly T[] => {
    let fewest = all;
    for (const key of Object.keys(selector)) {
      const found = postings(key, String(selector[key]));
      if (found.length < fewest.length) fewest = found;
    }
    return fewest;
  };
  return {
    all,
    matching: (selector) => (selector ? candidates(selector).filter((item) => selectsLabels(selector, labelsOf(item))) : all),
    find: (selector, isAccepted) =>
      selector ? candidates(selector).find((item) => selectsLabels(selector, labelsOf(item)) && isAccepted(item)) : all.find(isAccepted),
    matchesAny: (selector) => (selector ? candidates(selector).some((item) => selectsLabels(selector, labelsOf(item))) : all.length > 0),
  };
}

/** A selector as Kubernetes prints it: `a=b,c=d` with sorted keys. */
export function formatSelector(selector: Labels | null | undefined): string {
  if (!selector) return '';
  return Object.keys(selector)
    .sort()
    .map((key) => `${key}=${selector[key]}`)
    .join(',');
}

function buildPostings<T>(all: readonly T[], labelsOf: (item: T) => Labels): Map<string, T[]> {
  const byLabel = new Map<string, T[]>();
  for (const item of all) {
    const labels = labelsOf(item);
    for (const key of Object.keys(labels)) {
      const label = `${key}=${labels[key]}`;
      const list = byLabel.get(label);
      if (list) list.push(item);
      else byLabel.set(label, [item]);
    }
  }
  return byLabel;
}
