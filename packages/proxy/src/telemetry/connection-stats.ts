import type { ByteMeter, Connection } from '../io/connection.ts';
import type { Counter, Histogram, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';

/** How a connection ended. */
export interface ConnectionEnd {
  /** Milliseconds from when it was begun. */
  readonly lifeMs: number;
  readonly isByPeer: boolean;
  /** Whether a request was under way on it. */
  readonly hasActiveRequest: boolean;
}

/** The counters of `ConnectionStats`; `active` is how a side calls connections with requests. */
export const connectionStatNames = (side: 'upstream' | 'downstream', active: 'active_rq' | 'with_active_rq'): readonly string[] =>
  ['rx_bytes_total', 'tx_bytes_total', ...['', '_local', '_remote'].flatMap((by) => [`destroy${by}`, `destroy${by}_${active}`])].map(
    (name) => `${side}_cx_${name}`,
  );

/** What the connections of a cluster or a connection manager moved, how long they lasted and who ended them, under Envoy's names. */
export class ConnectionStats {
  readonly #meter: ByteMeter;
  readonly #lengthMs: Histogram;
  readonly #all: Counter;
  readonly #local: Counter;
  readonly #remote: Counter;
  readonly #allActive: Counter;
  readonly #localActive: Counter;
  readonly #remoteActive: Counter;

  constructor(registry: Registry, scope: StatScope, side: 'upstream' | 'downstream') {
    const active = side === 'upstream' ? 'with_active_rq' : 'active_rq';
    const counter = (name: string): Counter => registry.counter(scope, `${side}_cx_${name}`);
    this.#meter = { received: counter('rx_bytes_total'), sent: counter('tx_bytes_total') };
    this.#lengthMs = registry.histogram(scope, `${side}_cx_length_ms`);
    this.#all = counter('destroy');
    this.#local = counter('destroy_local');
    this.#remote = counter('destroy_remote');
    this.#allActive = counter(`destroy_${active}`);
    this.#localActive = counter(`destroy_local_${active}`);
    this.#remoteActive = counter(`destroy_remote_${active}`);
  }

  /** Counts what a connection moves from now on, and what it has moved already. */
  measure(connection: Connection): void {
    connection.measure(this.#meter);
  }

  countEnd({ lifeMs, isByPeer, hasActiveRequest }: ConnectionEnd): void {
    this.#lengthMs.observe(lifeMs);
    this.#all.increment();
    (isByPeer ? this.#remote : this.#local).increment();
    if (!hasActiveRequest) return;
    this.#allActive.increment();
    (isByPeer ? this.#remoteActive : this.#localActive).increment();
  }
}
