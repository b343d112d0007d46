import { parseDurationMs } from '../../base/durations.ts';
import type { GRPCRoute, GRPCRouteSpec, HTTPRoute, HTTPRouteSpec, TCPRoute, TLSRoute, UDPRoute } from '../kinds.ts';
import type { Report } from './report.ts';
import { checkRegex } from './values.ts';

// The rules that the definitions of the Gateway API's routes state in CEL.

type HttpRule = NonNullable<HTTPRouteSpec['rules']>[number];
type HttpMatch = NonNullable<HttpRule['matches']>[number];
type HttpFilter = NonNullable<HttpRule['filters']>[number];
type GrpcRule = NonNullable<GRPCRouteSpec['rules']>[number];
type GrpcFilter = NonNullable<GrpcRule['filters']>[number];
type ParentRef = NonNullable<HTTPRouteSpec['parentRefs']>[number];

interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly port?: number;
}

const maxMatches = 128;
const pathCharacters = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;
const grpcService = /^\.?[a-z_][a-z_0-9]*(?:\.[a-z_][a-z_0-9]*)*$/i;
const grpcMethod = /^[A-Za-z_][A-Za-z_0-9]*$/;
const httpFilterFields = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
  ExtensionRef: 'extensionRef',
} as const satisfies Record<string, keyof HttpFilter>;
const repeatableFilters: ReadonlySet<string> = new Set(['RequestMirror', 'ExtensionRef', 'ExternalAuth']);

/** What the definition asks of an HTTPRoute. */
export function checkHttpRouteResource(resource: HTTPRoute, report: Report): void {
  const { spec } = resource;
  checkParentRefs(spec.parentRefs, report);
  checkRules(spec.rules, report);
  for (const [index, rule] of (spec.rules ?? []).entries()) checkHttpRule(rule, `spec.rules[${index}]`, report);
}

/** What the definition asks of a GRPCRoute. */
export function checkGrpcRouteResource(resource: GRPCRoute, report: Report): void {
  const { spec } = resource;
  checkParentRefs(spec.parentRefs, report);
  checkRules(spec.rules, report);
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    const path = `spec.rules[${index}]`;
    for (const [matchIndex, match] of (rule.matches ?? []).entries()) {
      const at = `${path}.matches[${matchIndex}]`;
      checkUniqueNames(match.headers, `${at}.headers`, report);
      if (match.method) checkGrpcMethod(match.method, `${at}.method`, report);
    }
    checkGrpcFilters(rule.filters, `${path}.filters`, report);
    for (const [backend, ref] of (rule.backendRefs ?? []).entries()) {
      checkBackendRef(ref, `${path}.backendRefs[${backend}]`, report);
      checkGrpcFilters(ref.filters, `${path}.backendRefs[${backend}].filters`, report);
    }
  }
}

/** What the definition asks of a TCPRoute, a TLSRoute or a UDPRoute. */
export function checkStreamRoute(resource: TCPRoute | TLSRoute | UDPRoute, report: Report): void {
  const { spec } = resource;
  checkParentRefs(spec.parentRefs, report);
  checkRules(spec.rules, report);
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    for (const [backend, ref] of (rule.backendRefs ?? []).entries())
      checkBackendRef(ref, `spec.rules[${index}].backendRefs[${backend}]`, report);
  }
  const hostnames: readonly string[] = 'hostnames' in spec ? (spec.hostnames ?? []) : [];
  for (const [index, hostname] of hostnames.entries()) {
    if (/^\d+(?:\.\d+){3}$/.test(hostname)) report.rule(`spec.hostnames[${index}]`, `expected a name, found the address ${hostname}`);
  }
}

/** Several references to one parent must name different parts of it, all by section or all by port. */
function checkParentRefs(refs: readonly ParentRef[] | undefined, report: Report): void {
  const seen = new Map<string, ParentRef[]>();
  for (const [index, ref] of (refs ?? []).entries()) {
    const key = [ref.group ?? 'gateway.networking.k8s.io', ref.kind ?? 'Gateway', ref.namespace ?? '', ref.name].join('/');
    const same = seen.get(key) ?? [];
    const path = `spec.parentRefs[${index}]`;
    for (const other of same) {
      if (!other.sectionName !== !ref.sectionName || !other.port !== !ref.port) {
        report.rule(path, 'references to one parent must all have a sectionName or port, or none');
      } else if ((other.sectionName ?? '') === (ref.sectionName ?? '') && (other.port ?? 0) === (ref.port ?? 0)) {
        report.rule(path, 'the same part of the same parent is referred to twice');
      }
    }
    seen.set(key, [...same, ref]);
  }
}

