import type { Plan } from '@weft/core/plan/plan';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { Exchange } from './exchange.ts';
import type { PendingFilters } from './pending-filters.ts';

/** What the HTTP stage uses of the proxy it runs in. */
export interface HttpContext {
  /** The plan in force now. */
  readonly plan: () => Plan;
  readonly clusters: ClusterManager;
  readonly timers: TimerWheel;
  readonly pendingFilters: PendingFilters;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly uuid: () => string;
  /** Adds what peers should learn of this proxy, and takes what they tell. */
  readonly peers: PeerExchange;
  /** Told once for every request, when it is over. */
  readonly onExchangeDone: (exchange: Exchange) => void;
}

/** Metadata exchange between the proxies of a mesh through headers. */
export interface PeerExchange {
  onRequest(exchange: Exchange): void;
  beforeUpstream(exchange: Exchange): void;
  onResponse(exchange: Exchange): void;
  onAnswer(exchange: Exchange): void;
}
