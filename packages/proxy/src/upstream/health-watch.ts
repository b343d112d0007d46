import type { ConsecutiveFailure, OutlierResult } from '@weft/core/engine/outlier-counts';
import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { SharedTable } from '../io/shared-table.ts';
import type { Registry } from '../telemetry/registry.ts';
import { HealthChecker } from './health-checker.ts';
import type { Host } from './host.ts';
import { OutlierWatch } from './outlier-watch.ts';
import type { HostCluster } from './upstream-host.ts';

/** Finds out how healthy the hosts of one cluster are, and keeps that true in them (`checks`, `isEjected`). */
export interface HealthWatch {
  /** Whether hosts are checked actively. */
  readonly isChecking: boolean;
  /** Watches exactly these hosts. */
  use(hosts: readonly Host[]): void;
  /** Runs once every host that is to be checked has been. */
  whenChecked(run: () => void): void;
  /** How a try at a host ended. */
  report(host: Host, result: OutlierResult): void;
  /** A failure in a row that is one too many was counted in another thread. */
  reportLimit(host: Host, type: ConsecutiveFailure): void;
  /** An ordinary response of a host asked to be left alone. */
  reportUnhealthy(host: Host): void;
  /** Another thread has connections to the hosts. */
  reportTraffic(): void;
  stop(): void;
}

/** What watching needs around it. */
export interface HealthEnvironment {
  readonly registry: Registry;
  readonly now: () => number;
  readonly random: () => number;
  readonly shared: SharedTable | null;
}

/** Checks and judges hosts in this thread, for itself or for all others too. */
export class OwnHealthWatch implements HealthWatch {
  readonly #checker: HealthChecker | null;
  readonly #outlier: OutlierWatch | null;

  /** `onChecked` is told of every host after a check. */
  constructor(cluster: HostCluster, environment: HealthEnvironment, onChecked: (host: Host) => void) {
    const { outlierDetection, healthChecks } = cluster.plan;
    this.#outlier = outlierDetection === null ? null : new OutlierWatch(cluster.plan, outlierDetection, environment);
    const [check] = healthChecks;
    this.#checker =
      check === undefined
        ? null
        : new HealthChecker(check, cluster, environment, (host, isSuccess) => {
            if (isSuccess && host.passesHealthChecks) this.#outlier?.onHealthCheckSuccess(host);
            onChecked(host);
          });
  }

  get isChecking(): boolean {
    return this.#checker !== null;
  }

  use(hosts: readonly Host[]): void {
    this.#outlier?.use(hosts);
    this.#checker?.use(hosts);
  }

  whenChecked(run: () => void): void {
    if (this.#checker === null) run();
    else this.#checker.whenChecked(run);
  }

  report(host: Host, result: OutlierResult): void {
    this.#outlier?.report(host, result);
  }

  reportLimit(host: Host, type: ConsecutiveFailure): void {
    this.#outlier?.reportLimit(host, type);
  }

  reportUnhealthy(host: Host): void {
    this.#checker?.failPassively(host);
  }

  reportTraffic(): void {
    if (this.#checker !== null) this.#checker.hasTraffic = true;
  }

  stop(): void {
    this.#outlier?.stop();
    this.#checker?.stop();
  }
}

/** What a cluster's health is watched by: equal where an update can keep the watch. */
export function watchKey({ source }: ClusterPlan): string {
  const { outlierDetection, healthChecks } = source as { readonly outlierDetection?: unknown; readonly healthChecks?: unknown };
  return JSON.stringify([outlierDetection, healthChecks]);
}
