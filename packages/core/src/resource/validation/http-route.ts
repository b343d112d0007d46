import { childPath } from '../field-path.ts';
import type { VirtualServiceSpec } from '../kinds.ts';
import { checkDestination, checkGatewayNames, checkWeights } from './destination.ts';
import { checkCors, checkDirectResponse, checkFault, checkRedirect, checkRetries, checkRewrite } from './http-route-actions.ts';
import { checkLabels, checkPort, isDnsLabel } from './names.ts';
import type { Report } from './report.ts';
import { checkDuration, checkHeaderName, checkHeaderValue, checkRegex, checkWholePercent, isClaimHeader } from './values.ts';

type HttpRoute = NonNullable<VirtualServiceSpec['http']>[number];
type HttpMatch = NonNullable<HttpRoute['match']>[number];
type StringMatch = NonNullable<HttpMatch['uri']>;
type Headers = HttpRoute['headers'];

const pseudoHeaders: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':status']);

/** Checks one `http` route. `isDelegate` tells that its VirtualService has no hosts and is used by others. */
export function checkHttpRoute(route: HttpRoute, isDelegate: boolean, path: string, report: Report): void {
  checkConflicts(route, isDelegate, path, report);
  for (const [index, match] of (route.match ?? []).entries()) checkMatch(match, `${path}.match[${index}]`, report);
  checkHeaders(route.headers, `${path}.headers`, report);
  checkCors(route.corsPolicy, `${path}.corsPolicy`, report);
  checkFault(route.fault, `${path}.fault`, report);
  checkMirrors(route, path, report);
  checkRedirect(route.redirect, `${path}.redirect`, report);
  checkDirectResponse(route.directResponse, `${path}.directResponse`, report);
  checkRetries(route.retries, `${path}.retries`, report);
  checkRewrite(route.rewrite, `${path}.rewrite`, report);
  checkAuthority(route, path, report);
  for (const [index, weighted] of (route.route ?? []).entries()) {
    const at = `${path}.route[${index}]`;
    if (!weighted.destination) report.error(`${at}.destination`, 'is required');
    checkDestination(weighted.destination, `${at}.destination`, report);
    checkHeaders(weighted.headers, `${at}.headers`, report);
  }
  checkWeights(route.route, `${path}.route`, report);
  add(report, `${path}.timeout`, checkDuration(route.timeout));
}

function checkConflicts(route: HttpRoute, isDelegate: boolean, path: string, report: Report): void {
  if (!isDelegate && route.delegate) {
    for (const field of ['redirect', 'route', 'directResponse'] as const) {
      if (route[field]) report.error(`${path}.${field}`, 'must not be set beside delegate');
    }
    return;
  }
  if (isDelegate && route.delegate) report.error(`${path}.delegate`, 'a delegate cannot delegate further');
  const answer = route.redirect ? 'redirect' : route.directResponse ? 'directResponse' : null;
  if (answer === null) {
    if (!route.route?.length) report.error(path, 'expected route, redirect, directResponse or delegate, found none');
  } else {
    if (route.redirect && route.directResponse) report.error(path, 'redirect and directResponse exclude each other');
    if (route.route?.length) report.error(`${path}.route`, `must not be set beside ${answer}`);
    if (route.fault) report.error(`${path}.fault`, `must not be set beside ${answer}`);
    if (route.rewrite) report.error(`${path}.rewrite`, `must not be set beside ${answer}`);
  }
}

function checkMatch(match: HttpMatch, path: string, report: Report): void {
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    checkStringMatch(match[field], field === 'uri', `${path}.${field}`, report);
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, value] of Object.entries(match[field] ?? {})) {
      const at = childPath(`${path}.${field}`, name);
      if (field !== 'queryParams' && !isClaimHeader(name) && !pseudoHeaders.has(name)) add(report, at, checkHeaderName(name));
      if (field !== 'withoutHeaders' || value.regex !== '*') {
        checkStringMatch(value, false, at, report);
      }
    }
  }
  if (match.port) add(report, `${path}.port`, checkPort(match.port));
  add(report, `${path}.sourceLabels`, checkLabels(match.sourceLabels));
  checkGatewayNames(match.gateways, `${path}.gateways`, report);
  if (match.sourceNamespace && !isDnsLabel(match.sourceNamespace)) {
    report.error(`${path}.sourceNamespace`, `expected a namespace, found "${match.sourceNamespace}"`);
  }
}

function checkStringMatch(match: StringMatch | undefined, emptyPrefixAllowed: boolean, path: string, report: Report): void {
  if (!match) return;
  if (match.regex !== undefined && match.regex !== null) add(report, `${path}.regex`, checkRegex(match.regex));
  if (match.prefix === '' && !emptyPrefixAllowed) report.error(`${path}.prefix`, 'must not be empty');
}

function checkHeaders(headers: Headers, path: string, report: Report): void {
  for (const direction of ['request', 'response'] as const) {
    const operations = headers?.[direction];
    for (const operation of ['add', 'set'] as const) {
      for (const [name, value] of Object.entries(operations?.[operation] ?? {})) {
        const at = childPath(`${path}.${direction}.${operation}`, name);
        add(report, at, checkChangedHeader(name, direction === 'request'));
        add(report, at, checkHeaderValue(value ?? ''));
      }
    }
    for (const [index, name] of (operations?.remove ?? []).entries()) {
      add(report, `${path}.${direction}.remove[${index}]`, checkChangedHeader(name, false));
    }
  }
}

function checkChangedHeader(name: string, authorityAllowed: boolean): string | null {
  if (name === '') return 'a header name must not be empty';
  if (authorityAllowed && isAuthority(name)) return null;
  if (name.toLowerCase() === 'host') return 'the Host header cannot be changed here';
  return name.startsWith(':') ? `"${name}" cannot be changed: names that begin with ":" are not headers` : null;
}

function isAuthority(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === ':authority' || lower === 'host';
}

function checkAuthority(route: HttpRoute, path: string, report: Report): void {
  let count = route.rewrite?.authority ? 1 : 0;
  for (const operation of ['set', 'add'] as const) {
    for (const name of Object.keys(route.headers?.request?.[operation] ?? {})) if (isAuthority(name)) count++;
  }
  if (count > 1)
    report.error(`${path}.headers.request`, 'the authority is set more than once: by rewrite.authority or a Host header, not both');
}

function checkMirrors(route: HttpRoute, path: string, report: Report): void {
  if (route.mirror && route.mirrors?.length) report.error(path, 'mirror and mirrors exclude each other');
  checkDestination(route.mirror, `${path}.mirror`, report);
  for (const field of ['mirrorPercent', 'mirror_percent'] as const) {
    const percent = (route as Readonly<Record<string, unknown>>)[field];
    if (typeof percent !== 'number') continue;
    add(report, `${path}.${field}`, checkWholePercent(percent));
    report.warn(`${path}.${field}`, 'is deprecated, use mirrorPercentage');
  }
  add(report, `${path}.mirrorPercentage.value`, checkWholePercent(route.mirrorPercentage?.value));
  for (const [index, mirror] of (route.mirrors ?? []).entries()) {
    const at = `${path}.mirrors[${index}]`;
    if (!mirror.destination) report.error(`${at}.destination`, 'is required');
    checkDestination(mirror.destination, `${at}.destination`, report);
    add(report, `${at}.percentage.value`, checkWholePercent(mirror.percentage?.value));
  }
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
