import { type Labels, selectsLabels } from '../base/labels.ts';

/** Things that select by labels, found by what they select without looking at each. */
export interface SelectorIndex<T> {
  /** The things whose selector selects these labels, in their order. */
  selecting(labels: Labels): readonly T[];
  /** Whether anything selects these labels. */
  isSelected(labels: Labels): boolean;
}

interface Entry<T> {
  readonly item: T;
  readonly selector: Labels;
  readonly place: number;
}

/** Indexes things by the label of their selector that the fewest of them ask for. Empty selectors select everything. */
export function createSelectorIndex<T>(items: readonly T[], selectorOf: (item: T) => Labels): SelectorIndex<T> {
  const entries = items.map((item, place) => ({ item, place, selector: selectorOf(item) }));
  const uses = new Map<string, number>();
  for (const { selector } of entries) for (const label of labelTexts(selector)) uses.set(label, (uses.get(label) ?? 0) + 1);
  const always: Entry<T>[] = [];
  const byLabel = new Map<string, Entry<T>[]>();
  for (const entry of entries) {
    const [rarest] = labelTexts(entry.selector).sort((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0));
    if (rarest === undefined) always.push(entry);
    else if (!byLabel.get(rarest)?.push(entry)) byLabel.set(rarest, [entry]);
  }
  return {
    isSelected: (labels) =>
      always.length > 0 || labelTexts(labels).some((label) => byLabel.get(label)?.some(({ selector }) => selectsLabels(selector, labels))),
    selecting(labels) {
      const found = labelTexts(labels).flatMap((label) => byLabel.get(label) ?? []);
      return [...always, ...found.filter(({ selector }) => selectsLabels(selector, labels))]
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item);
    },
  };
}

function labelTexts(labels: Labels): string[] {
  return Object.keys(labels).map((key) => `${key}=${labels[key]}`);
}
