import type { PendingDecision, Resume } from '@weft/core/engine/decision';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { Exchange } from './exchange.ts';
import type { PendingFilters } from './pending-filters.ts';

/** Fulfils pending filters with the services that the configuration names. */
export class ServicePendingFilters implements PendingFilters {
  #clusters: ClusterManager;
  #grpcTarget: (cluster: string) => string | null;

  constructor(clusters: ClusterManager, grpcTarget: (cluster: string) => string | null) {
    this.#clusters = clusters;
    this.#grpcTarget = grpcTarget;
  }

  fulfil(pending: PendingDecision, exchange: Exchange, resume: (resume: Resume) => void): void {
    void this.#clusters;
    void this.#grpcTarget;
    void exchange;
    const { filterIndex, state } = pending;
    resume({
      filterIndex,
      state,
      result: {
        kind: 'deny',
        status: 501,
        body: 'filter not supported',
        headers: [],
        flag: '',
        details: 'unsupported_filter',
        grpcStatus: null,
      },
    });
  }
}
