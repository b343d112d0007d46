/** One piece of an Envoy substitution format string such as `%REQ(:path):20%`. */
export type FormatSegment =
  | { readonly kind: 'literal'; readonly text: string }
  | {
      readonly kind: 'operator';
      /** Upper-case command name, e.g. `REQ`, `START_TIME`, `DOWNSTREAM_REMOTE_ADDRESS`. */
      readonly name: string;
      /** Text between the parentheses; null without parentheses. */
      readonly argument: string | null;
      /** `:Z`: longest output in characters; null for no limit. */
      readonly maxLength: number | null;
    };

/** A parsed format string; `literal` holds the whole text when it needs no request. */
export interface FormatPlan {
  readonly text: string;
  readonly literal: string | null;
  readonly segments: readonly FormatSegment[];
}

/** A JSON tree of formats; leaves are formats, or values passed on as they are. */
export type FormatTree =
  | { readonly kind: 'format'; readonly format: FormatPlan }
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, tree: FormatTree])[] }
  | { readonly kind: 'list'; readonly items: readonly FormatTree[] };

/** What an access log line or a local reply body is made of. */
export type FormatOutput =
  | { readonly kind: 'text'; readonly format: FormatPlan; readonly contentType: string | null; readonly omitEmptyValues: boolean }
  | { readonly kind: 'json'; readonly tree: FormatTree; readonly contentType: string | null; readonly omitEmptyValues: boolean };
