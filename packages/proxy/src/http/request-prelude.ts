import { normalizePath } from '@weft/core/engine/normalize-path';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { IpAddress } from '@weft/core/plan/ip-address';
import { isInRange, isLoopbackIp, parseIpAddress } from '@weft/core/plan/ip-address';
import { hostAddress } from '../io/host-address.ts';
import { formatCertificateHeader } from './client-cert-header.ts';
import type { HttpContext, ProxyNode } from './exchange-view.ts';
import type { Headers } from './headers.ts';
import { type LocalReply, localReply } from './local-reply.ts';
import type { RequestHead } from './stream.ts';

/** What the connection manager found out before any filter runs. */
export interface Prelude {
  readonly remote: IpAddress;
  readonly isInternal: boolean;
  readonly requestId: string;
  /** An answer to give instead of going on. */
  readonly reply: LocalReply | null;
}

/** Does what Envoy's connection manager does to each request first: host, path, forwarding headers, request id, internal headers. */
export function preparePrelude(
  head: RequestHead,
  plan: HttpConnectionManagerPlan,
  connection: ConnectionFacts,
  proxy: Pick<HttpContext, 'uuid' | 'node'>,
): Prelude {
  normalizeAuthority(head, plan, connection);
  if (plan.addUserAgent) addUserAgent(head, proxy.node);
  const forwarded = applyForwarding(head, plan, connection);
  const requestId = applyRequestId(head, plan, forwarded.isEdge, proxy.uuid);
  applyClientCertificate(head, plan, connection);
  return { ...forwarded, requestId, reply: checkRequest(head, plan) };
}

function normalizeAuthority(head: RequestHead, plan: HttpConnectionManagerPlan, connection: ConnectionFacts): void {
  if (plan.stripPort === 'none' && !plan.stripTrailingHostDot) return;
  let authority = head.authority;
  const port = portOf(authority);
  if (port !== null && (plan.stripPort === 'any' || (plan.stripPort === 'matching' && port === connection.destinationPort))) {
    authority = authority.slice(0, authority.lastIndexOf(':'));
  }
  if (plan.stripTrailingHostDot) authority = authority.replace(/\.(?=(:\d+)?$)/, '');
  head.authority = authority;
}

function portOf(authority: string): number | null {
  const match = /:(\d+)$/.exec(authority);
  return match === null ? null : Number(match[1]);
}

/** Tells the upstream which proxy this is. */
function addUserAgent({ headers }: RequestHead, node: ProxyNode): void {
  if (headers.get('user-agent') === undefined) headers.set('user-agent', node.cluster);
  headers.set('x-envoy-downstream-service-cluster', node.cluster);
  if (node.id !== '') headers.set('x-envoy-downstream-service-node', node.id);
}

interface Forwarding {
  readonly remote: IpAddress;
  readonly isInternal: boolean;
  readonly isEdge: boolean;
}

function applyForwarding(head: RequestHead, plan: HttpConnectionManagerPlan, connection: ConnectionFacts): Forwarding {
  const headers = head.headers;
  if (plan.via !== '') appendVia(headers, plan.via);
  const scheme = plan.schemeHeader.overwrite ?? (connection.isTls ? 'https' : 'http');
  const xff = headers.get('x-forwarded-for');
  if (plan.useRemoteAddress) {
    const addresses = splitList(xff);
    const trusted = trustedAddress(addresses, plan.xffTrustedHops, connection.source);
    if (!plan.skipXffAppend) appendForwardedFor(head, xff, connection);
    if (plan.xffTrustedHops === 0 || headers.get('x-forwarded-proto') === undefined) headers.set('x-forwarded-proto', scheme);
    if (plan.appendXForwardedPort && (plan.xffTrustedHops === 0 || headers.get('x-forwarded-port') === undefined)) {
      headers.set('x-forwarded-port', String(connection.destinationPort));
    }
    const isSingle = addresses.length === 0;
    const isInternal = isSingle && isPrivate(connection.source, plan);
    applyInternal(head, isInternal, !isInternal);
    if (!isInternal) headers.set('x-envoy-external-address', trusted.text);
    applyScheme(head, plan);
    return { remote: trusted, isInternal, isEdge: !isInternal };
  }
  const { overwrite } = plan.schemeHeader;
  if (overwrite !== null || headers.get('x-forwarded-proto') === undefined) headers.set('x-forwarded-proto', scheme);
  const addresses = splitList(xff);
  const last = parseIpAddress(addresses[addresses.length - 1 - plan.xffTrustedHops] ?? '');
  applyScheme(head, plan);
  const isInternal = addresses.length === 1 && last !== null && isPrivate(last, plan);
  applyInternal(head, isInternal, false);
  return { remote: last ?? connection.source, isInternal, isEdge: false };
}

