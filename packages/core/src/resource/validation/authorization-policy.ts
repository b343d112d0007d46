import type { AuthorizationPolicy, AuthorizationPolicySpec } from '../kinds.ts';
import { checkSubnet } from './names.ts';
import type { Report } from './report.ts';
import { checkScope } from './scope.ts';

type Rule = NonNullable<AuthorizationPolicySpec['rules']>[number];
type Source = NonNullable<NonNullable<Rule['from']>[number]['source']>;
type Operation = NonNullable<NonNullable<Rule['to']>[number]['operation']>;
type Condition = NonNullable<Rule['when']>[number];

const sourceFields = [
  'principals',
  'notPrincipals',
  'requestPrincipals',
  'notRequestPrincipals',
  'namespaces',
  'notNamespaces',
  'trustDomains',
  'notTrustDomains',
  'serviceAccounts',
  'notServiceAccounts',
  'ipBlocks',
  'notIpBlocks',
  'remoteIpBlocks',
  'notRemoteIpBlocks',
] as const satisfies readonly (keyof Source)[];
const ipFields = new Set<string>(['ipBlocks', 'notIpBlocks', 'remoteIpBlocks', 'notRemoteIpBlocks']);
const operationFields = [
  'ports',
  'notPorts',
  'methods',
  'notMethods',
  'paths',
  'notPaths',
  'hosts',
  'notHosts',
] as const satisfies readonly (keyof Operation)[];
const pathLiteral = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/;
const maxServiceAccountLength = 320;
const fieldsNotForCustom = sourceFields.filter((field) => !ipFields.has(field));

/** What the definition and Istio's webhook ask of an AuthorizationPolicy. */
export function checkAuthorizationPolicy(resource: AuthorizationPolicy, report: Report): void {
  const { spec } = resource;
  const action = spec.action ?? 'ALLOW';
  checkScope(spec, report);
  checkDryRun(resource, action, report);
  if (action === 'CUSTOM') checkCustom(spec, report);
  else if (spec.provider != null) report.error('spec.provider', `is possible with action CUSTOM only, found ${action}`);
  if ((action === 'DENY' || action === 'CUSTOM') && !spec.rules?.length) {
    report.error('spec.rules', `action ${action} without rules never applies; write "rules: [{}]" to apply to every request`);
  }
  for (const [index, rule] of (spec.rules ?? []).entries()) checkRule(rule, action, `spec.rules[${index}]`, report);
}

function checkDryRun(resource: AuthorizationPolicy, action: string, report: Report): void {
  const value = resource.annotations['istio.io/dry-run'];
  if (value === undefined) return;
  const path = 'metadata.annotations["istio.io/dry-run"]';
  if (action !== 'ALLOW' && action !== 'DENY')
    report.error(path, `dry runs are possible with actions ALLOW and DENY only, found ${action}`);
  else if (!/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value))
    report.error(path, `expected true or false, found "${value}"`);
}

function checkCustom(spec: AuthorizationPolicySpec, report: Report): void {
  if (spec.rules?.length && !spec.provider?.name) report.error('spec.provider.name', 'is required for action CUSTOM');
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    for (const [from, { source }] of (rule.from ?? []).entries()) {
      for (const field of fieldsNotForCustom) {
        if (source?.[field]?.length)
          report.error(`spec.rules[${index}].from[${from}].source.${field}`, 'is not supported with action CUSTOM');
      }
    }
    for (const [when, { key = '' }] of (rule.when ?? []).entries()) {
      if (
        key === 'source.namespace' ||
        key === 'source.serviceAccount' ||
        key === 'source.trustDomain' ||
        key === 'source.principal' ||
        key.startsWith('request.auth.')
      ) {
        report.error(
          `spec.rules[${index}].when[${when}].key`,
          `"${key}" is not supported with action CUSTOM, which runs before tokens are read`,
        );
      }
    }
  }
}

function checkRule(rule: Rule, action: string, path: string, report: Report): void {
  if (rule.from?.length === 0) report.warn(`${path}.from`, 'is an empty list, which stands for any source');
  if (rule.to?.length === 0) report.warn(`${path}.to`, 'is an empty list, which stands for any operation');
  for (const [index, { source }] of (rule.from ?? []).entries()) checkSource(source, `${path}.from[${index}].source`, report);
  for (const [index, { operation }] of (rule.to ?? []).entries()) checkOperation(operation, `${path}.to[${index}].operation`, report);
  for (const [index, condition] of (rule.when ?? []).entries()) checkCondition(condition, `${path}.when[${index}]`, report);
  if (action === 'DENY') warnTcp(rule, path, report);
}

function checkSource(source: Source | undefined, path: string, report: Report): void {
  if (!source) {
    report.error(path, 'is required');
    return;
  }
  if (sourceFields.every((field) => !source[field]?.length)) report.error(path, 'must not be empty');
  for (const field of sourceFields) {
    for (const [index, value] of (source[field] ?? []).entries()) {
      const at = `${path}.${field}[${index}]`;
      if (value === '') report.error(at, 'must not be empty');
      else if (ipFields.has(field)) add(report, at, checkSubnet(value));
      else if (field === 'serviceAccounts' || field === 'notServiceAccounts') add(report, at, checkServiceAccount(value));
    }
  }
  checkServiceAccountsAlone(source, path, report);
}

