import { object, strings, text } from '../fields.ts';

export interface StringCondition {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

type Conditions = Readonly<Record<string, StringCondition | null>>;

/** The conditions of one match of an HTTP rule, all of which must hold. */
export interface HttpMatch {
  readonly name?: string;
  readonly uri?: StringCondition | null;
  readonly ignoreUriCase?: boolean;
  readonly scheme?: StringCondition | null;
  readonly method?: StringCondition | null;
  readonly authority?: StringCondition | null;
  readonly headers?: Conditions | null;
  readonly withoutHeaders?: Conditions | null;
  readonly queryParams?: Conditions | null;
  readonly port?: number | null;
  readonly sourceLabels?: Readonly<Record<string, string>> | null;
  readonly sourceNamespace?: string | null;
  readonly gateways?: readonly string[] | null;
}

/** Whether every request that meets the second match certainly meets the first: each condition of the first follows from the second's. */
export function covers(first: HttpMatch, second: HttpMatch): boolean {
  return (
    coversUri(first, second) &&
    coversText(first.scheme, second.scheme) &&
    coversText(first.method, second.method) &&
    coversText(first.authority, second.authority) &&
    coversAll(first.headers, second.headers) &&
    coversAll(first.queryParams, second.queryParams) &&
    coversAbsence(first.withoutHeaders, second.withoutHeaders) &&
    (!first.port || first.port === second.port) &&
    (!first.sourceNamespace || first.sourceNamespace === second.sourceNamespace) &&
    Object.entries(object(first.sourceLabels)).every(([key, value]) => object(second.sourceLabels)[key] === value) &&
    coversGateways(strings(first.gateways), strings(second.gateways))
  );
}

function coversUri(first: HttpMatch, second: HttpMatch): boolean {
  if (!first.uri || isAnyPath(first.uri)) return true;
  if (!second.uri || (second.ignoreUriCase && !first.ignoreUriCase)) return false;
  return first.ignoreUriCase ? coversText(lowered(first.uri), lowered(second.uri)) : coversText(first.uri, second.uri);
}

function lowered(condition: StringCondition): StringCondition {
  return {
    ...condition,
    ...(condition.exact === undefined ? {} : { exact: text(condition.exact).toLowerCase() }),
    ...(condition.prefix === undefined ? {} : { prefix: text(condition.prefix).toLowerCase() }),
  };
}

/** Whether a condition on the path holds for every path. */
export function isAnyPath(uri: StringCondition): boolean {
  return uri.prefix === '/' || uri.prefix === '' || uri.regex === '.*' || uri.regex === '/.*';
}

function coversText(first: StringCondition | null | undefined, second: StringCondition | null | undefined): boolean {
  if (!first || isPresence(first)) return !first || Boolean(second);
  if (!second) return false;
  if (first.exact !== undefined) return first.exact === second.exact;
  if (first.prefix !== undefined) return text(second.exact ?? second.prefix).startsWith(text(first.prefix));
  return first.regex === second.regex;
}

/** A condition without a value asks only that there is one. */
function isPresence(condition: StringCondition): boolean {
  return condition.exact === undefined && condition.prefix === undefined && condition.regex === undefined;
}

function coversAll(first: Conditions | null | undefined, second: Conditions | null | undefined): boolean {
  return Object.entries(object(first)).every(([key, condition]) => {
    const other = object(second)[key];
    return other !== undefined && coversText(condition ?? {}, other ?? {});
  });
}

function coversAbsence(first: Conditions | null | undefined, second: Conditions | null | undefined): boolean {
  return Object.entries(object(first)).every(([key, condition]) => JSON.stringify(object(second)[key]) === JSON.stringify(condition));
}

function coversGateways(first: readonly string[], second: readonly string[]): boolean {
  return first.length === 0 || (second.length > 0 && second.every((gateway) => first.includes(gateway)));
}
