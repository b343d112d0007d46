import type { CidrRangeJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type { PermissionJson, PolicyJson, PrincipalJson, RBACJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import { buildCelCondition } from './build-cel.ts';
import {
  buildHeaderMatcher,
  buildMetadataTest,
  buildStringMatcher,
  describeMetadata,
  describeStringMatcher,
  headerHolds,
  metadataHolds,
} from './build-matcher.ts';
import type { ConnectionFacts, PeerCertificate } from './facts.ts';
import { findPolicyProblems } from './find-problems.ts';
import { type IpAddress, isInRange, parseIpRange } from './ip-address.ts';
import type { StringMatcher } from './matcher.ts';
import type { RbacClausePlan, RbacPlan, RbacPolicyPlan, RbacRulesPlan, RbacTest } from './rbac-plan.ts';
import { compileUriTemplate } from './uri-template.ts';

/** The fields that Envoy's network and HTTP RBAC filters share. */
export interface RbacFilterJson {
  readonly rules?: RBACJson;
  readonly shadowRules?: RBACJson;
  readonly matcher?: object;
  readonly rulesStatPrefix?: string;
  readonly shadowRulesStatPrefix?: string;
  readonly trackPerRuleStats?: boolean;
}

/** Compiles an RBAC filter. */
export function buildRbac(json: RbacFilterJson): RbacPlan {
  return {
    rules: json.matcher ? denyAll : json.rules ? buildRules(json.rules) : null,
    shadowRules: json.shadowRules ? buildRules(json.shadowRules) : null,
    rulesStatPrefix: json.rulesStatPrefix ?? '',
    shadowRulesStatPrefix: json.shadowRulesStatPrefix ?? '',
    trackPerRuleStats: json.trackPerRuleStats ?? false,
  };
}

/** In place of a matcher tree, which is not supported: the plan lists it as a problem, and whoever runs it all the same lets nothing through. */
const denyAll: RbacRulesPlan = { action: 'ALLOW', policies: [] };

function buildRules(json: RBACJson): RbacRulesPlan {
  const names = Object.keys(json.policies ?? {}).sort();
  const action = json.action === 'DENY' || json.action === 'LOG' ? json.action : 'ALLOW';
  return { action, policies: names.map((name) => buildPolicy(name, json.policies?.[name] ?? {}, action)) };
}

function buildPolicy(name: string, json: PolicyJson, action: RbacRulesPlan['action']): RbacPolicyPlan {
  const [problem] = findPolicyProblems(json);
  if (problem !== undefined) return unjudgedPolicy(name, problem, action);
  const permissions = (json.permissions ?? []).map(buildPermission);
  const principals = (json.principals ?? []).map(buildPrincipal);
  const condition = buildCelCondition(json);
  const parts = [anyOf(permissions), anyOf(principals), ...(condition ? [condition] : [])];
  return {
    name,
    matches: allOf(parts).matches,
    permissions,
    principals,
    condition,
    isConnectionOnly: parts.every((part) => part.isConnectionOnly),
  };
}

/** A policy that cannot be judged errs on the side of refusal, whatever its other conditions: the plan lists it as a problem. */
function unjudgedPolicy(name: string, problem: string, action: RbacRulesPlan['action']): RbacPolicyPlan {
  const matches = (): boolean => action === 'DENY';
  const clause: RbacClausePlan = { text: problem, matches };
  return { name, matches, permissions: [clause], principals: [clause], condition: null, isConnectionOnly: true };
}

interface Clause extends RbacClausePlan {
  readonly isConnectionOnly: boolean;
}

const always: Clause = { text: 'any', matches: () => true, isConnectionOnly: true };

function buildPermission(json: PermissionJson): Clause {
  if (json.andRules) return allOf((json.andRules.rules ?? []).map(buildPermission));
  if (json.orRules) return anyOf((json.orRules.rules ?? []).map(buildPermission));
  if (json.notRule) return not(buildPermission(json.notRule));
  if (json.header) return headerClause(json.header);
  if (json.urlPath?.path) return pathClause(buildStringMatcher(json.urlPath.path));
  if (json.destinationIp) return ipClause('destination ip', json.destinationIp, (connection) => connection.destination);
  if (json.destinationPort !== undefined) return portClause(json.destinationPort, json.destinationPort + 1);
  if (json.destinationPortRange) return portClause(json.destinationPortRange.start ?? 0, json.destinationPortRange.end ?? 0);
  const metadata = json.sourcedMetadata?.metadataMatcher ?? json.metadata;
  if (metadata) return metadataClause(metadata, json.sourcedMetadata?.metadataSource);
  if (json.requestedServerName) {
    const matcher = buildStringMatcher(json.requestedServerName);
    return connectionClause(`server name ${describeStringMatcher(matcher)}`, (connection) => matcher.matches(connection.serverName));
  }
  if (json.uriTemplate)
    return templateClause(String((json.uriTemplate.typedConfig as { pathTemplate?: string } | undefined)?.pathTemplate));
  return json.any ? always : unsupported('permission');
}

function buildPrincipal(json: PrincipalJson): Clause {
  if (json.andIds) return allOf((json.andIds.ids ?? []).map(buildPrincipal));
  if (json.orIds) return anyOf((json.orIds.ids ?? []).map(buildPrincipal));
  if (json.notId) return not(buildPrincipal(json.notId));
  if (json.authenticated)
    return authenticatedClause(json.authenticated.principalName ? buildStringMatcher(json.authenticated.principalName) : null);
  if (json.sourceIp) return ipClause('source ip', json.sourceIp, (connection) => connection.source);
  if (json.directRemoteIp) return ipClause('source ip', json.directRemoteIp, (connection) => connection.directSource);
  if (json.remoteIp) return remoteIpClause(json.remoteIp);
  if (json.header) return headerClause(json.header);
  if (json.urlPath?.path) return pathClause(buildStringMatcher(json.urlPath.path));
  const metadata = json.sourcedMetadata?.metadataMatcher ?? json.metadata;
  if (metadata) return metadataClause(metadata, json.sourcedMetadata?.metadataSource);
  if (json.filterState)
    return filterStateClause(
      json.filterState.key ?? '',
      json.filterState.stringMatch ? buildStringMatcher(json.filterState.stringMatch) : null,
    );
  return json.any ? always : unsupported('principal');
}

function headerClause(json: Parameters<typeof buildHeaderMatcher>[0]): Clause {
  const matcher = buildHeaderMatcher(json);
  return {
    text: matcher.describe,
    isConnectionOnly: false,
    matches: (_, request) => (request === null ? matcher.matches(undefined) : headerHolds(matcher, request)),
  };
}

function pathClause(matcher: StringMatcher): Clause {
  return {
    text: `path ${describeStringMatcher(matcher)}`,
    isConnectionOnly: false,
    matches: (_, request) => request !== null && matcher.matches(withoutQuery(request.path)),
  };
}

function templateClause(template: string): Clause {
  const compiled = compileUriTemplate(template);
  return {
    text: `path template ${template}`,
    isConnectionOnly: false,
    matches: (_, request) => request !== null && compiled !== null && compiled.match(withoutQuery(request.path)) !== null,
  };
}

/** Envoy cuts the query and the fragment before it matches a path. */
function withoutQuery(path: string): string {
  const at = path.search(/[?#]/);
  return at < 0 ? path : path.slice(0, at);
}

function metadataClause(json: Parameters<typeof buildMetadataTest>[0], source: string | number | undefined): Clause {
  // Metadata of the route is known only once it is chosen, after authorization: nothing here reads it.
  if (source === 'ROUTE') return unsupported('route metadata');
  const test = buildMetadataTest(json);
  return {
    text: `metadata ${describeMetadata(json)}`,
    isConnectionOnly: false,
    matches: (connection, _, metadata) => metadataHolds(test, metadata ?? connection.metadata),
  };
}

function filterStateClause(key: string, matcher: StringMatcher | null): Clause {
  const text = `filter state ${key} ${matcher ? describeStringMatcher(matcher) : 'present'}`;
  return {
    text,
    isConnectionOnly: false,
    matches: (connection, _, metadata) => {
      const value = (metadata ?? connection.metadata)?.filter_state?.[key];
      return typeof value === 'string' && (matcher === null || matcher.matches(value));
    },
  };
}

function authenticatedClause(matcher: StringMatcher | null): Clause {
  if (matcher === null) return connectionClause('authenticated', (connection) => connection.isTls);
  return connectionClause(`principal ${describeStringMatcher(matcher)}`, (connection) => {
    const certificate = connection.peerCertificate;
    return connection.isTls && certificate !== null && certificateMatches(certificate, matcher);
  });
}

/** URI names, then DNS names; the subject only when there are neither (Envoy `AuthenticatedMatcher`). */
function certificateMatches(certificate: PeerCertificate, matcher: StringMatcher): boolean {
  if (certificate.uriSans.length === 0 && certificate.dnsSans.length === 0) return matcher.matches(certificate.subject);
  return certificate.uriSans.some(matcher.matches) || certificate.dnsSans.some(matcher.matches);
}

function ipClause(what: string, json: CidrRangeJson, read: (connection: ConnectionFacts) => IpAddress): Clause {
  const range = parseIpRange(json.addressPrefix ?? '', json.prefixLen ?? null);
  return connectionClause(
    `${what} in ${range?.text ?? json.addressPrefix}`,
    (connection) => range !== null && isInRange(read(connection), range),
  );
}

function remoteIpClause(json: CidrRangeJson): Clause {
  const range = parseIpRange(json.addressPrefix ?? '', json.prefixLen ?? null);
  return {
    text: `remote ip in ${range?.text ?? json.addressPrefix}`,
    isConnectionOnly: false,
    matches: (connection, request) => range !== null && isInRange(request === null ? connection.source : request.remote, range),
  };
}

function portClause(start: number, end: number): Clause {
  const text = end === start + 1 ? `destination port ${start}` : `destination port in [${start}, ${end})`;
  return connectionClause(text, ({ destinationPort }) => destinationPort >= start && destinationPort < end);
}

function connectionClause(text: string, test: (connection: ConnectionFacts) => boolean): Clause {
  return { text, isConnectionOnly: true, matches: test };
}

/** A condition this engine does not know; policies with one are never judged by their conditions (`findPolicyProblems`). */
function unsupported(what: string): Clause {
  return { text: `unsupported ${what}`, matches: () => false, isConnectionOnly: true };
}

function not(inner: Clause): Clause {
  const test = inner.matches;
  return {
    text: `not ${inner.text}`,
    isConnectionOnly: inner.isConnectionOnly,
    matches: (connection, request, metadata) => !test(connection, request, metadata),
  };
}

function anyOf(clauses: readonly Clause[]): Clause {
  const [only] = clauses;
  if (only && clauses.length === 1) return only;
  const tests = clauses.map((clause) => clause.matches);
  return combined(clauses, 'or', (connection, request, metadata) => {
    for (const test of tests) if (test(connection, request, metadata)) return true;
    return false;
  });
}

function allOf(clauses: readonly Clause[]): Clause {
  const [only] = clauses;
  if (only && clauses.length === 1) return only;
  const tests = clauses.map((clause) => clause.matches);
  return combined(clauses, 'and', (connection, request, metadata) => {
    for (const test of tests) if (!test(connection, request, metadata)) return false;
    return true;
  });
}

function combined(clauses: readonly Clause[], word: string, matches: RbacTest): Clause {
  return {
    text: `(${clauses.map((clause) => clause.text).join(` ${word} `)})`,
    matches,
    isConnectionOnly: clauses.every((clause) => clause.isConnectionOnly),
  };
}
