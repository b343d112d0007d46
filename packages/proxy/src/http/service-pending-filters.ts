import type { PendingDecision, PendingNeed, Resume } from '@weft/core/engine/decision';
import { verifyRequestJwt } from '@weft/core/engine/verify-jwt';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ExchangeView, PendingFilters } from './exchange-view.ts';
import { ExtAuthz } from './ext-authz.ts';
import { JwksCache } from './jwks-cache.ts';
import { TokenBuckets } from './token-buckets.ts';

type Result = Resume['result'];

/** Fulfils pending filters with the services that the configuration names. */
export class ServicePendingFilters implements PendingFilters {
  #keys: JwksCache;
  #extAuthz: ExtAuthz;
  #buckets: TokenBuckets = new TokenBuckets();

  constructor(clusters: ClusterManager, grpcTarget: (cluster: string) => string | null) {
    this.#keys = new JwksCache(clusters, () => performance.now());
    this.#extAuthz = new ExtAuthz(clusters, grpcTarget);
  }

  fulfil(pending: PendingDecision, exchange: ExchangeView, resume: (resume: Resume) => void): void {
    const { filterIndex, state, need } = pending;
    const answer = (result: Result): void => resume({ filterIndex, state, result });
    if (need.kind === 'localRateLimit') {
      answer(this.#buckets.judge(need.limit, need.descriptors, exchange.context.now(), exchange.context.random));
      return;
    }
    this.#ask(need, exchange).then(answer, (error: unknown) => answer(failed(error)));
  }

  #ask(need: PendingNeed, exchange: ExchangeView): Promise<Result> {
    switch (need.kind) {
      case 'jwt':
        return verifyRequestJwt(need.jwt, need.requirement, {
          facts: exchange,
          keys: (provider) => this.#keys.get(provider, exchange.connection),
          nowMs: exchange.context.wallClock(),
        });
      case 'extAuthz':
        return this.#extAuthz.check(need.extAuthz, need.contextExtensions, exchange);
      default:
        return Promise.resolve(failed(new Error(`${need.kind} is not supported`)));
    }
  }
}

function failed(error: unknown): Result {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    kind: 'deny',
    status: 500,
    body: '',
    headers: [],
    flag: '',
    details: `filter_failed{${reason.replaceAll(' ', '_')}}`,
    grpcStatus: null,
  };
}
