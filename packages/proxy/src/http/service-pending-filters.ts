import type { PendingDecision, Resume } from '@weft/core/engine/decision';
import { verifyRequestJwt } from '@weft/core/engine/verify-jwt';
import type { Registry } from '../telemetry/registry.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ExchangeView, PendingFilters } from './exchange-view.ts';
import { checkAuthorization } from './ext-authz.ts';
import { gatherBody } from './gather-body.ts';
import { JwksCache } from './jwks-cache.ts';
import type { LocalRateLimits } from './local-rate-limits.ts';
import { RateLimitService } from './rate-limit-service.ts';

type Result = Resume['result'];

/** What answers to pending filters come from. */
interface PendingFilterServices {
  readonly clusters: ClusterManager;
  readonly registry: Registry;
  /** Name of the cluster that the proxy itself belongs to. */
  readonly ownCluster: string;
  readonly limits: LocalRateLimits;
}

/** Fulfils pending filters with the services that the configuration names. */
export class ServicePendingFilters implements PendingFilters {
  #clusters: ClusterManager;
  #keys: JwksCache;
  #localLimits: LocalRateLimits;
  #limitService: RateLimitService;

  constructor({ clusters, registry, ownCluster, limits }: PendingFilterServices) {
    this.#clusters = clusters;
    this.#keys = new JwksCache(clusters, () => performance.now());
    this.#localLimits = limits;
    this.#limitService = new RateLimitService(clusters, registry, ownCluster);
  }

  fulfil(pending: PendingDecision, exchange: ExchangeView, resume: (resume: Resume) => void): void {
    const { filterIndex, state, need } = pending;
    const answer = (result: Result): void => resume({ filterIndex, state, result });
    if (need.kind === 'localRateLimit') answer(this.#localLimits.judge(need, exchange));
    else this.#ask(pending, exchange).then(answer, (error: unknown) => answer(failed(error)));
  }

  #ask({ need, state }: PendingDecision, exchange: ExchangeView): Promise<Result> {
    switch (need.kind) {
      case 'jwt':
        return verifyRequestJwt(need.jwt, need.requirement, {
          facts: exchange,
          keys: (provider) => this.#keys.get(provider, exchange.connection),
          nowMs: exchange.context.wallClock(),
        });
      case 'extAuthz':
        return checkAuthorization(this.#clusters, need, state, exchange);
      case 'body':
        return gatherBody(exchange, need.maxBytes);
      case 'rateLimit':
        return this.#limitService.check(need, exchange);
      case 'localRateLimit':
        return Promise.resolve(this.#localLimits.judge(need, exchange));
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
