import { normalizePath } from '@weft/core/engine/normalize-path';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { IpAddress } from '@weft/core/plan/ip-address';
import { formatCertificateHeader } from './client-cert-header.ts';
import type { HttpContext, ProxyNode } from './exchange-view.ts';
import { applyForwarding } from './forwarding.ts';
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
  const { remote, isInternal, isEdge, rejectStatus } = applyForwarding(head, plan, connection);
  const requestId = applyRequestId(head, plan, isEdge, proxy.uuid);
  applyClientCertificate(head, plan, connection);
  const reply = rejectStatus === null ? checkRequest(head, plan) : localReply(rejectStatus, '', '', 'rejecting_because_detection_failed');
  return { remote, isInternal, requestId, reply };
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