function checkRules(rules: readonly { readonly name?: string; readonly matches?: readonly unknown[] }[] | undefined, report: Report): void {
  const total = (rules ?? []).reduce((sum, rule) => sum + (rule.matches?.length ?? 0), 0);
  if (total > maxMatches) report.rule('spec.rules', `a route has at most ${maxMatches} matches in all, found ${total}`);
  checkUniqueNames(rules, 'spec.rules', report);
}

function checkUniqueNames(items: readonly { readonly name?: string }[] | undefined, path: string, report: Report): void {
  const names = new Set<string>();
  for (const [index, { name }] of (items ?? []).entries()) {
    if (name === undefined || name === null || name === '') continue;
    if (names.has(name)) report.rule(`${path}[${index}].name`, `"${name}" is used twice`);
    names.add(name);
  }
}

function checkHttpRule(rule: HttpRule, path: string, report: Report): void {
  for (const [index, match] of (rule.matches ?? []).entries()) checkHttpMatch(match, `${path}.matches[${index}]`, report);
  checkHttpFilters(rule.filters, `${path}.filters`, report);
  const redirects = (rule.filters ?? []).some((filter) => filter.requestRedirect);
  if (redirects && rule.backendRefs?.length) report.rule(`${path}.backendRefs`, 'must not be set beside a RequestRedirect filter');
  checkPrefixReplacement(rule, path, report);
  for (const [index, ref] of (rule.backendRefs ?? []).entries()) {
    checkBackendRef(ref, `${path}.backendRefs[${index}]`, report);
    checkHttpFilters(ref.filters, `${path}.backendRefs[${index}].filters`, report);
  }
  checkTimeouts(rule, path, report);
}

function checkHttpMatch(match: HttpMatch, path: string, report: Report): void {
  checkUniqueNames(match.headers, `${path}.headers`, report);
  checkUniqueNames(match.queryParams, `${path}.queryParams`, report);
  const type = match.path?.type ?? 'PathPrefix';
  const value = match.path?.value ?? '/';
  if (type === 'RegularExpression') {
    const regex = checkRegex(value);
    if (regex !== null) report.warn(`${path}.path.value`, regex);
  } else if (type === 'Exact' || type === 'PathPrefix') {
    const problem = checkPath(value);
    if (problem !== null) report.rule(`${path}.path.value`, problem);
  }
}

function checkPath(value: string): string | null {
  if (!value.startsWith('/')) return `expected a path that begins with "/", found "${value}"`;
  const part =
    ['//', '/./', '/../', '%2f', '%2F', '#'].find((text) => value.includes(text)) ?? ['/..', '/.'].find((end) => value.endsWith(end));
  if (part !== undefined) return `a path must not contain "${part}", found "${value}"`;
  return pathCharacters.test(value) ? null : `"${value}" has characters that a path cannot have`;
}

function checkHttpFilters(filters: readonly HttpFilter[] | undefined, path: string, report: Report): void {
  const seen = new Set<string>();
  for (const [index, filter] of (filters ?? []).entries()) {
    const at = `${path}[${index}]`;
    const type = filter.type ?? '';
    checkFilterType(filter, type, httpFilterFields, at, report);
    if (seen.has(type) && !repeatableFilters.has(type)) report.rule(at, `a ${type} filter must not be repeated`);
    seen.add(type);
    checkHeaderFilter(filter.requestHeaderModifier, `${at}.requestHeaderModifier`, report);
    checkHeaderFilter(filter.responseHeaderModifier, `${at}.responseHeaderModifier`, report);
    checkPathModifier(filter.requestRedirect?.path, `${at}.requestRedirect.path`, report);
    checkPathModifier(filter.urlRewrite?.path, `${at}.urlRewrite.path`, report);
    if (filter.requestMirror) checkMirror(filter.requestMirror, `${at}.requestMirror`, report);
    for (const field of ['allowOrigins', 'allowMethods', 'allowHeaders'] as const) {
      const values: readonly string[] = filter.cors?.[field] ?? [];
      if (values.length > 1 && values.includes('*')) report.rule(`${at}.cors.${field}`, '"*" must stand alone');
    }
  }
  if (seen.has('RequestRedirect') && seen.has('URLRewrite')) report.rule(path, 'RequestRedirect and URLRewrite exclude each other');
}

function checkGrpcFilters(filters: readonly GrpcFilter[] | undefined, path: string, report: Report): void {
  const { RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, ExtensionRef } = httpFilterFields;
  const seen = new Set<string>();
  for (const [index, filter] of (filters ?? []).entries()) {
    const at = `${path}[${index}]`;
    const type = filter.type ?? '';
    checkFilterType(filter, type, { RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, ExtensionRef }, at, report);
    if (seen.has(type) && !repeatableFilters.has(type)) report.rule(at, `a ${type} filter must not be repeated`);
    seen.add(type);
    checkHeaderFilter(filter.requestHeaderModifier, `${at}.requestHeaderModifier`, report);
    checkHeaderFilter(filter.responseHeaderModifier, `${at}.responseHeaderModifier`, report);
    if (filter.requestMirror) checkMirror(filter.requestMirror, `${at}.requestMirror`, report);
  }
}

