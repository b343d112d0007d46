import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import type { WorkloadIdentity } from '../identity/workload-identity.ts';
import type { ListenerManager } from '../listener/listener-manager.ts';
import type { LogThreshold } from '../log.ts';
import type { Registry } from '../telemetry/registry.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';
import type { PlanStore } from '../xds/plan-store.ts';
import type { ResourceSource } from '../xds/resource-source.ts';

/** What the admin interface shows of a proxy, and what it may do with it. */
export interface ProxyInside {
  readonly name: string;
  readonly node: NodeJson;
  readonly bootstrap: Bootstrap;
  readonly registry: Registry;
  /** All stats that may be shown, at this moment. */
  stats(): readonly StatSample[];
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly store: PlanStore;
  readonly tlsContexts: TlsContexts;
  readonly ads: ResourceSource | null;
  readonly identity: WorkloadIdentity | null;
  readonly isReady: boolean;
  readonly isDraining: boolean;
  readonly startedAt: number;
  /** From which level on log lines are written. */
  logThreshold: LogThreshold;
  /** Opens access log files anew, after they were rotated. */
  reopenLogs(): void;
  /** Accepts nothing more: at once, or (graceful) after the drain time, in which clients are asked to leave. */
  drainListeners(how: { readonly graceful: boolean; readonly inboundOnly: boolean }): void;
  /** While failed, the proxy is not ready and asks its clients to leave. */
  failHealthCheck(isFailed: boolean): void;
  stop(): Promise<void>;
}
