import { type ConsecutiveFailure, countResult, type OutlierResult } from '@weft/core/engine/outlier-counts';
import type { SharedTable } from '../io/shared-table.ts';
import type { HealthWatch } from './health-watch.ts';
import type { CheckedHealth, Host } from './host.ts';
import { OutlierCountsOfHosts } from './shared-outlier-counts.ts';
import type { HostCluster } from './upstream-host.ts';

/** What is told of a host: null where it is gone. `checks` is null while it was not checked. */
export interface ToldHostHealth {
  readonly cluster: string;
  readonly host: string;
  readonly health: {
    readonly isEjected: boolean;
    readonly checks: { readonly isFailed: boolean; readonly isDegraded: boolean } | null;
  } | null;
}

/** What the thread that watches hosts has to know of what others see of them. */
export type HealthReport =
  | { readonly kind: 'limit'; readonly cluster: string; readonly host: string; readonly type: ConsecutiveFailure }
  | { readonly kind: 'unhealthy'; readonly cluster: string; readonly host: string }
  | { readonly kind: 'traffic'; readonly cluster: string };

/** Has the watch of a cluster take note of what another thread saw. */
export function passReport(report: HealthReport, watch: HealthWatch, hostAt: (address: string) => Host | undefined): void {
  if (report.kind === 'traffic') {
    watch.reportTraffic();
    return;
  }
  const host = hostAt(report.host);
  if (host === undefined) return;
  if (report.kind === 'limit') watch.reportLimit(host, report.type);
  else watch.reportUnhealthy(host);
}

type HostHealth = NonNullable<ToldHostHealth['health']>;

/** The health of hosts as the thread that watches them tells it, for all clusters of this thread. */
export class ToldHealth {
  readonly #report: (report: HealthReport) => void;
  readonly #byCluster: Map<string, Map<string, HostHealth>> = new Map();
  readonly #watches: Map<string, ToldHealthWatch> = new Map();

  constructor(report: (report: HealthReport) => void) {
    this.#report = report;
  }

  take(changes: readonly ToldHostHealth[]): void {
    const changed = new Set<string>();
    for (const { cluster, host, health } of changes) {
      let hosts = this.#byCluster.get(cluster);
      if (hosts === undefined) {
        hosts = new Map();
        this.#byCluster.set(cluster, hosts);
      }
      if (health === null) hosts.delete(host);
      else hosts.set(host, health);
      if (hosts.size === 0) this.#byCluster.delete(cluster);
      changed.add(cluster);
    }
    for (const cluster of changed) this.#watches.get(cluster)?.refresh();
  }

  /** The watch of a cluster, in place of one of the same name. */
  watch(cluster: HostCluster, shared: SharedTable | null, onChecked: (host: Host) => void): HealthWatch {
    const { name } = cluster.plan;
    const watch = new ToldHealthWatch(cluster, shared, {
      healthOf: (host) => this.#byCluster.get(name)?.get(host.address),
      report: this.#report,
      onChecked,
      onStop: () => {
        if (this.#watches.get(name) === watch) this.#watches.delete(name);
      },
    });
    this.#watches.set(name, watch);
    return watch;
  }
}

interface ToldEnvironment {
  readonly healthOf: (host: Host) => HostHealth | undefined;
  readonly report: (report: HealthReport) => void;
  readonly onChecked: (host: Host) => void;
  readonly onStop: () => void;
}

/** The hosts of one cluster, whose health is found out elsewhere; what is seen of them here is counted and told. */
class ToldHealthWatch implements HealthWatch {
  readonly #cluster: HostCluster;
  readonly #environment: ToldEnvironment;
  readonly #counts: OutlierCountsOfHosts;
  readonly #limits: Map<Host, (type: ConsecutiveFailure) => void> = new Map();
  #hosts: readonly Host[] = [];
  #waiting: (() => void)[] = [];
  #hasToldTraffic = false;

  constructor(cluster: HostCluster, shared: SharedTable | null, environment: ToldEnvironment) {
    this.#cluster = cluster;
    this.#environment = environment;
    this.#counts = new OutlierCountsOfHosts(cluster.plan, shared);
  }

  get isChecking(): boolean {
    return this.#cluster.plan.healthChecks.length > 0;
  }

  use(hosts: readonly Host[]): void {
    this.#hosts = hosts;
    this.#counts.use(hosts);
    const current = new Set(hosts);
    for (const host of this.#limits.keys()) if (!current.has(host)) this.#limits.delete(host);
    this.refresh();
  }

  /** Brings the hosts in line with what was told. */
  refresh(): void {
    // A host that fails may leave meanwhile.
    for (const host of [...this.#hosts]) this.#apply(host);
    this.#settle();
  }

  whenChecked(run: () => void): void {
    this.#waiting.push(run);
    this.#settle();
  }

  report(host: Host, result: OutlierResult): void {
    const { plan } = this.#cluster;
    if (!this.#hasToldTraffic && this.isChecking) this.reportTraffic();
    if (plan.outlierDetection !== null) countResult(plan.outlierDetection, this.#counts.of(host), result, this.#limitOf(host));
  }

  reportLimit(host: Host, type: ConsecutiveFailure): void {
    this.#environment.report({ kind: 'limit', cluster: this.#cluster.plan.name, host: host.address, type });
  }

  reportUnhealthy(host: Host): void {
    this.#environment.report({ kind: 'unhealthy', cluster: this.#cluster.plan.name, host: host.address });
  }

  reportTraffic(): void {
    this.#hasToldTraffic = true;
    this.#environment.report({ kind: 'traffic', cluster: this.#cluster.plan.name });
  }

  stop(): void {
    this.#counts.stop();
    this.#environment.onStop();
  }

  #limitOf(host: Host): (type: ConsecutiveFailure) => void {
    const known = this.#limits.get(host);
    if (known !== undefined) return known;
    const made = (type: ConsecutiveFailure): void => this.reportLimit(host, type);
    this.#limits.set(host, made);
    return made;
  }

  #apply(host: Host): void {
    const told = this.#environment.healthOf(host);
    const isEjected = told?.isEjected ?? false;
    if (host.isEjected !== isEjected) host.isEjected = isEjected;
    if (!this.isChecking || host.endpoint.healthCheck.disabled) {
      host.checks = null;
      return;
    }
    const before = host.checks;
    const checks: CheckedHealth = told?.checks ? { ...told.checks, isUnchecked: false } : unchecked;
    if (before !== null && isSame(before, checks)) return;
    host.checks = checks;
    if (before?.isFailed === true && !checks.isFailed) host.healthySinceMs = this.#cluster.now();
    if (before?.isFailed === false && checks.isFailed) host.onHealthFailure();
    this.#cluster.refreshHealth();
    if (!checks.isUnchecked) this.#environment.onChecked(host);
  }

  #settle(): void {
    for (const host of this.#hosts) if (host.checks?.isUnchecked === true) return;
    for (const run of this.#waiting.splice(0)) run();
  }
}

const unchecked: CheckedHealth = { isFailed: true, isDegraded: false, isUnchecked: true };

function isSame(a: CheckedHealth, b: CheckedHealth): boolean {
  return a.isFailed === b.isFailed && a.isDegraded === b.isDegraded && a.isUnchecked === b.isUnchecked;
}
