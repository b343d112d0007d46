import type { TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { ByteMeter } from '../io/connection.ts';
import type { Counter, Registry, StatScope } from './registry.ts';

/** Envoy's stats of TCP proxies, shared by those with the same prefix. */
export class TcpStats {
  #registry: Registry;
  #byPrefix: Map<string, TcpProxyStats> = new Map();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  of({ statPrefix }: TcpProxyPlan): TcpProxyStats {
    let stats = this.#byPrefix.get(statPrefix);
    if (stats === undefined) {
      stats = new TcpProxyStats(this.#registry, statPrefix);
      this.#byPrefix.set(statPrefix, stats);
    }
    return stats;
  }

  /** Forgets the stats of all others. Connections of theirs that still end count where nobody looks. */
  keepOnly(proxies: readonly TcpProxyPlan[]): void {
    const kept = new Set(proxies.map(({ statPrefix }) => statPrefix));
    for (const prefix of this.#byPrefix.keys()) {
      if (kept.has(prefix)) continue;
      this.#byPrefix.delete(prefix);
      this.#registry.forgetScope(scopeOf(prefix));
    }
  }
}

/** Counters of the TCP proxies of one prefix. */
export class TcpProxyStats {
  readonly connections: Counter;
  readonly noRoute: Counter;
  readonly idleTimeouts: Counter;
  readonly durationTimeouts: Counter;
  /** What moves on the clients' connections. */
  readonly meter: ByteMeter;

  constructor(registry: Registry, statPrefix: string) {
    const scope = scopeOf(statPrefix);
    const counter = (name: string): Counter => registry.counter(scope, name);
    this.connections = counter('downstream_cx_total');
    this.noRoute = counter('downstream_cx_no_route');
    this.idleTimeouts = counter('idle_timeout');
    this.durationTimeouts = counter('max_downstream_connection_duration');
    this.meter = { received: counter('downstream_cx_rx_bytes_total'), sent: counter('downstream_cx_tx_bytes_total') };
  }
}

function scopeOf(statPrefix: string): StatScope {
  return { prefix: `tcp.${statPrefix}.`, extractedPrefix: 'tcp.', labels: [['envoy.tcp_prefix', statPrefix]] };
}
