import type { TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { TcpProxyStats } from '../telemetry/tcp-stats.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { PeerTold } from './metadata-frame.ts';
import type { TcpRecord } from './tcp-record.ts';

/** What TCP proxying uses of the proxy around it. */
export interface TcpProxyContext {
  readonly clusters: ClusterManager;
  readonly timers: TimerWheel;
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly random: () => number;
  /** What proxies tell each other of themselves where a connection begins with that. */
  readonly peers: { readonly frame: Buffer; workloadOf(told: PeerTold): object };
  readonly statsOf: (tcp: TcpProxyPlan) => TcpProxyStats;
  /** Bytes since the last report; `isFinal` once, at the end. */
  readonly onProgress: (proxy: TcpRecord, isFinal: boolean) => void;
  /** Told once of every connection whose end is to be logged. */
  readonly onDone: (proxy: TcpRecord) => void;
}

/** What logs tell of a connection that a filter turned away. */
export interface TcpRefusal {
  readonly flag: string;
  readonly details: string;
  readonly terminationDetails: string;
}
