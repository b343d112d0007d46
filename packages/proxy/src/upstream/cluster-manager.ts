import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { Plan } from '@weft/core/plan/plan';
import { clusterScope } from '../telemetry/cluster-stats.ts';
import type { Counter } from '../telemetry/registry.ts';
import { serverScope } from '../telemetry/server-stats.ts';
import { Cluster, type ClusterEnvironment } from './cluster.ts';
import { connectionKey } from './connection-key.ts';
import { startDnsDiscovery } from './dns-discovery.ts';

/** The clusters at run time, brought in line with each plan: unchanged ones stay as they are, changed ones keep what they can. */
export class ClusterManager {
  #environment: ClusterEnvironment;
  #clusters: Map<string, Cluster> = new Map();
  #stops: Map<Cluster, () => void> = new Map();
  #sweep: NodeJS.Timeout;
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;

  /** `onMembership` is told of clusters whose hosts or their health changed. */
  constructor(environment: Omit<ClusterEnvironment, 'clusterNamed' | 'onMembership'>, onMembership: (cluster: Cluster) => void = () => {}) {
    this.#environment = {
      ...environment,
      clusterNamed: (name) => this.#clusters.get(name),
      onMembership: (cluster) => {
        this.#onMembership(cluster);
        onMembership(cluster);
      },
    };
    const counter = (name: string): Counter => environment.registry.counter(serverScope('cluster_manager'), name);
    this.#added = counter('cluster_added');
    this.#modified = counter('cluster_modified');
    this.#removed = counter('cluster_removed');
    this.#sweep = setInterval(() => {
      const now = environment.now();
      for (const cluster of this.#clusters.values()) cluster.sweep(now);
    }, sweepEveryMs);
    this.#sweep.unref();
  }

  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  /** How many hosts the cluster has that this proxy itself belongs to; 0 where that is not known. */
  get fleetSize(): number {
    return this.#clusters.get(this.#environment.localClusterName)?.hosts.length ?? 0;
  }

  all(): readonly Cluster[] {
    return [...this.#clusters.values()];
  }

  usePlan(plan: Plan): void {
    for (const [name, clusterPlan] of plan.clusterByName) this.#update(name, clusterPlan, plan);
    for (const [name, cluster] of this.#clusters) {
      if (plan.clusterByName.has(name)) continue;
      this.#remove(name, cluster);
    }
  }

  /** New upstream connections everywhere, for rotated certificates. */
  renewConnections(): void {
    for (const cluster of this.#clusters.values()) cluster.renewConnections();
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const [name, cluster] of this.#clusters) this.#remove(name, cluster);
  }

  #update(name: string, clusterPlan: ClusterPlan, plan: Plan): void {
    let cluster = this.#clusters.get(name);
    if (cluster === undefined) this.#added.increment();
    else if (cluster.plan !== clusterPlan) this.#modified.increment();
    if (cluster === undefined || !keepsConnections(cluster.plan, clusterPlan)) {
      const before = cluster;
      cluster = new Cluster(clusterPlan, this.#environment);
      this.#clusters.set(name, cluster);
      if (before !== undefined) {
        this.#stops.get(before)?.();
        this.#stops.delete(before);
        before.drain();
      }
      this.#startDiscovery(cluster);
    } else if (cluster.plan !== clusterPlan) cluster.updatePlan(clusterPlan);
    const assignment = clusterPlan.edsName === null ? clusterPlan.loadAssignment : plan.assignmentByName.get(clusterPlan.edsName);
    if (assignment !== undefined && assignment !== null && !usesDns(clusterPlan)) cluster.updateEndpoints(assignment);
    else if (clusterPlan.edsName === null && !usesDns(clusterPlan)) cluster.markInitialized();
  }

  /** Every cluster routes by the zones of the fleet. */
  #onMembership(changed: Cluster): void {
    if (changed.plan.name !== this.#environment.localClusterName) return;
    for (const cluster of this.#clusters.values()) if (cluster !== changed) cluster.refreshZones();
  }

  #startDiscovery(cluster: Cluster): void {
    if (usesDns(cluster.plan)) this.#stops.set(cluster, startDnsDiscovery(cluster));
  }

  #remove(name: string, cluster: Cluster): void {
    this.#clusters.delete(name);
    this.#removed.increment();
    this.#stops.get(cluster)?.();
    this.#stops.delete(cluster);
    cluster.drain();
    this.#environment.registry.forgetScope(clusterScope(cluster.plan.statName));
  }
}

const sweepEveryMs = 1000;

function usesDns(plan: ClusterPlan): boolean {
  return plan.discovery === 'STRICT_DNS' || plan.discovery === 'LOGICAL_DNS';
}

/** Whether an update can keep hosts and connections: what connections are made of must be the same. */
function keepsConnections(before: ClusterPlan, after: ClusterPlan): boolean {
  if (before === after) return true;
  return connectionKey(before) === connectionKey(after);
}
