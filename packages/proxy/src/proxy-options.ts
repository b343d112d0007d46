import type { ChannelCredentials } from '@grpc/grpc-js';
import type { AdminAnswer, AdminRequest } from './admin/admin-answer.ts';
import type { IdentityOptions } from './identity/workload-identity.ts';
import type { SharedTable } from './io/shared-table.ts';
import type { LogLevel, LogThreshold, ProxyLog } from './log.ts';
import type { StatSample } from './telemetry/stat-sample.ts';
import type { ToldHealth } from './upstream/told-health.ts';
import type { Bootstrap } from './xds/bootstrap.ts';
import type { PlanStore } from './xds/plan-store.ts';
import type { ResourceSource } from './xds/resource-source.ts';

export type { LogLevel, ProxyLog };

/** One proxy to run. */
export interface ProxyOptions {
  /** Name in log lines; the node id where it is left out. */
  readonly name?: string;
  /** Envoy bootstrap in protojson form, either field spelling. */
  readonly bootstrap: Bootstrap;
  /** How to get a workload certificate; null for a proxy whose certificates come by SDS or files only. */
  readonly identity?: IdentityOptions | null;
  /** Headers of the discovery stream (a bearer token), read at each connect. */
  readonly adsMetadata?: () => Promise<Readonly<Record<string, string>>>;
  /** Credentials of the discovery stream; by the ADS cluster's transport socket where left out. */
  readonly adsCredentials?: ChannelCredentials;
  /** Where resources come from instead of the bootstrap's sources. */
  readonly source?: (store: PlanStore) => ResourceSource;
  readonly log?: ProxyLog;
  /** What the threads of the process count together; left out where there is one. */
  readonly shared?: SharedTable;
  /** Threads of the process that serve; 1 where it is left out. */
  readonly concurrency?: number;
  /** What another thread finds out of hosts' health; the proxy does that itself where it is left out. */
  readonly toldHealth?: ToldHealth;
  /** Shared by workers, so that each resumes the TLS sessions of the others; random where left out. */
  readonly sessionSecret?: Uint8Array;
  /** From which level on lines are written, until the admin interface changes it; all of them where it is left out. */
  readonly logThreshold?: LogThreshold;
  /** Lets several workers share listener ports. */
  readonly reusePort?: boolean;
  /** How long `stop` waits for connections to end; 5 s where left out. */
  readonly drainTimeMs?: number;
  /** How long connections of a replaced or drained listener may live on; 10 min where left out. */
  readonly listenerDrainMs?: number;
  /**
   * Whether clients of a replaced or drained listener or chain are asked to leave with their next response, or more and more of them over
   * the drain time as Envoy does. At once where left out: what a changed policy forbids must not go on over connections that were there before.
   */
  readonly drainStrategy?: 'gradual' | 'immediate';
}

/** A proxy that runs. */
export interface RunningProxy {
  readonly name: string;
  /** Port of the admin interface, null without one. */
  readonly adminPort: number | null;
  /** Bound addresses by listener name. */
  listenerPorts(): ReadonlyMap<string, number>;
  /** Resolves once the first configuration is in force and its listeners are bound. */
  readonly ready: Promise<void>;
  /** All stats that may be shown, at this moment. */
  stats(): readonly StatSample[];
  /** Answers as the admin interface does, with the stats of other threads of the same process added to its own. */
  admin(request: AdminRequest, otherStats: readonly (readonly StatSample[])[]): AdminAnswer;
  /** Resolves when the proxy was stopped, by `stop` or through the admin interface. */
  readonly stopped: Promise<void>;
  /** Renews the workload certificate now. */
  rotateCertificate(): Promise<void>;
  /** Stops accepting, lets requests end (at most the drain time), and closes. */
  stop(): Promise<void>;
}
