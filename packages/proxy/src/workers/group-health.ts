import type { Plan } from '@weft/core/plan/plan';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import type { SharedTable } from '../io/shared-table.ts';
import { TimerWheel } from '../io/timer-wheel.ts';
import { Registry } from '../telemetry/registry.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import { buildStatsConfig, type StatsConfig } from '../telemetry/stats-config.ts';
import type { Cluster } from '../upstream/cluster.ts';
import { ClusterManager } from '../upstream/cluster-manager.ts';
import type { Host } from '../upstream/host.ts';
import type { HealthReport, ToldHostHealth } from '../upstream/told-health.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';

/** What watching hosts for all workers needs. */
export interface GroupHealthOptions {
  readonly bootstrap: Bootstrap;
  readonly tlsContexts: TlsContexts;
  readonly shared: SharedTable;
  /** Tells the workers what is new. */
  readonly tell: (changes: readonly ToldHostHealth[]) => void;
}

type HostHealth = ToldHostHealth['health'];

/** What of this thread's stats is not also counted by workers. */
const ownStats = /^cluster\..*\.(health_check|outlier_detection)\./;

/**
 * Watches the hosts of all clusters in the main thread, so that they are checked once and not by every worker, and an ejection is everybody's.
 * Workers count what becomes of their requests in shared memory, and tell when a limit is reached.
 */
export class GroupHealth {
  readonly #clusters: ClusterManager;
  readonly #registry: Registry;
  readonly #stats: StatsConfig;
  readonly #tell: GroupHealthOptions['tell'];
  /** What the workers know, by cluster and host. */
  readonly #told: Map<string, Map<string, HostHealth>> = new Map();
  readonly #changed: Set<string> = new Set();

  constructor({ bootstrap, tlsContexts, shared, tell }: GroupHealthOptions) {
    const stats = buildStatsConfig(bootstrap);
    this.#registry = new Registry(stats.bucketsOf);
    this.#stats = stats;
    this.#tell = tell;
    const environment = {
      registry: this.#registry,
      tlsContexts,
      now: () => performance.now(),
      random: Math.random,
      timers: new TimerWheel(() => performance.now()),
      shared,
      toldHealth: null,
      locality: { region: '', zone: '', subZone: '' },
      localClusterName: '',
    };
    this.#clusters = new ClusterManager(environment, ({ plan }) => this.#onChange(plan.name));
  }

  usePlan(plan: Plan): void {
    this.#clusters.usePlan(plan);
    for (const name of this.#told.keys()) if (!plan.clusterByName.has(name)) this.#onChange(name);
  }

  /** Certificates changed, which checks may use. */
  renewConnections(): void {
    this.#clusters.renewConnections();
  }

  take(report: HealthReport): void {
    this.#clusters.get(report.cluster)?.takeReport(report);
  }

  /** All that a new worker has to know. */
  all(): readonly ToldHostHealth[] {
    return [...this.#told].flatMap(([cluster, hosts]) => [...hosts].map(([host, health]) => ({ cluster, host, health })));
  }

  stats(): readonly StatSample[] {
    return this.#stats.retagged(this.#registry.samples((name) => ownStats.test(name) && this.#stats.isShown(name)));
  }

  resetCounters(): void {
    this.#registry.resetCounters();
  }

  close(): void {
    this.#clusters.close();
  }

  /** Several hosts often change in one turn. */
  #onChange(cluster: string): void {
    if (this.#changed.size === 0) setImmediate(() => this.#tellChanges());
    this.#changed.add(cluster);
  }

  #tellChanges(): void {
    const changes = [...this.#changed].flatMap((name) => this.#changesOf(name, this.#clusters.get(name)));
    this.#changed.clear();
    if (changes.length > 0) this.#tell(changes);
  }

  #changesOf(name: string, cluster: Cluster | undefined): readonly ToldHostHealth[] {
    const before = this.#told.get(name) ?? new Map<string, HostHealth>();
    const after = new Map(isWatched(cluster) ? cluster.hosts.map((host) => [host.address, healthOf(host)]) : []);
    const changes: ToldHostHealth[] = [];
    for (const [host, health] of after)
      if (JSON.stringify(before.get(host)) !== JSON.stringify(health)) changes.push({ cluster: name, host, health });
    for (const host of before.keys()) if (!after.has(host)) changes.push({ cluster: name, host, health: null });
    if (after.size > 0) this.#told.set(name, after);
    else this.#told.delete(name);
    return changes;
  }
}

function isWatched(cluster: Cluster | undefined): cluster is Cluster {
  if (cluster === undefined) return false;
  const { outlierDetection, healthChecks, discovery } = cluster.plan;
  return discovery !== 'ORIGINAL_DST' && (outlierDetection !== null || healthChecks.length > 0);
}

function healthOf({ isEjected, checks }: Host): HostHealth {
  const isChecked = checks !== null && !checks.isUnchecked;
  return { isEjected, checks: isChecked ? { isFailed: checks.isFailed, isDegraded: checks.isDegraded } : null };
}
