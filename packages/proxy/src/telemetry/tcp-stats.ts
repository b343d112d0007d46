import type { TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { ByteMeter } from '../io/connection.ts';
import type { Counter, DeclaredStats, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';

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
    for (const proxy of proxies) this.of(proxy);
    for (const prefix of this.#byPrefix.keys()) {
      if (kept.has(prefix)) continue;
      this.#byPrefix.delete(prefix);
      this.#registry.forgetScope(scopeOf(prefix));
    }
  }
}

/** What may happen to a connection and is counted when it does. */
const tcpEvents = [
  'downstream_cx_no_route',
  'downstream_flow_control_paused_reading_total',
  'downstream_flow_control_resumed_reading_total',
  'idle_timeout',
  'max_downstream_connection_duration',
] as const;

const nothing = (): number => 0;

/** The others are of what this proxy does not do: zero, as in an Envoy that is not told to. */
const tcpStats: DeclaredStats<null> = {
  counters: [
    ...tcpEvents,
    'downstream_cx_drain_close',
    'downstream_cx_overload_close',
    'early_data_received_count_total',
    'route_delayed_total',
    'upstream_flush_total',
  ],
  gauges: {
    downstream_cx_rx_bytes_buffered: nothing,
    downstream_cx_tx_bytes_buffered: nothing,
    upstream_flush_active: nothing,
  },
};

/** Counters of the TCP proxies of one prefix. */
export class TcpProxyStats {
  readonly connections: Counter;
  /** What moves on the clients' connections. */
  readonly meter: ByteMeter;
  readonly #registry: Registry;
  readonly #scope: StatScope;

  constructor(registry: Registry, statPrefix: string) {
    this.#registry = registry;
    this.#scope = scopeOf(statPrefix);
    registry.declare(this.#scope, tcpStats, null);
    const counter = (name: string): Counter => registry.counter(this.#scope, name);
    this.connections = counter('downstream_cx_total');
    this.meter = { received: counter('downstream_cx_rx_bytes_total'), sent: counter('downstream_cx_tx_bytes_total') };
  }

  count(event: (typeof tcpEvents)[number]): void {
    this.#registry.counter(this.#scope, event).value++;
  }
}

function scopeOf(statPrefix: string): StatScope {
  return { prefix: `tcp.${statPrefix}.`, extractedPrefix: 'tcp.', labels: [['envoy.tcp_prefix', statPrefix]] };
}
