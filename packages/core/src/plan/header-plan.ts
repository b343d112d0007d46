import type { FormatPlan } from './format-plan.ts';

/** One header change; `value` may hold substitution operators. */
export interface HeaderAdditionPlan {
  /** Lower-case. */
  readonly name: string;
  /** As configured, for codecs that keep case. */
  readonly originalName: string;
  readonly value: FormatPlan;
  readonly action: 'APPEND_IF_EXISTS_OR_ADD' | 'ADD_IF_ABSENT' | 'OVERWRITE_IF_EXISTS_OR_ADD' | 'OVERWRITE_IF_EXISTS';
  readonly keepEmptyValue: boolean;
}

/** Header changes of one level (route, virtual host …): removals come first, then additions in order. */
export interface HeaderMutationPlan {
  readonly remove: readonly string[];
  readonly add: readonly HeaderAdditionPlan[];
}

/** Replacement of what a regex matches; `substitution` uses RE2's `\1`. */
export interface RegexRewritePlan {
  readonly regex: string;
  readonly substitution: string;
  readonly replace: (text: string) => string;
}
