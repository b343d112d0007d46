import type { EndpointPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import { HostPool } from './pool.ts';
import type { HostCluster, UpstreamHost } from './upstream-host.ts';

/** One upstream host of one cluster: its health as seen from here, its counters and its connections. */
export class Host implements UpstreamHost {
  readonly cluster: HostCluster;
  endpoint: EndpointPlan;
  transport: UpstreamTransportPlan;
  readonly pool: HostPool;
  /** Requests under way. */
  activeRequests = 0;
  activeConnections = 0;
  totalRequests = 0;
  totalSuccesses = 0;
  totalErrors = 0;
  connectFailures = 0;
  totalConnections = 0;
  #isEjected = false;
  /** When it last became healthy, for slow start. */
  healthySinceMs: number;
  /** False while active health checks say so. */
  passesHealthChecks = true;
  addedAt: number;
  isRemoved = false;

  constructor(cluster: HostCluster, endpoint: EndpointPlan, transport: UpstreamTransportPlan, now: number) {
    this.cluster = cluster;
    this.endpoint = endpoint;
    this.transport = transport;
    this.addedAt = now;
    this.healthySinceMs = now;
    this.pool = new HostPool(this);
  }

  get isEjected(): boolean {
    return this.#isEjected;
  }

  set isEjected(ejected: boolean) {
    this.#isEjected = ejected;
    if (!ejected) this.healthySinceMs = this.cluster.now();
    this.cluster.refreshHealth();
  }

  get address(): string {
    return this.endpoint.key;
  }

  get isHealthy(): boolean {
    const { health } = this.endpoint;
    return !this.isEjected && this.passesHealthChecks && (health === 'UNKNOWN' || health === 'HEALTHY' || health === 'DEGRADED');
  }
}
