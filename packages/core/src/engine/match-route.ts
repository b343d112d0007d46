import { headerHolds, metadataHolds } from '../plan/build-matcher.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { DynamicMetadata } from '../plan/rbac-plan.ts';
import type { PathMatchPlan, RouteMatchPlan } from '../plan/route-match-plan.ts';

/** Whether a route's conditions hold, its runtime fraction aside (the caller draws). */
export function matchesRoute(match: RouteMatchPlan, facts: RequestFacts, metadata: DynamicMetadata | null): boolean {
  if (!matchesPath(match.path, facts)) return false;
  for (const header of match.headers) if (!headerHolds(header, facts)) return false;
  for (const parameter of match.queryParameters) if (!parameter.matches(queryParameter(facts.path, parameter.name))) return false;
  if (match.grpcOnly && !isGrpc(facts)) return false;
  if (match.tls && !matchesTls(match.tls, facts)) return false;
  for (const test of match.dynamicMetadata) if (!metadataHolds(test, metadata)) return false;
  return true;
}

/** Why a route does not match; null when it does. For explanations only. */
export function mismatchOf(match: RouteMatchPlan, facts: RequestFacts, metadata: DynamicMetadata | null): string | null {
  if (!matchesPath(match.path, facts)) return `path ${pathOf(facts.path)}: want ${describePath(match.path)}`;
  for (const header of match.headers) {
    const value = facts.header(header.name);
    if (!headerHolds(header, facts)) return `${header.describe}, got ${value === undefined ? 'none' : JSON.stringify(value)}`;
  }
  for (const parameter of match.queryParameters) {
    const value = queryParameter(facts.path, parameter.name);
    if (!parameter.matches(value)) return `${parameter.describe}, got ${value === undefined ? 'none' : JSON.stringify(value)}`;
  }
  if (match.grpcOnly && !isGrpc(facts)) return 'want a gRPC request';
  if (match.tls && !matchesTls(match.tls, facts)) return 'want another client certificate state';
  for (const test of match.dynamicMetadata) {
    if (!metadataHolds(test, metadata)) return `metadata ${test.filter}:${test.path.join('.')} does not match`;
  }
  return null;
}

/** A path condition in words. */
export function describePath(path: PathMatchPlan): string {
  if (path.kind === 'connect') return 'CONNECT';
  const folded = 'ignoreCase' in path && path.ignoreCase ? ' (ignoring case)' : '';
  return `${path.kind === 'path' ? 'exact' : path.kind} ${path.value}${folded}`;
}

/** The path without query and fragment. */
export function pathOf(path: string): string {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code === 63 || code === 35) return path.slice(0, i);
  }
  return path;
}

/** The first value of a query parameter as it stands, which is how Envoy matches routes; undefined when absent. */
export function queryParameter(path: string, name: string): string | undefined {
  return findParameter(path, (key) => key === name);
}

/** The first value of a query parameter, percent-decoded as Envoy does for tokens and rate limits; undefined when absent. */
export function decodedQueryParameter(path: string, name: string): string | undefined {
  const value = findParameter(path, (key) => percentDecoded(key) === name);
  return value === undefined ? undefined : percentDecoded(value);
}

function findParameter(path: string, isNamed: (key: string) => boolean): string | undefined {
  const at = path.indexOf('?');
  if (at < 0) return undefined;
  const hash = path.indexOf('#', at);
  for (const pair of path.slice(at + 1, hash < 0 ? undefined : hash).split('&')) {
    const equals = pair.indexOf('=');
    if (isNamed(equals < 0 ? pair : pair.slice(0, equals))) return equals < 0 ? '' : pair.slice(equals + 1);
  }
  return undefined;
}

/** Whether a request is gRPC by its content type. */
export function isGrpc(facts: RequestFacts): boolean {
  const type = facts.header('content-type') ?? '';
  return type.startsWith('application/grpc') && (type.length === 16 || type[16] === '+');
}

function matchesPath(match: PathMatchPlan, facts: RequestFacts): boolean {
  const path = facts.path;
  // CONNECT without a path is for routes about CONNECT only.
  if (path === '') return match.kind === 'connect' && facts.method === 'CONNECT';
  switch (match.kind) {
    case 'prefix':
      return match.ignoreCase
        ? path.slice(0, match.value.length).toLowerCase() === match.value.toLowerCase()
        : path.startsWith(match.value);
    case 'path': {
      const plain = pathOf(path);
      return match.ignoreCase ? plain.toLowerCase() === match.value.toLowerCase() : plain === match.value;
    }
    case 'pathSeparatedPrefix': {
      const plain = match.ignoreCase ? pathOf(path).toLowerCase() : pathOf(path);
      const value = match.ignoreCase ? match.value.toLowerCase() : match.value;
      return plain.startsWith(value) && (plain.length === value.length || plain[value.length] === '/');
    }
    case 'regex':
      return match.matches(pathOf(path));
    case 'template':
      return match.match(pathOf(path)) !== null;
    case 'connect':
      return facts.method === 'CONNECT';
  }
}

function matchesTls(tls: NonNullable<RouteMatchPlan['tls']>, facts: RequestFacts): boolean {
  const certificate = facts.connection.peerCertificate;
  if (tls.presented !== null && tls.presented !== (certificate !== null)) return false;
  return tls.validated === null || tls.validated === (certificate?.verified ?? false);
}

/** Percent escapes undone, byte by byte; a malformed one stays as it is. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%[0-9a-fA-F]{2}/g, (hex) => String.fromCharCode(Number.parseInt(hex.slice(1), 16)));
}
