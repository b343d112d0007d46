import type { HeaderMatcher, QueryMatcher } from './matcher.ts';

/** One rate limit: descriptors made from the request. */
export interface RateLimitActionsPlan {
  readonly stage: number;
  readonly disableKey: string;
  readonly actions: readonly RateLimitActionPlan[];
  /** Overrides for local rate limits; null = none. */
  readonly applyOnStreamDone: boolean;
}

/** One descriptor entry of a rate limit. */
export type RateLimitActionPlan =
  | { readonly kind: 'sourceCluster' | 'destinationCluster' | 'remoteAddress' }
  | { readonly kind: 'maskedRemoteAddress'; readonly v4PrefixLength: number; readonly v6PrefixLength: number }
  | { readonly kind: 'requestHeader'; readonly header: string; readonly key: string; readonly skipIfAbsent: boolean }
  | { readonly kind: 'queryParameter'; readonly parameter: string; readonly key: string; readonly skipIfAbsent: boolean }
  | { readonly kind: 'genericKey'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'headerValueMatch';
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly headers: readonly HeaderMatcher[];
    }
  | {
      readonly kind: 'queryParameterValueMatch';
      readonly key: string;
      readonly value: string;
      readonly expectMatch: boolean;
      readonly parameters: readonly QueryMatcher[];
    }
  | {
      readonly kind: 'metadata';
      readonly key: string;
      readonly source: 'DYNAMIC' | 'ROUTE_ENTRY';
      readonly filter: string;
      readonly path: readonly string[];
      readonly defaultValue: string;
      readonly skipIfAbsent: boolean;
    }
  | { readonly kind: 'unsupported'; readonly what: string };
