import type { HttpRouteSpec } from './virtual-service.ts';

type HttpMatch = NonNullable<HttpRouteSpec['match']>[number];
type StringMatch = NonNullable<HttpMatch['uri']>;
type StringMatches = Readonly<Record<string, StringMatch>>;

/** Fields that a delegate's route takes from the root's when it has none of its own. */
const inheritedFields = [
  'rewrite',
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrorPercent',
  'mirrorPercentage',
  'mirrors',
  'corsPolicy',
  'headers',
] as const;

/**
 * The route of a delegate as the root's route restricts it: matches are combined pairwise, what the delegate leaves out comes from the root. Null when no pair
 * of matches can hold together: such a route has no effect.
 */
export function mergeDelegate(root: HttpRouteSpec, delegate: HttpRouteSpec): HttpRouteSpec | null {
  const match = mergeMatches(root.match ?? [], delegate.match ?? []);
  if (match === null) return null;
  const inherited: Record<string, unknown> = {};
  for (const field of inheritedFields) if (delegate[field] === undefined && root[field] !== undefined) inherited[field] = root[field];
  const name = joinNames(root.name, delegate.name);
  const { delegate: _, ...own } = delegate;
  return { ...own, ...inherited, ...(match.length > 0 ? { match } : {}), ...(name ? { name } : {}) };
}

function mergeMatches(root: readonly HttpMatch[], delegate: readonly HttpMatch[]): readonly HttpMatch[] | null {
  if (root.length === 0) return delegate;
  if (delegate.length === 0) return root;
  const merged: HttpMatch[] = [];
  for (const sub of delegate) {
    const compatible = root.filter((match) => !conflicts(match, sub));
    if (compatible.length === 0) return null;
    for (const match of compatible) merged.push(mergeMatch(match, sub));
  }
  return merged;
}

function mergeMatch(root: HttpMatch, delegate: HttpMatch): HttpMatch {
  const name = joinNames(root.name, delegate.name);
  return {
    ...root,
    ...delegate,
    ...(name ? { name } : {}),
    ...(root.headers || delegate.headers ? { headers: { ...root.headers, ...delegate.headers } } : {}),
    ...(root.withoutHeaders || delegate.withoutHeaders ? { withoutHeaders: { ...root.withoutHeaders, ...delegate.withoutHeaders } } : {}),
    ...(root.queryParams || delegate.queryParams ? { queryParams: { ...root.queryParams, ...delegate.queryParams } } : {}),
  };
}

function conflicts(root: HttpMatch, leaf: HttpMatch): boolean {
  return (
    stringConflict(root.uri, leaf.uri) ||
    stringConflict(root.scheme, leaf.scheme) ||
    stringConflict(root.method, leaf.method) ||
    stringConflict(root.authority, leaf.authority) ||
    mapConflict(root.headers, leaf.headers) ||
    mapConflict(root.withoutHeaders, leaf.withoutHeaders) ||
    mapConflict(root.queryParams, leaf.queryParams) ||
    (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false) ||
    Boolean(root.port && leaf.port && root.port !== leaf.port)
  );
}

function mapConflict(root: StringMatches | undefined, leaf: StringMatches | undefined): boolean {
  return Object.entries(leaf ?? {}).some(([key, match]) => stringConflict(root?.[key], match));
}

/** Whether what the leaf matches is not certainly a part of what the root matches. Regular expressions cannot be compared. */
function stringConflict(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (!root || !leaf) return false;
  if (root.regex || leaf.regex) return true;
  if (root.exact) return Boolean(leaf.prefix) || leaf.exact !== root.exact;
  if (root.prefix) return !(leaf.prefix || leaf.exact || '').startsWith(root.prefix);
  // Presence (`{}`) in the root holds for whatever the leaf asks for.
  return false;
}

function joinNames(root: string | undefined, delegate: string | undefined): string {
  return [root, delegate].filter(Boolean).join('-');
}
