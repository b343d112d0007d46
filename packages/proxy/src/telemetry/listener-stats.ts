import type { Counter, Registry, StatScope } from './registry.ts';
import { TlsStats } from './tls-stats.ts';

/** Counters of one listener, under Envoy's names. */
export class ListenerStats {
  readonly connections: Counter;
  readonly closed: Counter;
  readonly noFilterChain: Counter;
  active = 0;
  #registry: Registry;
  #scope: StatScope;
  #tls: TlsStats | null = null;

  constructor(registry: Registry, address: string) {
    this.#registry = registry;
    this.#scope = { prefix: `listener.${address}.`, extractedPrefix: 'listener.', labels: [['envoy.listener_address', address]] };
    this.connections = registry.counter(this.#scope, 'downstream_cx_total');
    this.closed = registry.counter(this.#scope, 'downstream_cx_destroy');
    this.noFilterChain = registry.counter(this.#scope, 'no_filter_chain_match');
    registry.readGauge(this.#scope, 'downstream_cx_active', () => this.active);
  }

  /** Takes them out of the proxy's stats: no listener of this address is left. */
  forget(): void {
    this.#registry.forgetScope(this.#scope);
  }

  /** A connection ended. */
  countClosed(): void {
    this.active--;
    this.closed.increment();
  }

  get tls(): TlsStats {
    this.#tls ??= new TlsStats(this.#registry, this.#scope, 'envoy.ssl_cipher');
    return this.#tls;
  }

  get rbacDenied(): Counter {
    return this.#registry.counter(this.#scope, 'rbac_denied');
  }

  /** Connections over the listener's limit. */
  get overflow(): Counter {
    return this.#registry.counter(this.#scope, 'downstream_cx_overflow');
  }

  /** Connections over the limit of the whole proxy. */
  get globalOverflow(): Counter {
    return this.#registry.counter(this.#scope, 'downstream_global_cx_overflow');
  }
}