/** Adds this proxy to the ones that a message came through. */
export function appendVia(headers: Headers, name: string): void {
  const before = headers.get('via');
  headers.set('via', before === undefined ? name : `${before}, ${name}`);
}

function applyScheme(head: RequestHead, plan: HttpConnectionManagerPlan): void {
  if (plan.schemeHeader.overwrite !== null) head.scheme = plan.schemeHeader.overwrite;
  else {
    const forwarded = head.headers.get('x-forwarded-proto');
    head.scheme = forwarded === 'https' || forwarded === 'http' ? forwarded : head.scheme;
  }
}

function trustedAddress(addresses: readonly string[], hops: number, peer: IpAddress): IpAddress {
  if (hops === 0) return peer;
  return parseIpAddress(addresses[addresses.length - hops] ?? '') ?? peer;
}

function splitList(value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : value.split(',').map((part) => part.trim());
}

/** As Envoy: a loopback peer is told by this host's own address. */
function appendForwardedFor(head: RequestHead, xff: string | undefined, connection: ConnectionFacts): void {
  const own = isLoopbackIp(connection.source) ? hostAddress() : connection.source.text;
  head.headers.set('x-forwarded-for', xff === undefined || xff === '' ? own : `${xff},${own}`);
}

function applyInternal(head: RequestHead, isInternal: boolean, isEdge: boolean): void {
  const { headers } = head;
  if (isInternal) headers.set('x-envoy-internal', 'true');
  else if (headers.mayHaveEnvoyNames()) {
    headers.remove('x-envoy-internal');
    if (isEdge) for (const name of forbiddenAtEdge) headers.remove(name);
    for (const name of externallyForbidden) headers.remove(name);
  }
}

const forbiddenAtEdge = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
];

const externallyForbidden = [
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
];

/** Only what the configuration calls internal is. */
function isPrivate(ip: IpAddress, plan: HttpConnectionManagerPlan): boolean {
  return plan.internalAddressRanges.some((range) => isInRange(ip, range));
}

function applyRequestId(head: RequestHead, plan: HttpConnectionManagerPlan, isEdge: boolean, uuid: () => string): string {
  const given = head.headers.get('x-request-id');
  const keeps = given !== undefined && given !== '' && (!isEdge || plan.preserveExternalRequestId);
  if (keeps) return given;
  if (!plan.generateRequestId) return given ?? '';
  const id = uuid();
  head.headers.set('x-request-id', id);
  return id;
}

function applyClientCertificate(head: RequestHead, plan: HttpConnectionManagerPlan, connection: ConnectionFacts): void {
  const headers = head.headers;
  const mode = plan.forwardClientCert;
  if (mode === 'ALWAYS_FORWARD_ONLY') return;
  const isMutual = connection.peerCertificate?.verified === true;
  if (mode === 'SANITIZE' || !isMutual) {
    headers.remove('x-forwarded-client-cert');
    return;
  }
  if (mode === 'FORWARD_ONLY') return;
  const own = formatCertificateHeader(plan.clientCertDetails, connection);
  const before = mode === 'APPEND_FORWARD' ? headers.get('x-forwarded-client-cert') : undefined;
  headers.set('x-forwarded-client-cert', before === undefined ? own : `${before},${own}`);
}

function checkRequest(head: RequestHead, plan: HttpConnectionManagerPlan): LocalReply | null {
  if (head.method === 'CONNECT') return null;
  if (head.path.includes('#')) return localReply(400, '', '', 'path_normalization_failed');
  if (!head.path.startsWith('/') && head.path !== '*') return localReply(404, '', '', 'absolute_path_rejected');
  const normalized = normalizePath(head.path, plan);
  if (normalized.kind === 'reject') return localReply(400, '', '', 'path_normalization_failed');
  if (normalized.kind === 'redirect') {
    const reply = localReply(307, '', '', 'path_normalization_failed');
    head.path = normalized.path;
    return { ...reply, headers: [['location', normalized.path]] };
  }
  if (normalized.path !== head.path) head.path = normalized.path;
  return null;
}
