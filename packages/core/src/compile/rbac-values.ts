import type { CidrRangeJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type { PermissionJson, PrincipalJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import type { StringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';
import type { ValueMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/value_pb';
import { parseCidr } from '../base/addresses.ts';
import { escapeRegex, headerMatcher, stringMatcher } from './string-matcher.ts';
import { typedConfig } from './typed-config.ts';

/** What a rule is compiled for. */
export interface RuleContext {
  /** TCP filter chains know nothing of HTTP. */
  readonly isTcp: boolean;
  /** An ALLOW rule with a condition that cannot be checked is dropped; in all others only the condition is, which makes them wider. */
  readonly isAllow: boolean;
  /** Namespace of the policy: that of service accounts given without one. */
  readonly namespace: string;
  /** The mesh's trust domain, then its aliases. */
  readonly trustDomains: readonly string[];
}

/** The address that the connection was made to. */
export function destinationIp(value: string): PermissionJson | null {
  const range = cidrRange(value);
  return range === null ? null : { destinationIp: range };
}

/** The workload's port. */
export function destinationPort(value: string): PermissionJson | null {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : -1;
  return port >= 0 && port <= 65535 ? { destinationPort: port } : null;
}

/** The `:authority` as sent, compared without case. */
export function requestHost(value: string, context: RuleContext): PermissionJson | null {
  return context.isTcp ? null : { header: headerMatcher(':authority', value, true) };
}

/** The method. */
export function requestMethod(value: string, context: RuleContext): PermissionJson | null {
  return context.isTcp ? null : { header: headerMatcher(':method', value) };
}

/** The path without its query; `{*}` and `{**}` make it a template. */
export function requestPath(value: string, context: RuleContext): PermissionJson | null {
  if (context.isTcp) return null;
  if (!value.includes('{*}') && !value.includes('{**}')) return { urlPath: { path: stringMatcher(value) } };
  const pathTemplate = value.replaceAll('{**}', '**').replaceAll('{*}', '*');
  const typed = typedConfig('envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', { pathTemplate });
  return { uriTemplate: { name: 'uri-template', typedConfig: typed } };
}

/** A field of dynamic metadata that another filter left; `[v]` asks for an element of a list. */
export function filterMetadata(filter: string, field: string, values: readonly string[]): PermissionJson {
  const value = anyValue(
    values.map((text) => {
      const list = /^\[(.*)\]$/.exec(text);
      return list ? { listMatch: { oneOf: { stringMatch: stringMatcher(list[1] ?? '') } } } : { stringMatch: stringMatcher(text) };
    }),
  );
  return { sourcedMetadata: { metadataMatcher: { filter, path: [{ key: field }], value } } };
}

/** The direct peer of the connection. */
export function sourceIp(value: string): PrincipalJson | null {
  const range = cidrRange(value);
  return range === null ? null : { directRemoteIp: range };
}

/** The original client, as headers or the PROXY protocol tell. */
export function remoteIp(value: string): PrincipalJson | null {
  const range = cidrRange(value);
  return range === null ? null : { remoteIp: range };
}

/** The identity of the peer, written without `spiffe://`. */
export function sourcePrincipal(value: string): PrincipalJson {
  return { authenticated: { principalName: stringMatcher(value, { prefix: 'spiffe://' }) } };
}

/** The namespace in the identity of the peer. */
export function sourceNamespace(value: string): PrincipalJson {
  const pattern = value.split('*').map(escapeRegex).join('.*');
  return { authenticated: { principalName: { safeRegex: { regex: `.*/ns/${pattern}/.*` } } } };
}

/** The first part of an identity. One of the mesh's own trust domains stands for all of them; `cluster.local` is, unlike in principals, a name like any other. */
export function sourceTrustDomain(value: string, context: RuleContext): PrincipalJson {
  const names = context.trustDomains.includes(value) ? [...new Set(context.trustDomains)] : [value];
  const pattern = names.map((name) => name.split('*').map(escapeRegex).join('[^/]*')).join('|');
  return { authenticated: { principalName: { safeRegex: { regex: `spiffe://(${pattern})/.*` } } } };
}

/** The service account in the identity of the peer, `[namespace/]name`. */
export function sourceServiceAccount(value: string, context: RuleContext): PrincipalJson {
  const slash = value.indexOf('/');
  const namespace = escapeRegex(slash < 0 ? context.namespace : value.slice(0, slash));
  const account = escapeRegex(value.slice(slash + 1));
  return { authenticated: { principalName: { safeRegex: { regex: `spiffe://.+/ns/${namespace}/(.+/|)sa/${account}(/.+)?` } } } };
}

/** `issuer/subject`, parted at the last slash because an issuer is often a URL. */
export function requestPrincipal(value: string, context: RuleContext): PrincipalJson | null {
  if (context.isTcp) return null;
  const { issuer, subject } = principalParts(value);
  const claims = [fromToken(['iss'], { stringMatch: issuer }), fromToken(['sub'], { stringMatch: subject })];
  return { andIds: { ids: claims } };
}

const anyText: StringMatcherJson = { safeRegex: { regex: '.+' } };

function principalParts(value: string): { issuer: StringMatcherJson; subject: StringMatcherJson } {
  if (value === '*') return { issuer: anyText, subject: anyText };
  const slash = value.lastIndexOf('/');
  const issuer = slash < 0 ? value : value.slice(0, slash);
  const subject = slash < 0 ? '' : value.slice(slash + 1);
  if (value.startsWith('*')) {
    if (slash < 0) return { issuer: anyText, subject: { suffix: value.slice(1) } };
    return { issuer: issuer === '*' ? anyText : { suffix: issuer.slice(1) }, subject: { exact: subject } };
  }
  if (value.endsWith('*')) {
    if (slash < 0) return { issuer: { prefix: value.slice(0, -1) }, subject: anyText };
    return { issuer: { exact: issuer }, subject: subject === '*' ? anyText : { prefix: subject.slice(0, -1) } };
  }
  return { issuer: { exact: issuer }, subject: { exact: subject } };
}

/** A claim of the verified token that the JWT filter leaves in the request's dynamic metadata. */
export function fromToken(claims: readonly string[], value: ValueMatcherJson): PrincipalJson {
  const path = ['payload', ...claims].map((key) => ({ key }));
  return { sourcedMetadata: { metadataMatcher: { filter: 'envoy.filters.http.jwt_authn', path, value } } };
}

/** A claim is text or a list of texts; either may match. */
export function anyString(matchers: readonly StringMatcherJson[]): ValueMatcherJson {
  const value = anyValue(matchers.map((stringMatch) => ({ stringMatch })));
  return { orMatch: { valueMatchers: [{ listMatch: { oneOf: value } }, value] } };
}

function anyValue(values: readonly ValueMatcherJson[]): ValueMatcherJson {
  const [only] = values;
  return values.length === 1 && only ? only : { orMatch: { valueMatchers: [...values] } };
}

function cidrRange(text: string): CidrRangeJson | null {
  const cidr = parseCidr(text);
  if (cidr === null) return null;
  const slash = text.indexOf('/');
  return { addressPrefix: slash < 0 ? text : text.slice(0, slash), prefixLen: cidr.prefixLength };
}
