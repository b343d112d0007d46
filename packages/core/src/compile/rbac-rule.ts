import type { PermissionJson, PolicyJson, PrincipalJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import type { AuthorizationPolicySpec } from '../resource/kinds.ts';
import {
  anyString,
  destinationIp,
  destinationPort,
  filterMetadata,
  fromToken,
  type RuleContext,
  remoteIp,
  requestHost,
  requestMethod,
  requestPath,
  requestPrincipal,
  sourceIp,
  sourceNamespace,
  sourcePrincipal,
  sourceServiceAccount,
  sourceTrustDomain,
} from './rbac-values.ts';
import { headerListMatcher, headerMatcher, stringMatcher } from './string-matcher.ts';

export type AuthorizationRule = NonNullable<AuthorizationPolicySpec['rules']>[number];

/** One rule of an AuthorizationPolicy as an RBAC policy, or null when nothing may come of it (an ALLOW rule that cannot be checked, an unknown key). */
export function compileRule(rule: AuthorizationRule, context: RuleContext): PolicyJson | null {
  const base = conditions(rule);
  if (base === null) return null;
  const froms = rule.from && rule.from.length > 0 ? rule.from : [{}];
  const tos = rule.to && rule.to.length > 0 ? rule.to : [{}];
  const permissions = tos.map((to) => allOf(operationClauses(to?.operation).concat(base.permissions), permissionForm, context));
  const principals = froms.map((from) => allOf(sourceClauses(from?.source).concat(base.principals), principalForm, context));
  const written = { permissions: withoutNull(permissions), principals: withoutNull(principals) };
  return written.permissions === null || written.principals === null
    ? null
    : { permissions: written.permissions, principals: written.principals };
}

/** The principals of a policy with those of the mesh's other trust domains added; `cluster.local` stands for the mesh's own. */
export function expandTrustDomains(principals: readonly string[], trustDomains: readonly string[]): readonly string[] {
  const expanded = new Set<string>();
  for (const principal of principals) {
    const parts = principal.split('/');
    const [domain = ''] = parts;
    if (parts.length !== 5 || (domain !== 'cluster.local' && !trustDomains.some((known) => wildcardMatches(domain, known)))) {
      expanded.add(principal);
      continue;
    }
    for (const known of trustDomains) {
      const keepsPattern = domain.startsWith('*') && known.endsWith(domain.slice(1));
      expanded.add(keepsPattern ? principal : [known, ...parts.slice(1)].join('/'));
    }
  }
  return [...expanded];
}

type Form = 'permission' | 'principal';
type Matcher<F extends Form> = F extends 'permission' ? PermissionJson : PrincipalJson;

/** A field of a rule: any of `values` and none of `notValues`, each compiled by `compile`; null means the value cannot be checked here. */
interface Clause<F extends Form> {
  readonly values: readonly string[];
  readonly notValues: readonly string[];
  readonly compile: (value: string, context: RuleContext) => Matcher<F> | null;
  /** Compiles all values at once instead, for conditions on lists. */
  readonly compileAll?: (values: readonly string[], context: RuleContext) => Matcher<F> | null;
  readonly isPrincipal?: boolean;
}

/** How the three combinations are written on either side. */
interface FormWriter<F extends Form> {
  readonly and: (parts: Matcher<F>[]) => Matcher<F>;
  readonly or: (parts: Matcher<F>[]) => Matcher<F>;
  readonly not: (part: Matcher<F>) => Matcher<F>;
  readonly any: Matcher<F>;
}

const permissionForm: FormWriter<'permission'> = {
  and: (rules) => ({ andRules: { rules } }),
  or: (rules) => ({ orRules: { rules } }),
  not: (notRule) => ({ notRule }),
  any: { any: true },
};

const principalForm: FormWriter<'principal'> = {
  and: (ids) => ({ andIds: { ids } }),
  or: (ids) => ({ orIds: { ids } }),
  not: (notId) => ({ notId }),
  any: { any: true },
};

function allOf<F extends Form>(clauses: readonly Clause<F>[], form: FormWriter<F>, context: RuleContext): Matcher<F> | null {
  const parts: Matcher<F>[] = [];
  for (const clause of clauses) {
    const matched = anyOf(clause, clause.values, form, context);
    const excluded = anyOf(clause, clause.notValues, form, context);
    if (matched === 'unsupported' || excluded === 'unsupported') return null;
    if (matched !== null) parts.push(matched);
    if (excluded !== null) parts.push(form.not(excluded));
  }
  return form.and(parts.length > 0 ? parts : [form.any]);
}

function anyOf<F extends Form>(
  clause: Clause<F>,
  written: readonly string[],
  form: FormWriter<F>,
  context: RuleContext,
): Matcher<F> | null | 'unsupported' {
  if (written.length === 0) return null;
  const values = clause.isPrincipal ? expandTrustDomains(written, context.trustDomains) : written;
  const compiled = clause.compileAll ? [clause.compileAll(values, context)] : values.map((value) => clause.compile(value, context));
  if (context.isAllow && compiled.includes(null)) return 'unsupported';
  const parts = compiled.filter((part) => part !== null);
  return parts.length === 0 ? null : form.or(parts);
}

function withoutNull<T>(list: readonly (T | null)[]): T[] | null {
  return list.every((item) => item !== null) ? list.filter((item) => item !== null) : null;
}

type SourceSpec = NonNullable<NonNullable<AuthorizationRule['from']>[number]['source']>;
type OperationSpec = NonNullable<NonNullable<AuthorizationRule['to']>[number]['operation']>;

function sourceClauses(source: SourceSpec | undefined): Clause<'principal'>[] {
  return [
    clause(source?.principals, source?.notPrincipals, sourcePrincipal, { isPrincipal: true }),
    clause(source?.requestPrincipals, source?.notRequestPrincipals, requestPrincipal),
    clause(source?.trustDomains, source?.notTrustDomains, sourceTrustDomain),
    clause(source?.namespaces, source?.notNamespaces, sourceNamespace),
    clause(source?.serviceAccounts, source?.notServiceAccounts, sourceServiceAccount),
    clause(source?.remoteIpBlocks, source?.notRemoteIpBlocks, remoteIp),
    clause(source?.ipBlocks, source?.notIpBlocks, sourceIp),
  ];
}

function operationClauses(operation: OperationSpec | undefined): Clause<'permission'>[] {
  return [
    clause(operation?.hosts, operation?.notHosts, requestHost),
    clause(operation?.methods, operation?.notMethods, requestMethod),
    clause(operation?.paths, operation?.notPaths, requestPath),
    clause(operation?.ports, operation?.notPorts, destinationPort),
  ];
}

function clause<F extends Form>(
  values: readonly string[] | undefined,
  notValues: readonly string[] | undefined,
  compile: Clause<F>['compile'],
  more: Pick<Clause<F>, 'isPrincipal' | 'compileAll'> = {},
): Clause<F> {
  return { values: values ?? [], notValues: notValues ?? [], compile, ...more };
}

/** The `when` entries, each on the side that can express it; null when one has a key that does not exist. */
function conditions(rule: AuthorizationRule): { permissions: Clause<'permission'>[]; principals: Clause<'principal'>[] } | null {
  const permissions: Clause<'permission'>[] = [];
  const principals: Clause<'principal'>[] = [];
  for (const when of rule.when ?? []) {
    const key = when?.key ?? '';
    const permission = permissionCondition(key, when?.values, when?.notValues);
    const principal = permission === null ? principalCondition(key, when?.values, when?.notValues) : null;
    if (permission !== null) permissions.push(permission);
    else if (principal !== null) principals.push(principal);
    else return null;
  }
  return { permissions, principals };
}

type Values = readonly string[] | undefined;

function permissionCondition(key: string, values: Values, notValues: Values): Clause<'permission'> | null {
  if (key === 'destination.ip') return clause(values, notValues, destinationIp);
  if (key === 'destination.port') return clause(values, notValues, destinationPort);
  if (key === 'connection.sni') return clause(values, notValues, (value) => ({ requestedServerName: stringMatcher(value) }));
  if (!key.startsWith('experimental.envoy.filters.')) return null;
  const [, filter = '', field = ''] = /^experimental\.(.+?)\[(.+)\]$/.exec(key) ?? [];
  return clause<'permission'>(values, notValues, () => null, {
    compileAll: (all) => (filter === '' ? null : filterMetadata(filter, field, all)),
  });
}

function principalCondition(key: string, values: Values, notValues: Values): Clause<'principal'> | null {
  switch (key) {
    case 'source.ip':
      return clause(values, notValues, sourceIp);
    case 'remote.ip':
      return clause(values, notValues, remoteIp);
    case 'source.namespace':
      return clause(values, notValues, sourceNamespace);
    case 'source.serviceAccount':
      return clause(values, notValues, sourceServiceAccount);
    case 'source.trustDomain':
      return clause(values, notValues, sourceTrustDomain);
    case 'source.principal':
      return clause(values, notValues, sourcePrincipal, { isPrincipal: true });
    case 'request.auth.principal':
      return clause(values, notValues, requestPrincipal);
    case 'request.auth.audiences':
      return claimClause(['aud'], values, notValues);
    case 'request.auth.presenter':
      return claimClause(['azp'], values, notValues);
  }
  if (key.startsWith('request.headers')) return headerClause(key.slice('request.headers'.length), values, notValues, headerMatcher);
  if (key.startsWith(listHeaders)) return headerClause(key.slice(listHeaders.length), values, notValues, headerListMatcher);
  if (!key.startsWith('request.auth.claims')) return null;
  const claims = nestedBrackets(key.slice('request.auth.claims'.length));
  return claims === null ? clause(values, notValues, () => null) : claimClause(claims, values, notValues);
}

/** Headers whose value is a list, of which one element is looked for. */
const listHeaders = 'request.experimental.inline.headers';

function headerClause(brackets: string, values: Values, notValues: Values, matcher: typeof headerMatcher): Clause<'principal'> {
  const name = /^\[(.+)\]$/.exec(brackets)?.[1];
  return clause(values, notValues, (value, context) =>
    context.isTcp || name === undefined ? null : { header: matcher(name.toLowerCase(), value) },
  );
}

function claimClause(claims: readonly string[], values: Values, notValues: Values): Clause<'principal'> {
  const compileAll: Clause<'principal'>['compileAll'] = (all, context) =>
    context.isTcp ? null : fromToken(claims, anyString(all.map((value) => stringMatcher(value))));
  return clause<'principal'>(values, notValues, () => null, { compileAll });
}

/** `[a][b]` as `a`, `b`; dots within brackets belong to the name. */
function nestedBrackets(text: string): readonly string[] | null {
  if (!/^(\[[^[\]]+\])+$/.test(text)) return null;
  return text.slice(1, -1).split('][');
}

function wildcardMatches(pattern: string, text: string): boolean {
  if (pattern === '*' || pattern === text) return true;
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1));
  return pattern.endsWith('*') && text.startsWith(pattern.slice(0, -1));
}
