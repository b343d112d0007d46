import { buildCelCondition } from './build-cel.ts';
import { findFieldProblems, findLimitProblems } from './find-field-problems.ts';
import { parseIpRange } from './ip-address.ts';
import { messageName } from './read.ts';
import { compileRegex } from './regex.ts';
import { compileUriTemplate } from './uri-template.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * What this data plane cannot do in a resource, one text each with the place it stands at. Only things that would change what is let through
 * or where it goes are listed: to pass over them would be to run another configuration than the one written.
 */
export function findProblems(resource: object): readonly string[] {
  const problems: string[] = [];
  visit(resource, '', problems);
  return problems;
}

/** What an RBAC policy asks for that cannot be judged. */
export function findPolicyProblems(policy: object): readonly string[] {
  const problems: string[] = [];
  visitPolicy(policy, 'policy', problems);
  return problems;
}

/** Fields that mean something this data plane does not do, wherever they stand. */
const unsupportedFields: ReadonlySet<string> = new Set([
  'scopedRoutes',
  'vhds',
  'clusterSpecifierPlugin',
  'inlineClusterSpecifierPlugin',
  'internalRedirectPolicy',
  'filterAction',
  'filterStateRules',
  'extractOnlyWithoutValidation',
  'custom',
  // Without these a peer would not be verified, or by less.
  'caCertificateProviderInstance',
  'validationContextCertificateProvider',
  'validationContextCertificateProviderInstance',
  'customHandshaker',
  'maxVerifyDepth',
]);

/** Maps whose keys are names that users chose: only their values are looked into. */
const maps: ReadonlySet<string> = new Set(['policies', 'providers', 'requirementMap', 'typedPerFilterConfig']);

/** Free data: its fields have no meaning of their own. */
const opaque: ReadonlySet<string> = new Set([
  'filterMetadata',
  'typedFilterMetadata',
  'jsonFormat',
  'contextExtensions',
  'condition',
  'checkedCondition',
]);

function visit(value: unknown, path: string, problems: string[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(item, `${path}[${index}]`, problems);
    return;
  }
  if (!isJson(value)) return;
  checkText(value, path, problems);
  const type = messageName(value['@type'] as string | undefined);
  if (type.endsWith('.TypedStruct')) return;
  if (type.endsWith('.rbac.v3.RBAC')) visitRbac(value, path, problems);
  const fields = [...findFieldProblems(type, value), ...findLimitProblems(value.rateLimits)];
  for (const field of fields) problems.push(`${path === '' ? field : `${path}.${field}`} is not supported`);
  for (const [key, inner] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (opaque.has(key)) continue;
    if (isUnsupported(key, inner)) problems.push(`${at} is not supported`);
    else if (maps.has(key) && isJson(inner)) for (const [name, item] of Object.entries(inner)) visit(item, `${at}[${name}]`, problems);
    else visit(inner, at, problems);
    if (key === 'rbac' && isJson(inner)) visitRbac(inner, at, problems);
    if (key === 'virtualHosts' && Array.isArray(inner))
      for (const [index, host] of inner.entries()) visitHost(host, `${at}[${index}]`, problems);
  }
}

function isUnsupported(key: string, value: unknown): boolean {
  if (key === 'customValidatorConfig') return !isSpiffeValidator(value);
  return unsupportedFields.has(key) || (key === 'internalRedirectAction' && value === 'HANDLE_INTERNAL_REDIRECT');
}

function isSpiffeValidator(extension: unknown): boolean {
  const config = isJson(extension) ? extension.typedConfig : undefined;
  return isJson(config) && messageName(config['@type'] as string | undefined).endsWith('.SPIFFECertValidatorConfig');
}

/** Patterns and ranges that cannot be read would match nothing, and a DENY rule with them would deny nobody. */
function checkText(json: Json, path: string, problems: string[]): void {
  const { regex, pathTemplate, addressPrefix, prefixLen } = json;
  if (typeof regex === 'string' && compileRegex(regex) === null) problems.push(`${path}: want an RE2 expression, got '${regex}'`);
  if (typeof pathTemplate === 'string' && compileUriTemplate(pathTemplate) === null)
    problems.push(`${path}: want a path template, got '${pathTemplate}'`);
  if (typeof addressPrefix === 'string' && parseIpRange(addressPrefix, typeof prefixLen === 'number' ? prefixLen : null) === null)
    problems.push(`${path}: want an IP range, got '${addressPrefix}/${String(prefixLen ?? '')}'`);
}

function visitHost(host: unknown, path: string, problems: string[]): void {
  if (isJson(host) && host.matcher !== undefined) problems.push(`${path}.matcher is not supported`);
}

function visitRbac(json: Json, path: string, problems: string[]): void {
  for (const field of ['matcher', 'shadowMatcher']) if (json[field] !== undefined) problems.push(`${path}.${field} is not supported`);
  for (const field of ['rules', 'shadowRules']) {
    const rules = json[field];
    if (!isJson(rules) || !isJson(rules.policies)) continue;
    for (const [name, policy] of Object.entries(rules.policies)) visitClauses(policy, `${path}.${field}.policies[${name}]`, problems);
  }
}

function visitPolicy(policy: unknown, path: string, problems: string[]): void {
  visit(policy, path, problems);
  visitClauses(policy, path, problems);
}

const permissionFields: ReadonlySet<string> = new Set([
  'andRules',
  'orRules',
  'notRule',
  'header',
  'urlPath',
  'destinationIp',
  'destinationPort',
  'destinationPortRange',
  'metadata',
  'sourcedMetadata',
  'requestedServerName',
  'uriTemplate',
  'any',
]);

const principalFields: ReadonlySet<string> = new Set([
  'andIds',
  'orIds',
  'notId',
  'authenticated',
  'sourceIp',
  'directRemoteIp',
  'remoteIp',
  'header',
  'urlPath',
  'metadata',
  'sourcedMetadata',
  'filterState',
  'any',
]);

function visitClauses(policy: unknown, path: string, problems: string[]): void {
  if (!isJson(policy)) return;
  for (const [field, known] of [['permissions', permissionFields] as const, ['principals', principalFields] as const]) {
    for (const [index, clause] of list(policy[field]).entries()) visitClause(clause, `${path}.${field}[${index}]`, { known, problems });
  }
  try {
    buildCelCondition(policy);
  } catch (error) {
    problems.push(`${path}.condition cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface ClauseRules {
  readonly known: ReadonlySet<string>;
  readonly problems: string[];
}

function visitClause(clause: unknown, path: string, rules: ClauseRules): void {
  const fields = isJson(clause) ? Object.entries(clause) : [];
  if (fields.length === 0) rules.problems.push(`${path}: want a condition, got none`);
  for (const [field, inner] of fields) {
    // What is unsupported everywhere is reported by the general visit.
    if (!rules.known.has(field) && !unsupportedFields.has(field)) rules.problems.push(`${path}.${field} is not supported`);
    if (field === 'sourcedMetadata' && isJson(inner) && inner.metadataSource === 'ROUTE')
      rules.problems.push(`${path}.${field} of the route is not supported`);
    if (field === 'notRule' || field === 'notId') visitClause(inner, `${path}.${field}`, rules);
    const nested = isJson(inner) ? list(inner.rules ?? inner.ids) : [];
    if (field.startsWith('and') || field.startsWith('or'))
      for (const [index, each] of nested.entries()) visitClause(each, `${path}.${field}[${index}]`, rules);
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
