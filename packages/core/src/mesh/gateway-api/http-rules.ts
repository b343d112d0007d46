import type { GRPCRoute, HTTPRoute } from '../../resource/kinds.ts';
import type { HttpRouteSpec, Rule } from '../virtual-service.ts';
import { type BackendReference, type Referrer, resolveBackend } from './backends.ts';
import type { Finding } from './condition.ts';
import type { TranslatedRules, TranslationContext } from './context.ts';
import { backendFilters, type HttpFilter, routeFilters } from './http-filters.ts';

type HttpRule = NonNullable<HTTPRoute['spec']['rules']>[number];
type HttpMatch = NonNullable<HttpRule['matches']>[number];
type GrpcRule = NonNullable<GRPCRoute['spec']['rules']>[number];
type GrpcMatch = NonNullable<GrpcRule['matches']>[number];
type MatchSpec = NonNullable<HttpRouteSpec['match']>[number];

/** An HTTPRoute's rules, for gateways or for the mesh. Each match becomes a rule of its own, because matches are ranked across rules and routes. */
export function httpRules(route: HTTPRoute, context: TranslationContext, isMesh: boolean): TranslatedRules<HttpRouteSpec> {
  const referrer = { kind: 'HTTPRoute', namespace: route.ref.namespace, isMesh };
  const written = route.spec?.rules ?? [{}];
  const problems: Finding[] = [];
  const rules = written.flatMap((rule, index) => {
    const target = routeTarget(rule?.backendRefs ?? [], rule?.filters ?? [], referrer, context);
    problems.push(...target.problems);
    const fields: HttpRouteSpec = { ...target.fields, ...timeouts(rule), name: ruleName(route, rule, index) };
    const matches: readonly (HttpMatch | undefined)[] = rule?.matches && rule.matches.length > 0 ? rule.matches : [undefined];
    return matches.map((match, position) =>
      ruleFor(route, fields, match && httpMatch(match), { index, position, isWritten: match !== undefined }),
    );
  });
  return { rules: byPrecedence(rules), problems };
}

/** A GRPCRoute's rules: a service and method are a path. */
export function grpcRules(route: GRPCRoute, context: TranslationContext, isMesh: boolean): TranslatedRules<HttpRouteSpec> {
  const referrer = { kind: 'GRPCRoute', namespace: route.ref.namespace, isMesh };
  const problems: Finding[] = [];
  const rules = (route.spec?.rules ?? [{}]).flatMap((rule, index) => {
    const target = routeTarget(
      (rule?.backendRefs ?? []) as readonly BackendWithFilters[],
      (rule?.filters ?? []) as readonly HttpFilter[],
      referrer,
      context,
    );
    problems.push(...target.problems);
    const fields: HttpRouteSpec = { ...target.fields, name: ruleName(route, rule, index) };
    const matches: readonly (GrpcMatch | undefined)[] = rule?.matches && rule.matches.length > 0 ? rule.matches : [undefined];
    return matches.map((match, position) =>
      ruleFor(route, fields, match && grpcMatch(match), { index, position, isWritten: match !== undefined }),
    );
  });
  return { rules: byPrecedence(rules), problems };
}

/** What a rule is called in traces and access logs: as written, else by its place. */
function ruleName(route: HTTPRoute | GRPCRoute, rule: { readonly name?: string } | undefined, index: number): string {
  return rule?.name || `${route.ref.namespace}.${route.ref.name}.${index}`;
}

/**
 * The Gateway API's precedence: exact paths, then longer prefixes, then expressions; a method; more headers; more query parameters. What matches everything
 * comes last, or no expression could ever match beside it. What stays equal keeps its order, which is by age of the route and then as written.
 */
export function byPrecedence(rules: readonly Rule<HttpRouteSpec>[]): readonly Rule<HttpRouteSpec>[] {
  const ranked = rules.map((rule) => ({ rule, rank: rankOf(rule.spec.match?.[0]) }));
  return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ rule }) => rule);
}

/** Higher ranks first. */
export function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = (b[index] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return 0;
}

function rankOf(match: MatchSpec | undefined): readonly number[] {
  const { uri } = match ?? {};
  const kind = uri?.exact !== undefined ? 3 : uri?.prefix !== undefined ? 2 : uri?.regex !== undefined ? 1 : 0;
  const length = uri?.exact?.length ?? uri?.prefix?.length ?? uri?.regex?.length ?? 0;
  const headers = Object.keys(match?.headers ?? {}).length;
  const rank = [match?.method ? 1 : 0, headers, Object.keys(match?.queryParams ?? {}).length];
  const isEverything = uri?.prefix === '/' && rank.every((count) => count === 0);
  return isEverything ? [0] : [kind, length, ...rank];
}

interface Place {
  readonly index: number;
  readonly position: number;
  readonly isWritten: boolean;
}

