import type { ConsecutiveFailure, OutlierResult } from '@weft/core/engine/outlier-counts';
import { OutlierDetector } from '@weft/core/engine/outlier-detector';
import type { ClusterPlan, OutlierDetectionPlan } from '@weft/core/plan/cluster-plan';
import type { SharedTable } from '../io/shared-table.ts';
import { clusterScope } from '../telemetry/cluster-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import type { Host } from './host.ts';
import { OutlierCountsOfHosts } from './shared-outlier-counts.ts';

/** What outlier detection of one cluster needs around it. */
export interface OutlierWatchEnvironment {
  readonly registry: Registry;
  readonly now: () => number;
  readonly random: () => number;
  readonly shared: SharedTable | null;
}

/** Outlier detection of one cluster: reviews its hosts at every interval and counts what happens under Envoy's names. */
export class OutlierWatch {
  readonly #detector: OutlierDetector<Host>;
  readonly #counts: OutlierCountsOfHosts;
  readonly #timer: NodeJS.Timeout;
  #hosts: readonly Host[] = [];

  constructor(cluster: ClusterPlan, plan: OutlierDetectionPlan, { registry, shared, now, random }: OutlierWatchEnvironment) {
    const scope = clusterScope(cluster.statName);
    const count = (name: string): void => registry.counter(scope, `outlier_detection.ejections_${name}`).increment();
    this.#counts = new OutlierCountsOfHosts(cluster, shared);
    const environment = {
      now,
      random,
      onEvent: (event: 'detected' | 'enforced' | 'overflow', type: string): void => {
        if (event === 'overflow') count('overflow');
        else count(`${event}_${type}`);
        if (event === 'enforced') count('enforced_total');
      },
    };
    this.#detector = new OutlierDetector<Host>(plan, environment, (host) => this.#counts.of(host));
    registry.readGauge(scope, 'outlier_detection.ejections_active', () => this.#hosts.filter((host) => host.isEjected).length);
    this.#timer = setInterval(() => this.#detector.review(), plan.intervalMs);
    this.#timer.unref();
  }

  use(hosts: readonly Host[]): void {
    this.#hosts = hosts;
    this.#detector.use(hosts);
    this.#counts.use(hosts);
  }

  report(host: Host, result: OutlierResult): void {
    this.#detector.report(host, result);
  }

  /** As many failures in a row as eject a host were counted in another thread. */
  reportLimit(host: Host, type: ConsecutiveFailure): void {
    this.#detector.onConsecutive(host, type);
  }

  onHealthCheckSuccess(host: Host): void {
    this.#detector.onHealthCheckSuccess(host);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#counts.stop();
  }
}