/** Service accounts say precisely who; the looser ways to say it must not stand beside them. */
function checkServiceAccountsAlone(source: Source, path: string, report: Report): void {
  if (source.serviceAccounts == null && source.notServiceAccounts == null) return;
  const beside = (['principals', 'notPrincipals', 'namespaces', 'notNamespaces'] as const).filter((field) => source[field] != null);
  if (beside.length > 0) report.rule(path, `service accounts must not be set beside ${beside.join(' and ')}`);
}

function checkServiceAccount(value: string): string | null {
  const parts = value.split('/');
  if (value.length > maxServiceAccountLength) return `expected at most ${maxServiceAccountLength} characters, found ${value.length}`;
  const isValid = parts.length <= 2 && !parts.includes('') && !value.includes('*');
  return isValid ? null : `expected a service account or namespace/account, without wildcards, found "${value}"`;
}

function checkOperation(operation: Operation | undefined, path: string, report: Report): void {
  if (!operation) {
    report.error(path, 'is required');
    return;
  }
  if (operationFields.every((field) => !operation[field]?.length)) report.error(path, 'must not be empty');
  for (const field of operationFields) {
    for (const [index, value] of (operation[field] ?? []).entries()) {
      const at = `${path}.${field}[${index}]`;
      if (value === '') report.error(at, 'must not be empty');
      else if (field === 'ports' || field === 'notPorts') add(report, at, checkPortText(value));
      else if (field === 'paths' || field === 'notPaths') add(report, at, checkPathTemplate(value));
    }
  }
}

function checkCondition(condition: Condition, path: string, report: Report): void {
  const key = condition.key ?? '';
  if (key === '') {
    report.error(`${path}.key`, 'must not be empty');
    return;
  }
  if (!condition.values?.length && !condition.notValues?.length) report.error(path, `expected values or notValues for "${key}"`);
  const attribute = checkAttribute(key);
  if (attribute !== null) report.error(`${path}.key`, attribute);
  for (const field of ['values', 'notValues'] as const) {
    for (const [index, value] of (condition[field] ?? []).entries()) {
      add(report, `${path}.${field}[${index}]`, value === '' ? 'must not be empty' : checkAttributeValue(key, value));
    }
  }
}

/** Attributes that are asked for by a name in brackets. */
const keyedAttributes = ['request.headers', 'request.experimental.inline.headers', 'request.auth.claims', 'experimental.envoy.filters.'];

function checkAttribute(key: string): string | null {
  const plain = [
    'source.ip',
    'remote.ip',
    'source.namespace',
    'source.principal',
    'source.serviceAccount',
    'source.trustDomain',
    'request.auth.principal',
    'request.auth.audiences',
    'request.auth.presenter',
    'destination.ip',
    'destination.port',
    'connection.sni',
  ];
  if (plain.includes(key)) return null;
  const withKey = keyedAttributes.some((prefix) => key.startsWith(prefix));
  if (!withKey) return `"${key}" is no attribute that a condition can use`;
  return /^[^[]+\[.+\]$/.test(key) ? null : `expected a key in brackets, as in request.headers[x-user], found "${key}"`;
}

function checkAttributeValue(key: string, value: string): string | null {
  if (key === 'source.ip' || key === 'remote.ip' || key === 'destination.ip') return checkSubnet(value);
  if (key === 'destination.port') return checkPortText(value);
  if (key === 'source.serviceAccount') return checkServiceAccount(value);
  return null;
}

function checkPortText(value: string): string | null {
  return /^\d+$/.test(value) && Number(value) <= 65_535 ? null : `expected a port up to 65535, found "${value}"`;
}

/** Paths may use the templates `{*}` (one segment) and `{**}` (any segments, at the end); other braces are refused. */
function checkPathTemplate(path: string): string | null {
  const isTemplate = path.includes('{*}') || path.includes('{**}');
  let anySeen = false;
  for (const segment of path.replace(/^\/+|\/+$/g, '').split('/')) {
    if (segment === '{*}' || segment === '{**}') {
      if (anySeen) return `{**} must be the last template of a path, found "${path}"`;
      anySeen = segment === '{**}';
    } else if (/[{}]/.test(segment)) return `only {*} and {**} as whole segments are supported, found "${path}"`;
    else if (isTemplate && !pathLiteral.test(segment))
      return `a path with templates takes no wildcard and no empty segment beside them, found "${path}"`;
  }
  return null;
}

/** What is said about a rule that denies by HTTP attributes alone. */
export const tcpDenialWarning = 'the rule uses HTTP attributes only, so on TCP ports it denies all traffic; name the ports it is meant for';

/** On TCP ports the HTTP fields of a DENY rule are ignored, which widens the rule to all connections. */
function warnTcp(rule: Rule, path: string, report: Report): void {
  const tcpInFrom = (rule.from ?? []).some(({ source }) =>
    sourceFields.some((field) => !field.toLowerCase().includes('requestprincipals') && source?.[field] != null),
  );
  const tcpInTo = (rule.to ?? []).some(({ operation }) => operation?.ports != null || operation?.notPorts != null);
  const hasFrom = (rule.from ?? []).some(({ source }) => source != null);
  const hasTo = (rule.to ?? []).some(({ operation }) => operation != null);
  if ((hasFrom && !hasTo && !tcpInFrom) || (hasTo && !tcpInTo)) {
    report.warn(path, tcpDenialWarning);
  }
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
