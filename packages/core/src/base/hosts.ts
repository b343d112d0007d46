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

/**
 * The places of hosts in a list that have a name in common with another one, each with the place of one such that comes before it. Takes time in
 * proportion to the list, not to the number of its pairs.
 */
export function overlappingHosts(hosts: readonly string[]): readonly (readonly [later: number, earlier: number])[] {
  const lower = hosts.map((host) => host.toLowerCase());
  const placeByHost = new Map<string, number>();
  const placeBySuffix = new Map<string, number>();
  const overlaps: (readonly [number, number])[] = [];
  for (const [place, host] of lower.entries()) {
    const known = placeByHost.get(host);
    if (known !== undefined) overlaps.push([place, known]);
    else placeByHost.set(host, place);
    if (host.startsWith('*') && !placeBySuffix.has(host.slice(1))) placeBySuffix.set(host.slice(1), place);
  }
  const lengths = new Set([...placeBySuffix.keys()].map((suffix) => suffix.length));
  for (const [place, host] of lower.entries()) {
    const name = host.startsWith('*') ? host.slice(1) : host;
    for (const length of lengths) {
      const covering = length > name.length ? undefined : placeBySuffix.get(name.slice(name.length - length));
      if (covering !== undefined && lower[covering] !== host) overlaps.push([Math.max(place, covering), Math.min(place, covering)]);
    }
  }
  return overlaps;
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
