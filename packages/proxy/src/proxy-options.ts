import type { ChannelCredentials } from '@grpc/grpc-js';
import type { IdentityOptions } from './identity/workload-identity.ts';
import type { Bootstrap } from './xds/bootstrap.ts';

/** How much a proxy says on its log. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Receives log lines of a proxy. */
export type ProxyLog = (level: LogLevel, message: string) => void;

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
  readonly log?: ProxyLog;
  /** Lets several workers share listener ports. */
  readonly reusePort?: boolean;
  /** How long a drain waits for connections to end. */
  readonly drainTimeMs?: number;
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
  /** Renews the workload certificate now. */
  rotateCertificate(): Promise<void>;
  /** Stops accepting, lets requests end (at most the drain time), and closes. */
  stop(): Promise<void>;
}
