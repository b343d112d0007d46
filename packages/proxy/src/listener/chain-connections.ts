import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnection, HttpConnectionObserver } from '../http/connection-manager.ts';
import type { Connection } from '../io/connection.ts';
import type { TcpProxy } from '../tcp/tcp-proxy.ts';
import type { ChainLimits } from './chain-limits.ts';
import type { Drain } from './drain.ts';

/** The listener that the connections came through. */
export interface ChainOwner {
  readonly isDraining: boolean;
  /** A connection of the chain ended. */
  onHttpEnd(connection: HttpConnection): void;
}

/** The connections of one filter chain: they stay when a listener update leaves their chain as it is, and drain when it does not. */
export class ChainConnections implements HttpConnectionObserver {
  readonly http: Set<HttpConnection> = new Set();
  readonly tcp: Set<TcpProxy> = new Set();
  /** Those whose first bytes, or whose permission, is waited for. */
  readonly waiting: Set<Connection> = new Set();
  readonly plan: FilterChainPlan;
  readonly limits: ChainLimits;
  #owner: ChainOwner;
  #drain: Drain | null = null;

  constructor(plan: FilterChainPlan, owner: ChainOwner, limits: ChainLimits) {
    this.plan = plan;
    this.limits = limits;
    this.#owner = owner;
  }

  get isDraining(): boolean {
    return this.#drain?.asksToLeave === true || this.#owner.isDraining;
  }

  drain(drain: Drain): void {
    this.#drain = drain;
  }

  /** Ends the connections that carry no request. */
  drainIdle(): void {
    for (const connection of this.http) if (connection.isIdle) connection.drain();
  }

  destroy(): void {
    for (const proxy of this.tcp) proxy.close();
    for (const connection of this.waiting) connection.destroy();
    for (const connection of this.http) connection.connection.destroy();
    this.limits.close();
  }

  onHttpConnectionClosed(connection: HttpConnection): void {
    this.http.delete(connection);
    this.#owner.onHttpEnd(connection);
  }
}

const keys = new WeakMap<FilterChainPlan, string>();

/** Equal for chains that were configured alike. */
export function chainKey(chain: FilterChainPlan): string {
  const known = keys.get(chain);
  if (known !== undefined) return known;
  const key = JSON.stringify(chain.source);
  keys.set(chain, key);
  return key;
}
