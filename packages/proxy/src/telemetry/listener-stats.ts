import type { Counter, Labels, Registry } from './registry.ts';

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
  const labels: Labels = [['envoy_listener_address', address]];
  const stats: ListenerStats = {
    connections: registry.counter('envoy_listener_downstream_cx_total', labels),
    noFilterChain: registry.counter('envoy_listener_no_filter_chain_match', labels),
    handshakes: registry.counter('envoy_listener_ssl_handshake', labels),
    tlsErrors: registry.counter('envoy_listener_ssl_connection_error', labels),
    rbacDenied: registry.counter('envoy_listener_rbac_denied', labels),
    active: 0,
  };
  registry.gauge('envoy_listener_downstream_cx_active', labels, () => stats.active);
  return stats;
}