function ruleFor(route: HTTPRoute | GRPCRoute, fields: HttpRouteSpec, match: MatchSpec | undefined, place: Place): Rule<HttpRouteSpec> {
  const path = `spec.rules[${place.index}]${place.isWritten ? `.matches[${place.position}]` : ''}`;
  const conditions = match && Object.keys(match).length > 0 ? { match: [match] } : {};
  return { spec: { ...fields, ...conditions }, ref: route.ref, path };
}

type BackendWithFilters = BackendReference & { readonly filters?: readonly (HttpFilter | undefined)[] };

/** Where a rule sends requests. Without a backend that counts, or with a filter that cannot be applied, they are answered 500. */
function routeTarget(
  backends: readonly (BackendWithFilters | undefined)[],
  filters: readonly (HttpFilter | undefined)[],
  referrer: Referrer,
  context: TranslationContext,
): { readonly fields: HttpRouteSpec; readonly problems: readonly Finding[] } {
  const filtered = routeFilters(filters, referrer, context);
  if (filtered.fields.redirect) return filtered;
  const problems = [...filtered.problems];
  const counting = backends.filter((backend) => (backend?.weight ?? 1) > 0);
  const destinations = counting.map((backend) => {
    const { destination, problem } = resolveBackend(backend ?? {}, referrer, context);
    if (problem) problems.push(problem);
    const own = backendFilters(backend?.filters ?? [], referrer, context);
    problems.push(...own.problems);
    return {
      destination,
      ...(counting.length > 1 && { weight: backend?.weight ?? 1 }),
      ...(own.fields.headers && { headers: own.fields.headers }),
    };
  });
  const isUsable = destinations.length > 0 && !problems.some((problem) => problem.type === 'Accepted');
  if (isUsable) return { fields: { ...filtered.fields, route: destinations }, problems };
  return { fields: { directResponse: { status: 500 } }, problems };
}

/** Without a `retry` section there is one try that counts, so the time for a backend's answer, which is never longer, is the route's. */
function timeouts(rule: HttpRule | undefined): HttpRouteSpec {
  const { request, backendRequest } = rule?.timeouts ?? {};
  const { attempts, backoff, codes } = rule?.retry ?? {};
  const isSet = (duration: string | undefined) => duration !== undefined && !/^0+(ms|s|m|h)?$/.test(duration);
  const whole = isSet(request) ? { timeout: request } : {};
  const ofTry = isSet(backendRequest) ? backendRequest : undefined;
  if (!rule?.retry) return ofTry ? { timeout: ofTry } : whole;
  const retryOn = [...(codes ?? []).map(String), 'connect-failure', 'refused-stream', 'unavailable', 'cancelled'].join();
  const retries = { attempts: attempts ?? 2, retryOn, ...(backoff && { backoff }), ...(ofTry && { perTryTimeout: ofTry }) };
  return { ...whole, retries };
}

function httpMatch(match: HttpMatch): MatchSpec {
  const headers = headerMatches(match.headers);
  const queryParams = firstByName((match.queryParams ?? []).map((parameter) => [parameter?.name ?? '', textMatch(parameter)]));
  return {
    uri: uriMatch(match.path),
    ...(match.method && { method: { exact: match.method } }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(Object.keys(queryParams).length > 0 && { queryParams }),
  };
}

type TextCondition = { readonly name?: string; readonly type?: string; readonly value?: string } | undefined;

function headerMatches(conditions: readonly TextCondition[] | undefined) {
  return firstByName((conditions ?? []).map((header) => [(header?.name ?? '').toLowerCase(), textMatch(header)]));
}

/** Of several conditions on one name the first counts. */
function firstByName<T>(entries: readonly (readonly [name: string, value: T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].reverse());
}

/** The path `/` is meant where none is written. A prefix goes by path elements, so a slash at its end says nothing; the prefix `/` is every path. */
function uriMatch(path: HttpMatch['path']): NonNullable<MatchSpec['uri']> {
  const value = path?.value ?? '/';
  if (path?.type === 'Exact') return { exact: value };
  if (path?.type === 'RegularExpression') return { regex: value };
  return value === '/' ? { prefix: '/' } : { prefix: value.replace(/\/$/, '') };
}

function grpcMatch(match: GrpcMatch): MatchSpec {
  const headers = headerMatches(match.headers);
  const { service, method, type } = match.method ?? {};
  const uri = grpcPath(service, method, type === 'RegularExpression');
  return { ...(uri && { uri }), ...(Object.keys(headers).length > 0 && { headers }) };
}

function grpcPath(service: string | undefined, method: string | undefined, isRegex: boolean): MatchSpec['uri'] | undefined {
  if (!service && !method) return undefined;
  if (isRegex) return { regex: `/${service || '[^/]+'}/${method || '.+'}` };
  if (service && method) return { exact: `/${service}/${method}` };
  return service ? { prefix: `/${service}` } : { regex: `/[^/]+/${method}` };
}

function textMatch(condition: TextCondition) {
  const value = condition?.value ?? '';
  return condition?.type === 'RegularExpression' ? { regex: value } : { exact: value };
}
