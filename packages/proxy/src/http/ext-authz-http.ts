import type { HeaderChange, Resume } from '@weft/core/engine/decision';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { type AuthzQuestion, granted, matchesAny, refused } from './ext-authz-question.ts';
import { callCluster, type InternalAnswer } from './internal-request.ts';

/** Asks an HTTP authorization service: 200 lets pass, 5xx is a failure (null), everything else refuses. */
export async function checkByHttp(clusters: ClusterManager, question: AuthzQuestion): Promise<Resume['result'] | null> {
  const { plan, request, body, exchange } = question;
  const { service } = plan;
  if (service.kind !== 'http') return null;
  const cluster = clusters.get(service.cluster);
  if (cluster === undefined) return null;
  const answer = await callCluster(cluster, {
    method: request.method,
    path: service.pathPrefix + request.path,
    authority: request.authority,
    headers: [...passedOn(question), ...service.headersToAdd.map(([name, value]) => [name.toLowerCase(), value] as const)],
    body: body?.bytes ?? null,
    timeoutMs: service.timeoutMs,
    connection: exchange.connection,
  });
  if (answer === null || answer.status >= 500) return null;
  return answer.status === 200 ? grantOf(answer, question) : refusalOf(answer, question);
}

/** Of the request's headers the service gets `authorization` and those that are allowed. */
function passedOn({ plan, request, body }: AuthzQuestion): (readonly [name: string, value: string])[] {
  const headers: (readonly [string, string])[] = [];
  for (const [name, value] of Object.entries(request.headers())) {
    if (name.startsWith(':') || notPassedOn.has(name) || matchesAny(plan.disallowedHeaders, name)) continue;
    if (name === 'authorization' || matchesAny(plan.allowedHeaders, name)) headers.push([name, value]);
  }
  if (body === null) return [...headers, ['content-length', '0']];
  return [...headers, ['x-envoy-auth-partial-body', String(!body.isWhole)]];
}

/** The check has a body of its own, or none. */
const notPassedOn = new Set(['content-length', 'transfer-encoding', 'host']);

function grantOf(answer: InternalAnswer, { plan }: AuthzQuestion): Resume['result'] {
  const headerChanges: HeaderChange[] = [];
  const responseHeaders: HeaderChange[] = [];
  const metadata: Record<string, unknown> = {};
  const { service } = plan;
  if (service.kind === 'http') {
    answer.headers.each((name, value) => {
      if (name === 'x-envoy-auth-headers-to-remove') {
        for (const removed of value.split(',')) headerChanges.push({ op: 'remove', name: removed.trim().toLowerCase() });
        return;
      }
      if (matchesAny(service.upstreamHeaders, name)) headerChanges.push({ op: 'set', name, value });
      else if (matchesAny(service.upstreamHeadersToAppend, name)) headerChanges.push({ op: 'append', name, value });
      if (matchesAny(service.clientHeadersOnSuccess, name)) responseHeaders.push({ op: 'append', name, value });
      if (matchesAny(service.metadataFromHeaders, name)) metadata[name] = value;
    });
  }
  return granted({ headerChanges, responseHeaders, metadata }, plan);
}

function refusalOf(answer: InternalAnswer, { plan }: AuthzQuestion): Resume['result'] {
  const allowed = plan.service.kind === 'http' ? plan.service.clientHeaders : [];
  const kept: (readonly [string, string])[] = [];
  answer.headers.each((name, value) => {
    if (ofTheHop.has(name)) return;
    if (allowed.length === 0 || alwaysKept.has(name) || matchesAny(allowed, name)) kept.push([name, value]);
  });
  return refused(answer.status, answer.body.toString('latin1'), kept);
}

const alwaysKept = new Set(['www-authenticate', 'location']);
const ofTheHop = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'host', 'date', 'server']);
