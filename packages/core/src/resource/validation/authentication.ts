import { childPath } from '../field-path.ts';
import type { PeerAuthentication, RequestAuthentication, RequestAuthenticationSpec } from '../kinds.ts';
import type { Report } from './report.ts';
import { checkScope } from './scope.ts';
import { checkDuration, checkPlainHeaderName, checkUrl } from './values.ts';

type JwtRule = NonNullable<RequestAuthenticationSpec['jwtRules']>[number];

/** What the definition and Istio's webhook ask of a PeerAuthentication. */
export function checkPeerAuthentication(resource: PeerAuthentication, report: Report): void {
  const { spec } = resource;
  checkScope(spec, report);
  if (!spec.portLevelMtls) return;
  if (Object.keys(spec.selector?.matchLabels ?? {}).length === 0) {
    report.rule('spec.portLevelMtls', 'needs a selector with labels: ports belong to workloads');
  }
  for (const port of Object.keys(spec.portLevelMtls)) {
    if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
      report.rule(childPath('spec.portLevelMtls', port), `expected a port from 1 to 65535 as key, found "${port}"`);
    }
  }
}

/** What the definition and Istio's webhook ask of a RequestAuthentication. */
export function checkRequestAuthentication(resource: RequestAuthentication, report: Report): void {
  checkScope(resource.spec, report);
  for (const [index, rule] of (resource.spec.jwtRules ?? []).entries()) checkJwtRule(rule, `spec.jwtRules[${index}]`, report);
}

function checkJwtRule(rule: JwtRule, path: string, report: Report): void {
  if (!rule.issuer && !rule.jwksUri && !rule.jwks_uri) report.error(`${path}.issuer`, 'is required unless jwksUri is set');
  if (rule.jwks && (rule.jwksUri || rule.jwks_uri)) report.rule(path, 'jwks and jwksUri exclude each other');
  for (const field of ['jwksUri', 'jwks_uri'] as const) {
    if (rule[field]) addRule(report, `${path}.${field}`, checkUrl(rule[field], ['http', 'https']));
  }
  if (rule.jwks) add(report, `${path}.jwks`, checkKeySet(rule.jwks));
  for (const field of ['audiences', 'fromParams', 'fromCookies'] as const) {
    for (const [index, value] of (rule[field] ?? []).entries())
      if (value === '') report.error(`${path}.${field}[${index}]`, 'must not be empty');
  }
  for (const [index, header] of (rule.fromHeaders ?? []).entries()) {
    if (!header.name) report.error(`${path}.fromHeaders[${index}].name`, 'must not be empty');
  }
  for (const [index, { header, claim }] of (rule.outputClaimToHeaders ?? []).entries()) {
    const at = `${path}.outputClaimToHeaders[${index}]`;
    if (!claim) report.error(`${at}.claim`, 'must not be empty');
    if (!header) report.error(`${at}.header`, 'must not be empty');
    else add(report, `${at}.header`, checkPlainHeaderName(header));
  }
  add(report, `${path}.timeout`, checkDuration(rule.timeout));
}

/** What is wrong with a key set, or a single key, in the JSON of RFC 7517. */
function checkKeySet(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return 'expected a JSON Web Key Set with "keys"';
    if (value.kty !== undefined) return checkKey(value);
    if (!Array.isArray(value.keys)) return 'expected a JSON Web Key Set with "keys"';
    for (const [index, key] of value.keys.entries()) {
      const problem = isRecord(key) ? checkKey(key) : 'expected a JSON object';
      if (problem !== null) return `keys[${index}]: ${problem}`;
    }
    return null;
  } catch (error) {
    return `expected a JSON Web Key Set: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What a key of each type must hold, RFC 7518 section 6 and RFC 8037. */
const keyParts: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['n', 'e']],
  ['EC', ['crv', 'x', 'y']],
  ['OKP', ['crv', 'x']],
  ['oct', ['k']],
]);

function checkKey(key: Readonly<Record<string, unknown>>): string | null {
  const parts = keyParts.get(key.kty);
  if (!parts) return `expected kty RSA, EC, OKP or oct, found ${JSON.stringify(key.kty ?? null)}`;
  const missing = parts.find((part) => typeof key[part] !== 'string' || key[part] === '');
  return missing === undefined ? null : `expected "${missing}" in a key of type ${String(key.kty)}, found none`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}

function addRule(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.rule(path, problem);
}
