import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import { type IpAddress, isInRange, isLoopbackIp, parseIpAddress } from '@weft/core/plan/ip-address';
import { hostAddress } from '../io/host-address.ts';
import { detectClient, splitForwardedFor } from './detect-client.ts';
import type { Headers } from './headers.ts';
import type { RequestHead } from './stream.ts';

/** Who sent a request, as far as that can be trusted. */
export interface Forwarding {
  readonly remote: IpAddress;
  readonly isInternal: boolean;
  /** It came from outside of the mesh, to a proxy at its edge. */
  readonly isEdge: boolean;
  /** Status to turn it away with, where its client had to be told and is not; null to go on. */
  readonly rejectStatus: number | null;
}

/** Finds a request's client and writes the headers that tell of it: `x-forwarded-…`, `via`, and Envoy's that only some may send. */
export function applyForwarding(head: RequestHead, plan: HttpConnectionManagerPlan, connection: ConnectionFacts): Forwarding {
  if (plan.via !== '') appendVia(head.headers, plan.via);
  return plan.useRemoteAddress ? forwardedByPeer(head, plan, connection) : forwardedByHeaders(head, plan, connection);
}

/** Adds this proxy to the ones that a message came through. */
export function appendVia(headers: Headers, name: string): void {
  const before = headers.get('via');
  headers.set('via', before === undefined ? name : `${before}, ${name}`);
}

/** `use_remote_address`: the peer is the client, but for the hops in front that are trusted. */
function forwardedByPeer(head: RequestHead, plan: HttpConnectionManagerPlan, connection: ConnectionFacts): Forwarding {
  const { headers } = head;
  const scheme = plan.schemeHeader.overwrite ?? (connection.isTls ? 'https' : 'http');
  const xff = headers.get('x-forwarded-for');
  const addresses = splitForwardedFor(xff);
  const trusted = trustedAddress(addresses, plan.xffTrustedHops, connection.source);
  if (!plan.skipXffAppend) appendForwardedFor(headers, xff, connection);
  if (plan.xffTrustedHops === 0 || headers.get('x-forwarded-proto') === undefined) headers.set('x-forwarded-proto', scheme);
  if (plan.appendXForwardedPort && (plan.xffTrustedHops === 0 || headers.get('x-forwarded-port') === undefined)) {
    headers.set('x-forwarded-port', String(connection.destinationPort));
  }
  const isInternal = addresses.length === 0 && isPrivate(connection.source, plan);
  applyInternal(head, isInternal, !isInternal);
  if (!isInternal) headers.set('x-envoy-external-address', trusted.text);
  applyScheme(head, plan);
  return { remote: trusted, isInternal, isEdge: !isInternal, rejectStatus: null };
}

/** The client is who the headers say. */
function forwardedByHeaders(head: RequestHead, plan: HttpConnectionManagerPlan, connection: ConnectionFacts): Forwarding {
  const { headers } = head;
  const { overwrite } = plan.schemeHeader;
  if (overwrite !== null || headers.get('x-forwarded-proto') === undefined) {
    headers.set('x-forwarded-proto', overwrite ?? (connection.isTls ? 'https' : 'http'));
  }
  const { address, isTrusted, appends, rejectStatus } = detectClient(plan.ipDetections, headers, connection);
  if (appends) appendForwardedFor(headers, headers.get('x-forwarded-for'), connection);
  applyScheme(head, plan);
  const isInternal = isTrusted && address !== null && isPrivate(address, plan);
  applyInternal(head, isInternal, false);
  return { remote: address ?? connection.source, isInternal, isEdge: false, rejectStatus };
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

/** As Envoy: a loopback peer is told by this host's own address. */
function appendForwardedFor(headers: Headers, xff: string | undefined, connection: ConnectionFacts): void {
  const own = isLoopbackIp(connection.source) ? hostAddress() : connection.source.text;
  headers.set('x-forwarded-for', xff === undefined || xff === '' ? own : `${xff},${own}`);
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
