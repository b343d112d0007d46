import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ExchangeView } from '../http/exchange-view.ts';
import type { Counter, Histogram, Registry, StatScope } from './registry.ts';

interface ManagerStats {
  readonly requests: Counter;
  readonly byClass: readonly Counter[];
  readonly duration: Histogram;
}

/** Envoy's counters per connection manager. */
export class HttpStats {
  #registry: Registry;
  #byManager: WeakMap<HttpConnectionManagerPlan, ManagerStats> = new WeakMap();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  record(exchange: ExchangeView): void {
    const { manager } = exchange.origin;
    let stats = this.#byManager.get(manager);
    if (stats === undefined) {
      stats = this.#make(manager);
      this.#byManager.set(manager, stats);
    }
    stats.requests.increment();
    stats.byClass[Math.floor(exchange.responseStatus / 100) - 1]?.increment();
    stats.duration.observe(exchange.endedAt - exchange.startedMonotonic);
  }

  #make(manager: HttpConnectionManagerPlan): ManagerStats {
    const { statPrefix } = manager;
    const scope: StatScope = {
      prefix: `http.${statPrefix}.`,
      extractedPrefix: 'http.',
      labels: [['envoy.http_conn_manager_prefix', statPrefix]],
    };
    return {
      requests: this.#registry.counter(scope, 'downstream_rq_total'),
      byClass: [1, 2, 3, 4, 5].map((digit) => this.#registry.counter(scope, `downstream_rq_${digit}xx`)),
      duration: this.#registry.histogram(scope, 'downstream_rq_time'),
    };
  }
}
