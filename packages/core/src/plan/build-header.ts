import type { HeaderMutationJson } from '@weft/envoy-api/envoy/config/common/mutation_rules/v3/mutation_rules_pb';
import type { HeaderValueOptionJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { RegexMatchAndSubstituteJson } from '@weft/envoy-api/envoy/type/matcher/v3/regex_pb';
import { parseFormat } from './format.ts';
import type { HeaderAdditionPlan, HeaderMutationPlan, RegexRewritePlan } from './header-plan.ts';
import { compileRegex } from './regex.ts';

/** One `HeaderValueOption`. The deprecated `append` counts where no action is given. */
export function buildHeaderAddition(json: HeaderValueOptionJson): HeaderAdditionPlan {
  const name = json.header?.key ?? '';
  return {
    name: name.toLowerCase(),
    originalName: name,
    value: parseFormat(json.header?.value ?? ''),
    action: actionOf(json),
    keepEmptyValue: json.keepEmptyValue ?? false,
  };
}

/** The header changes of one level; null when there are none. */
export function buildHeaderMutation(
  add: readonly HeaderValueOptionJson[] | undefined,
  remove: readonly string[] | undefined,
): HeaderMutationPlan | null {
  if (!add?.length && !remove?.length) return null;
  return { remove: (remove ?? []).map((name) => name.toLowerCase()), add: (add ?? []).map(buildHeaderAddition) };
}

/** Single changes in their order: one level for each run of removals and the additions after it, because a level removes before it adds. */
export function buildHeaderMutations(mutations: readonly HeaderMutationJson[]): readonly HeaderMutationPlan[] {
  const levels: { remove: string[]; add: HeaderAdditionPlan[] }[] = [];
  let last: (typeof levels)[number] | undefined;
  for (const { remove, append } of mutations) {
    if (!last || (remove && last.add.length > 0)) {
      last = { remove: [], add: [] };
      levels.push(last);
    }
    if (remove) last.remove.push(remove.toLowerCase());
    if (append) last.add.push(buildHeaderAddition(append));
  }
  return levels;
}

/** A regex rewrite; one with an invalid regex changes nothing. */
export function buildRegexRewrite(json: RegexMatchAndSubstituteJson): RegexRewritePlan {
  const regex = json.pattern?.regex ?? '';
  const substitution = json.substitution ?? '';
  const compiled = compileRegex(regex);
  return { regex, substitution, replace: compiled ? (text) => compiled.replaceAll(text, substitution) : (text) => text };
}

function actionOf(json: HeaderValueOptionJson): HeaderAdditionPlan['action'] {
  if (json.append !== undefined) return json.append === false ? 'OVERWRITE_IF_EXISTS_OR_ADD' : 'APPEND_IF_EXISTS_OR_ADD';
  const action = json.appendAction;
  return action === undefined ? 'APPEND_IF_EXISTS_OR_ADD' : (action as HeaderAdditionPlan['action']);
}
