import type { Fraction, HeaderMatcher, QueryMatcher } from './matcher.ts';

/** The path condition of a route. Prefix and exact compare the path without its query. */
export type PathMatchPlan =
  | { readonly kind: 'prefix' | 'path' | 'pathSeparatedPrefix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'regex'; readonly value: string; readonly matches: (path: string) => boolean }
  | { readonly kind: 'template'; readonly value: string; readonly match: (path: string) => ReadonlyMap<string, string> | null }
  | { readonly kind: 'connect' };

/** All conditions of a route; every one must hold. */
export interface RouteMatchPlan {
  readonly path: PathMatchPlan;
  readonly headers: readonly HeaderMatcher[];
  readonly queryParameters: readonly QueryMatcher[];
  readonly grpcOnly: boolean;
  readonly tls: { readonly presented: boolean | null; readonly validated: boolean | null } | null;
  /** Share of requests this route takes; those outside fall through to the next route. The caller draws. */
  readonly runtimeFraction: Fraction | null;
  readonly dynamicMetadata: readonly {
    readonly filter: string;
    readonly path: readonly string[];
    readonly invert: boolean;
    readonly matches: (value: unknown) => boolean;
  }[];
}
