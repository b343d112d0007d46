import type { OutlierResult } from '@weft/core/engine/outlier-counts';
import type { ClusterPlan, EndpointPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import type { TimerWheel } from '../io/timer-wheel.ts';
import type { ClusterStats } from '../telemetry/cluster-stats.ts';
import type { Breaker } from './breakers.ts';

/** What a host knows of its cluster. */
export interface HostCluster {
  readonly plan: ClusterPlan;
  readonly stats: ClusterStats;
  readonly breakers: { readonly default: Breaker; readonly high: Breaker };
  readonly tlsContexts: TlsContexts;
  /** Whether established connections are to be reported too. */
  readonly reportsConnections: boolean;
  readonly timers: TimerWheel;
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  breaker(priority: 'default' | 'high'): Breaker;
  refreshHealth(): void;
  /** Tells how a try at one of its hosts ended. */
  reportResult(host: object, result: OutlierResult): void;
  /** A response of a host asked to be left alone (`x-envoy-immediate-health-check-fail`). */
  reportUnhealthy(host: object): void;
}

/** What pools and connections read and count of a host. */
export interface UpstreamHost {
  readonly cluster: HostCluster;
  readonly endpoint: EndpointPlan;
  readonly transport: UpstreamTransportPlan;
  readonly address: string;
  activeConnections: number;
  totalConnections: number;
  connectFailures: number;
}
