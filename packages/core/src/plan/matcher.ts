/** A test on a text, compiled once. `kind` and `value` are kept for explanations. */
export interface StringMatcher {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains' | 'regex' | 'any';
  /** As configured; `''` for `any`. */
  readonly value: string;
  readonly ignoreCase: boolean;
  readonly matches: (text: string) => boolean;
}

/** A test on one request header. */
export interface HeaderMatcher {
  /** Lower-case; pseudo-headers (`:method`, `:authority` …) included. */
  readonly name: string;
  readonly describe: string;
  /** For a header sent once; undefined when the request lacks it. */
  readonly matches: (value: string | undefined) => boolean;
  /** For a header sent several times: one value that fits is enough, and an inverted matcher wants none. */
  readonly matchesAny: (values: readonly string[]) => boolean;
}

/** A test on one query parameter. */
export interface QueryMatcher {
  readonly name: string;
  readonly describe: string;
  readonly matches: (value: string | undefined) => boolean;
}

/** A share of requests. The engine never draws: it returns the fraction and its caller draws. */
export interface Fraction {
  /** 0 … 1,000,000. */
  readonly perMillion: number;
  /** Envoy runtime key that could override it; null when there is none. */
  readonly runtimeKey: string | null;
}
