/** The namespaces that `exportTo` names for a resource of `namespace`: `.` becomes the namespace, `~` nobody; an absent list is `defaults`. */
export function resolveExports(exportTo: readonly string[] | undefined, namespace: string, defaults: readonly string[]): readonly string[] {
  const listed = exportTo && exportTo.length > 0 ? exportTo : defaults;
  if (listed.includes('*')) return ['*'];
  const names = new Set<string>();
  for (const name of listed) {
    if (name === '.') names.add(namespace);
    else if (name !== '~') names.add(name);
  }
  return [...names].sort();
}

/** Whether something with these exports is seen from a namespace. */
export function isExportedTo(exportTo: readonly string[], namespace: string): boolean {
  return exportTo.includes('*') || exportTo.includes(namespace);
}

/**
 * What a namespace sees, in the order in which Istio looks: what is meant for the own namespace among few, then what others export to it by name, then what
 * everybody sees. Within each the given order stays, and it decides between rivals.
 */
export function visibleFrom<T extends { readonly exportTo: readonly string[] }>(
  items: readonly T[],
  namespace: string,
  ownerOf: (item: T) => string,
): readonly T[] {
  const ranks: T[][] = [[], [], []];
  for (const item of items) {
    if (item.exportTo.includes('*')) ranks[2]?.push(item);
    else if (item.exportTo.includes(namespace)) ranks[ownerOf(item) === namespace ? 0 : 1]?.push(item);
  }
  return ranks.flat();
}
