/** `previous` when it holds the same elements, else `next`: keeps identity so that what depends on the list need not be made again. */
export function reuseList<T>(next: readonly T[], previous: readonly T[] | undefined): readonly T[] {
  return previous !== undefined && sameElements(next, previous) ? previous : next;
}

/** Whether two lists hold the same objects in the same order. */
export function sameElements(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index]);
}

/** The elements by key, in their order. */
export function groupBy<T>(elements: readonly T[], keyOf: (element: T) => string): ReadonlyMap<string, readonly T[]>;
export function groupBy<T, V>(
  elements: readonly T[],
  keyOf: (element: T) => string,
  toValue: (element: T) => V,
): ReadonlyMap<string, readonly V[]>;
export function groupBy<T, V>(
  elements: readonly T[],
  keyOf: (element: T) => string,
  toValue?: (element: T) => V,
): ReadonlyMap<string, readonly (T | V)[]> {
  const groups = new Map<string, (T | V)[]>();
  for (const element of elements) {
    const key = keyOf(element);
    const value = toValue ? toValue(element) : element;
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
