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
