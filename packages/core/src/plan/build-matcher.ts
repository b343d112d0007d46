import type { HeaderMatcherJson, QueryParameterMatcherJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { MetadataMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/metadata_pb';
import type { StringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';
import type { ValueMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/value_pb';
import type { RequestFacts } from './facts.ts';
import type { Fraction, HeaderMatcher, QueryMatcher, StringMatcher } from './matcher.ts';
import { perMillion } from './read.ts';
import { compileRegex } from './regex.ts';

/** Compiles Envoy's `StringMatcher`. An invalid regex matches nothing. */
export function buildStringMatcher(json: StringMatcherJson): StringMatcher {
  const ignoreCase = json.ignoreCase ?? false;
  if (json.safeRegex) return matcher('regex', json.safeRegex.regex ?? '', false);
  if (json.prefix !== undefined) return matcher('prefix', json.prefix, ignoreCase);
  if (json.suffix !== undefined) return matcher('suffix', json.suffix, ignoreCase);
  if (json.contains !== undefined) return matcher('contains', json.contains, ignoreCase);
  return matcher('exact', json.exact ?? '', ignoreCase);
}

/** What a string matcher asks for, in words. */
export function describeStringMatcher(matcher: StringMatcher): string {
  return `${matcher.kind} ${matcher.value}${matcher.ignoreCase ? ' (ignoring case)' : ''}`;
}

/** Compiles Envoy's `HeaderMatcher`. */
export function buildHeaderMatcher(json: HeaderMatcherJson): HeaderMatcher {
  const name = (json.name ?? '').toLowerCase();
  const invert = json.invertMatch ?? false;
  const missingAsEmpty = json.treatMissingHeaderAsEmpty ?? false;
  const [test, text] = headerTest(json);
  const describe = `header ${name}: want ${invert ? 'not ' : ''}${text}`;
  if (test === 'present') return { name, describe, matches: (value) => (value !== undefined) !== invert, matchesAny: () => !invert };
  if (test === 'absent') return { name, describe, matches: (value) => (value === undefined) !== invert, matchesAny: () => invert };
  return {
    name,
    describe,
    matchesAny: (values) => values.some(test) !== invert,
    matches: (value) => {
      // A missing header fails an inverted matcher too, unless it counts as empty (Envoy `HeaderUtility`).
      if (value === undefined && !missingAsEmpty) return false;
      return test(value ?? '') !== invert;
    },
  };
}

/**
 * Whether a header matcher holds on a request. Envoy judges the values of a repeated header one by one, but for those that it keeps as one
 * value from the start: a DENY rule for `x: a` would otherwise be passed by sending `x` twice.
 */
export function headerHolds(matcher: HeaderMatcher, request: Pick<RequestFacts, 'header' | 'headerValues'>): boolean {
  const value = request.header(matcher.name);
  if (value === undefined || !value.includes(',') || joinedHeaders.has(matcher.name)) return matcher.matches(value);
  const values = request.headerValues(matcher.name);
  return values.length > 1 ? matcher.matchesAny(values) : matcher.matches(value);
}

/** The values of a header that are judged one by one. */
export function judgedValues(name: string, request: Pick<RequestFacts, 'header' | 'headerValues'>): readonly string[] {
  const value = request.header(name);
  if (value === undefined) return [];
  return value.includes(',') && !joinedHeaders.has(name) ? request.headerValues(name) : [value];
}

/** The headers whose repetitions Envoy joins with a comma when it reads them. */
const joinedHeaders: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-type',
  'expect',
  'grpc-accept-encoding',
  'grpc-timeout',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'origin',
  'pragma',
  'proxy-status',
  'referer',
  'user-agent',
  'via',
  'x-client-trace-id',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-external-address',
  'x-envoy-original-host',
  'x-envoy-original-path',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
]);

/** Compiles Envoy's `QueryParameterMatcher`. */
export function buildQueryMatcher(json: QueryParameterMatcherJson): QueryMatcher {
  const name = json.name ?? '';
  if (json.stringMatch) {
    const inner = buildStringMatcher(json.stringMatch);
    return {
      name,
      describe: `query parameter ${name}: want ${describeStringMatcher(inner)}`,
      matches: (value) => value !== undefined && inner.matches(value),
    };
  }
  if (json.presentMatch === false)
    return { name, describe: `query parameter ${name}: want absent`, matches: (value) => value === undefined };
  return { name, describe: `query parameter ${name}: want present`, matches: (value) => value !== undefined };
}

/** A dynamic-metadata test: where to look and what must hold there. */
export interface MetadataTest {
  readonly filter: string;
  readonly path: readonly string[];
  readonly invert: boolean;
  readonly matches: (value: unknown) => boolean;
}

/** Compiles Envoy's `MetadataMatcher`. */
export function buildMetadataTest(json: MetadataMatcherJson): MetadataTest {
  const test = buildValueTest(json.value ?? {});
  return {
    filter: json.filter ?? '',
    path: (json.path ?? []).map((segment) => segment.key ?? ''),
    invert: json.invert ?? false,
    matches: test,
  };
}

/** Whether a metadata test holds on dynamic metadata. */
export function metadataHolds(test: MetadataTest, metadata: Readonly<Record<string, unknown>> | null | undefined): boolean {
  let value: unknown = metadata?.[test.filter];
  for (const key of test.path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return test.matches(value) !== test.invert;
}

/** What a metadata value must be, in words. */
export function describeMetadata(json: MetadataMatcherJson): string {
  const path = (json.path ?? []).map((segment) => segment.key ?? '').join('.');
  return `${json.filter ?? ''}:${path} ${json.invert ? 'not ' : ''}${JSON.stringify(json.value ?? {})}`;
}

function buildValueTest(json: ValueMatcherJson): (value: unknown) => boolean {
  if (json.stringMatch) {
    const inner = buildStringMatcher(json.stringMatch);
    return (value) => typeof value === 'string' && inner.matches(value);
  }
  if (json.boolMatch !== undefined) return (value) => value === json.boolMatch;
  if (json.presentMatch !== undefined) return (value) => (value !== undefined && value !== null) === json.presentMatch;
  if (json.doubleMatch) {
    const { exact, range } = json.doubleMatch;
    if (range) return (value) => typeof value === 'number' && value >= Number(range.start ?? 0) && value < Number(range.end ?? 0);
    return (value) => value === Number(exact ?? 0);
  }
  if (json.listMatch) {
    const inner = buildValueTest(json.listMatch.oneOf ?? {});
    return (value) => Array.isArray(value) && value.some(inner);
  }
  if (json.orMatch) {
    const inner = (json.orMatch.valueMatchers ?? []).map(buildValueTest);
    return (value) => inner.some((test) => test(value));
  }
  return (value) => value === undefined || value === null;
}

/** A `RuntimeFractionalPercent`; null when unset. */
export function buildFraction(
  json:
    | { readonly defaultValue?: { readonly numerator?: number; readonly denominator?: string | number }; readonly runtimeKey?: string }
    | undefined,
): Fraction | null {
  return json ? { perMillion: perMillion(json.defaultValue), runtimeKey: json.runtimeKey || null } : null;
}

type HeaderTest = readonly ['present' | 'absent' | ((value: string) => boolean), string];

function headerTest(json: HeaderMatcherJson): HeaderTest {
  const string = json.stringMatch ?? legacyStringMatch(json);
  if (string) {
    const inner = buildStringMatcher(string);
    return [inner.matches, describeStringMatcher(inner)];
  }
  if (json.rangeMatch) {
    const start = Number(json.rangeMatch.start ?? 0);
    const end = Number(json.rangeMatch.end ?? 0);
    return [(value) => /^[+-]?\d+$/.test(value) && Number(value) >= start && Number(value) < end, `number in [${start}, ${end})`];
  }
  return json.presentMatch === false ? ['absent', 'absent'] : ['present', 'present'];
}

function legacyStringMatch(json: HeaderMatcherJson): StringMatcherJson | null {
  if (json.exactMatch !== undefined) return { exact: json.exactMatch };
  if (json.prefixMatch !== undefined) return { prefix: json.prefixMatch };
  if (json.suffixMatch !== undefined) return { suffix: json.suffixMatch };
  if (json.containsMatch !== undefined) return { contains: json.containsMatch };
  return json.safeRegexMatch ? { safeRegex: json.safeRegexMatch } : null;
}

function matcher(kind: StringMatcher['kind'], value: string, ignoreCase: boolean): StringMatcher {
  return { kind, value, ignoreCase, matches: stringTest(kind, value, ignoreCase) };
}

function stringTest(kind: StringMatcher['kind'], value: string, ignoreCase: boolean): (text: string) => boolean {
  if (kind === 'regex') return compileRegex(value)?.matchesAll ?? (() => false);
  if (ignoreCase) {
    const inner = stringTest(kind, value.toLowerCase(), false);
    return (text) => inner(text.toLowerCase());
  }
  switch (kind) {
    case 'exact':
      return (text) => text === value;
    case 'prefix':
      return (text) => text.startsWith(value);
    case 'suffix':
      return (text) => text.endsWith(value);
    case 'contains':
      return (text) => text.includes(value);
    case 'any':
      return () => true;
  }
}
