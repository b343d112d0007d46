/**
 * Whether two host patterns have a name in common: `*.com` and `a.com` do, in either order, `*.foo.com` and `foo.com` do not. A leading `*` stands for any
 * characters. Letter case does not matter.
 */
export function hostMatches(a: string, b: string): boolean {
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  const leftWild = left.startsWith('*');
  const rightWild = right.startsWith('*');
  if (leftWild && rightWild) {
    return left.length < right.length ? right.endsWith(left.slice(1)) : left.endsWith(right.slice(1));
  }
  if (leftWild) return right.endsWith(left.slice(1));
  if (rightWild) return left.endsWith(right.slice(1));
  return left === right;
}

/** Whether every name that `a` stands for is one of `b`: `a.com` and `*.a.com` are subsets of `*.com`, never the reverse. */
export function hostSubsetOf(a: string, b: string): boolean {
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  if (left.startsWith('*')) {
    return right.startsWith('*') && left.length >= right.length && left.endsWith(right.slice(1));
  }
  if (right.startsWith('*')) return left.endsWith(right.slice(1));
  return left === right;
}

/** Precedence of host patterns, for sorting: names before wildcards, then longer before shorter, then alphabetical. */
export function compareHosts(a: string, b: string): number {
  const aWild = a.startsWith('*');
  const bWild = b.startsWith('*');
  if (aWild !== bWild) return aWild ? 1 : -1;
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a host is a wildcard pattern. */
export function isWildcardHost(host: string): boolean {
  return host.startsWith('*');
}

/**
 * The full name of a host written in a resource: a name without a dot is a service of the resource's own namespace; names with a dot, `*` and
 * addresses stay as they are.
 */
export function resolveHost(host: string, namespace: string, domain: string): string {
  if (host === '' || host === '*' || host.includes('.') || host.includes(':')) return host;
  return `${host}.${namespace}.svc.${domain}`;
}
