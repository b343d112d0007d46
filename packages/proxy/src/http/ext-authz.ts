import type { HeaderChange, PendingDecision, PendingNeed, Resume } from '@weft/core/engine/decision';
import { RequestOverlay } from '@weft/core/engine/request-overlay';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ExchangeView } from './exchange-view.ts';
import { checkByGrpc } from './ext-authz-grpc.ts';
import { checkByHttp } from './ext-authz-http.ts';
import type { AuthzQuestion } from './ext-authz-question.ts';
import { payloadTooLarge } from './gather-body.ts';

type Result = Resume['result'];
type Need = Extract<PendingNeed, { kind: 'extAuthz' }>;

/** Asks an authorization service about a request, as earlier filters left it, and says what follows when it cannot be asked. */
export async function checkAuthorization(
  clusters: ClusterManager,
  need: Need,
  state: PendingDecision['state'],
  exchange: ExchangeView,
): Promise<Result> {
  const { extAuthz, contextExtensions, sendBody } = need;
  const { outcome } = state;
  const held = sendBody && extAuthz.withRequestBody !== null ? await exchange.bodyUpTo(extAuthz.withRequestBody.maxBytes) : null;
  const body = held === null || held.bytes.length === 0 ? null : held;
  if (body !== null && !body.isWhole && extAuthz.withRequestBody?.allowPartial !== true) return payloadTooLarge;
  const question: AuthzQuestion = {
    plan: extAuthz,
    request: outcome.headerChanges.length === 0 ? exchange : new RequestOverlay(exchange, outcome.headerChanges),
    metadata: { ...exchange.connection.metadata, ...outcome.metadata },
    contextExtensions,
    body,
    exchange,
  };
  const result = extAuthz.service.kind === 'http' ? await checkByHttp(clusters, question) : await checkByGrpc(clusters, question);
  if (result !== null) return result;
  if (extAuthz.failureModeAllow) {
    const told: HeaderChange = { op: 'append', name: 'x-envoy-auth-failure-mode-allowed', value: 'true' };
    const headerChanges = extAuthz.failureModeAllowHeaderAdd ? [told] : [];
    return { kind: 'pass', headerChanges, responseHeaders: [], metadata: {}, clearRoute: false, requestPrincipal: '' };
  }
  return {
    kind: 'deny',
    status: extAuthz.statusOnError,
    body: '',
    headers: [],
    flag: 'UAEX',
    details: 'ext_authz_error',
    grpcStatus: null,
  };
}
