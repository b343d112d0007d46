import type { BalancedHost } from '@weft/core/engine/balanced-host';
import type { OutlierHost } from '@weft/core/engine/outlier-detector';
import type { EndpointPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import { identityFor } from './connection-identity.ts';
import { HostPool } from './pool.ts';
import type { HostCluster, UpstreamHost } from './upstream-host.ts';

/** The health of a host by active checks. A host that was not checked yet counts as failed. */
export interface CheckedHealth {
  readonly isFailed: boolean;
  readonly isDegraded: boolean;
  readonly isUnchecked: boolean;
}

/** One upstream host of one cluster: its health as seen from here, its counters and its connections. */
export class Host implements UpstreamHost, BalancedHost, OutlierHost {
  readonly cluster: HostCluster;
  endpoint: EndpointPlan;
  transport: UpstreamTransportPlan;
  /** Requests under way. */
  activeRequests = 0;
  activeConnections = 0;
  totalRequests = 0;
  totalSuccesses = 0;
  totalErrors = 0;
  totalTimeouts = 0;
  connectFailures = 0;
  totalConnections = 0;
  /** When it last became healthy, for slow start. */
  healthySinceMs: number;
  /** Its health by active checks; null where it is not checked. */
  checks: CheckedHealth | null = null;
  addedAt: number;
  /** Gone from its assignment, but kept while it passes its checks. */
  isLeaving = false;
  isRemoved = false;
  /** Connections that TCP proxying uses alone. */
  readonly tcpConnections: Set<{ destroy(): void }> = new Set();
  #isEjected = false;
  readonly #pool: HostPool;
  /** Pools of connections that show something of their downstream, by its key. */
  #identified: Map<string, HostPool> | null = null;

  constructor(cluster: HostCluster, endpoint: EndpointPlan, transport: UpstreamTransportPlan, now: number) {
    this.cluster = cluster;
    this.endpoint = endpoint;
    this.transport = transport;
    this.addedAt = now;
    this.healthySinceMs = now;
    this.#pool = new HostPool(this);
  }

  /** The connections to use for a request; its downstream connection matters where they show something of it. */
  poolFor(connection: ConnectionFacts | null, request: RequestFacts | null): HostPool {
    const identity = identityFor(this, connection, request);
    if (identity === null) return this.#pool;
    this.#identified ??= new Map();
    const known = this.#identified.get(identity.key);
    if (known !== undefined) return known;
    const pool = new HostPool(this, identity);
    this.#identified.set(identity.key, pool);
    return pool;
  }

  /** Idle connections go now, the others when they are done; nothing new is kept. */
  drain(): void {
    this.#eachPool((pool) => pool.drain());
  }

  /** New connections from now on; what is under way keeps its own. */
  renew(): void {
    this.#eachPool((pool) => pool.renew());
  }

  /** Its health failed: requests get new connections when it is well again, and TCP connections are cut off where that is wanted. */
  onHealthFailure(): void {
    this.renew();
    if (!this.cluster.plan.closeConnectionsOnHealthFailure) return;
    for (const connection of this.tcpConnections) connection.destroy();
  }

  /** Closes connections that nobody needs any more. */
  sweep(now: number): void {
    this.#pool.sweep(now);
    if (this.#identified === null) return;
    for (const [key, pool] of this.#identified) {
      pool.sweep(now);
      if (pool.isEmpty) this.#identified.delete(key);
    }
  }

  /** Bytes that wait in the process to be sent to it. */
  get queuedBytes(): number {
    let bytes = 0;
    this.#eachPool((pool) => {
      bytes += pool.queuedBytes;
    });
    return bytes;
  }

  #eachPool(visit: (pool: HostPool) => void): void {
    visit(this.#pool);
    if (this.#identified !== null) for (const pool of this.#identified.values()) visit(pool);
  }

  /** Set by outlier detection. */
  get isEjected(): boolean {
    return this.#isEjected;
  }

  set isEjected(ejected: boolean) {
    this.#isEjected = ejected;
    if (ejected) this.onHealthFailure();
    else this.healthySinceMs = this.cluster.now();
    this.cluster.refreshHealth();
  }

  get address(): string {
    return this.endpoint.key;
  }

  /** False while active health checks say so. */
  get passesHealthChecks(): boolean {
    return this.checks === null || !this.checks.isFailed;
  }

  /** Its health in the words of assignments; what was found out here outweighs what was told. */
  get health(): string {
    const { health } = this.endpoint;
    if (this.#isEjected || this.checks?.isFailed === true) return 'UNHEALTHY';
    if (health === 'UNHEALTHY' || health === 'DRAINING' || health === 'TIMEOUT') return health;
    return this.checks?.isDegraded === true ? 'DEGRADED' : health;
  }

  get coarseHealth(): 'healthy' | 'degraded' | 'unhealthy' {
    const { health } = this.endpoint;
    if (this.#isEjected || health === 'UNHEALTHY' || health === 'DRAINING' || health === 'TIMEOUT') return 'unhealthy';
    if (this.checks?.isFailed === true) return 'unhealthy';
    return health === 'DEGRADED' || this.checks?.isDegraded === true ? 'degraded' : 'healthy';
  }

  get isHealthy(): boolean {
    return this.coarseHealth === 'healthy';
  }

  get isExcluded(): boolean {
    if (this.isLeaving) return true;
    return this.checks?.isUnchecked === true && this.cluster.plan.ignoreNewHostsUntilFirstHealthCheck;
  }
}
