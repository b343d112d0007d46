import type { Counter, Registry, StatScope } from './registry.ts';

/** Counters of one listener, under Envoy's names. */
export interface ListenerStats {
  readonly connections: Counter;
  readonly noFilterChain: Counter;
  readonly handshakes: Counter;
  readonly tlsErrors: Counter;
  readonly rbacDenied: Counter;
  active: number;
}

/** Registers a listener's counters. */
export function listenerStats(registry: Registry, address: string): ListenerStats {
  const scope: StatScope = { prefix: `listener.${address}.`, extractedPrefix: 'listener.', labels: [['envoy.listener_address', address]] };
  const stats: ListenerStats = {
    connections: registry.counter(scope, 'downstream_cx_total'),
    noFilterChain: registry.counter(scope, 'no_filter_chain_match'),
    handshakes: registry.counter(scope, 'ssl.handshake'),
    tlsErrors: registry.counter(scope, 'ssl.connection_error'),
    rbacDenied: registry.counter(scope, 'rbac_denied'),
    active: 0,
  };
  registry.readGauge(scope, 'downstream_cx_active', () => stats.active);
  return stats;
}