/** A filter has the one field that its type names. */
function checkFilterType(filter: object, type: string, fields: Readonly<Record<string, string>>, path: string, report: Report): void {
  for (const [name, field] of Object.entries(fields)) {
    const isSet = (filter as Readonly<Record<string, unknown>>)[field] != null;
    if (name === type && !isSet) report.rule(`${path}.${field}`, `is required for type ${type}`);
    else if (name !== type && isSet) report.rule(`${path}.${field}`, `must not be set for type ${type}`);
  }
}

function checkHeaderFilter(filter: HttpFilter['requestHeaderModifier'], path: string, report: Report): void {
  checkUniqueNames(filter?.set, `${path}.set`, report);
  checkUniqueNames(filter?.add, `${path}.add`, report);
}

function checkPathModifier(modifier: NonNullable<HttpFilter['urlRewrite']>['path'], path: string, report: Report): void {
  if (!modifier) return;
  for (const [type, field] of [
    ['ReplaceFullPath', 'replaceFullPath'],
    ['ReplacePrefixMatch', 'replacePrefixMatch'],
  ] as const) {
    const isSet = modifier[field] != null;
    if (modifier.type === type && !isSet) report.rule(`${path}.${field}`, `is required for type ${type}`);
    else if (modifier.type !== type && isSet) report.rule(`${path}.type`, `expected ${type} because ${field} is set`);
  }
}

function checkMirror(mirror: NonNullable<HttpFilter['requestMirror']>, path: string, report: Report): void {
  if (mirror.percent != null && mirror.fraction) report.rule(path, 'percent and fraction exclude each other');
  const { numerator = 0, denominator = 100 } = mirror.fraction ?? {};
  if (numerator > denominator)
    report.rule(`${path}.fraction`, `the numerator (${numerator}) must not be above the denominator (${denominator})`);
  if (mirror.backendRef) checkBackendRef(mirror.backendRef, `${path}.backendRef`, report);
}

/** Replacing the matched prefix needs exactly one match, by prefix. */
function checkPrefixReplacement(rule: HttpRule, path: string, report: Report): void {
  const all = [...(rule.filters ?? []), ...(rule.backendRefs ?? []).flatMap((ref) => ref.filters ?? [])];
  const replaces = all.some((filter) =>
    [filter.requestRedirect?.path, filter.urlRewrite?.path].some((modifier) => modifier?.type === 'ReplacePrefixMatch'),
  );
  if (!replaces || rule.matches === undefined || rule.matches === null) return;
  const [match, ...others] = rule.matches;
  if (!match || others.length > 0 || (match.path?.type ?? 'PathPrefix') !== 'PathPrefix') {
    report.rule(`${path}.matches`, 'expected exactly one match, of type PathPrefix, because a filter replaces the matched prefix');
  }
}

function checkBackendRef(ref: BackendRef, path: string, report: Report): void {
  if ((ref.group ?? '') === '' && (ref.kind ?? 'Service') === 'Service' && ref.port == null)
    report.rule(`${path}.port`, 'is required for a Service');
}

function checkTimeouts(rule: HttpRule, path: string, report: Report): void {
  const requestMs = parseDurationMs(rule.timeouts?.request ?? '');
  const backendMs = parseDurationMs(rule.timeouts?.backendRequest ?? '');
  if (requestMs !== null && backendMs !== null && requestMs !== 0 && backendMs > requestMs) {
    report.rule(
      `${path}.timeouts.backendRequest`,
      `must not be longer than the request's ${rule.timeouts?.request}, found ${rule.timeouts?.backendRequest}`,
    );
  }
  const session = rule.sessionPersistence;
  if (session?.cookieConfig?.lifetimeType === 'Permanent' && session.absoluteTimeout == null) {
    report.rule(`${path}.sessionPersistence.absoluteTimeout`, 'is required for a permanent cookie');
  }
}

function checkGrpcMethod(method: NonNullable<NonNullable<GrpcRule['matches']>[number]['method']>, path: string, report: Report): void {
  if (!method.service && !method.method) report.rule(path, 'expected service or method');
  if (method.type === 'RegularExpression') return;
  if (method.service && !grpcService.test(method.service))
    report.rule(`${path}.service`, `"${method.service}" is no name of a gRPC service`);
  if (method.method && !grpcMethod.test(method.method)) report.rule(`${path}.method`, `"${method.method}" is no name of a gRPC method`);
}
