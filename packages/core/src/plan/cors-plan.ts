import type { Fraction, StringMatcher } from './matcher.ts';

/** CORS as one route, virtual host or filter configures it. */
export interface CorsPlan {
  readonly allowOrigins: readonly StringMatcher[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean | null;
  readonly allowPrivateNetwork: boolean | null;
  readonly forwardNotMatchingPreflights: boolean;
  /** null = always on. */
  readonly enabled: Fraction | null;
  readonly shadowEnabled: Fraction | null;
}
