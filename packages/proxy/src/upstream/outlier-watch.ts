import { OutlierDetector, type OutlierResult } from '@weft/core/engine/outlier-detector';
import type { OutlierDetectionPlan } from '@weft/core/plan/cluster-plan';
import { clusterScope } from '../telemetry/cluster-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import type { Host } from './host.ts';

/** What outlier detection of one cluster needs around it. */
export interface OutlierWatchEnvironment {
  readonly registry: Registry;
  readonly clusterName: string;
  readonly now: () => number;
  readonly random: () => number;
}

/** Outlier detection of one cluster: reviews its hosts at every interval and counts what happens under Envoy's names. */
export class OutlierWatch {
  readonly #detector: OutlierDetector<Host>;
  readonly #timer: NodeJS.Timeout;
  #hosts: readonly Host[] = [];

  constructor(plan: OutlierDetectionPlan, { registry, clusterName, now, random }: OutlierWatchEnvironment) {
    const scope = clusterScope(clusterName);
    const count = (name: string): void => registry.counter(scope, `outlier_detection.ejections_${name}`).increment();
    this.#detector = new OutlierDetector<Host>(plan, {
      now,
      random,
      onEvent: (event, type) => {
        if (event === 'overflow') count('overflow');
        else count(`${event}_${type}`);
        if (event === 'enforced') count('enforced_total');
      },
    });
    registry.readGauge(scope, 'outlier_detection.ejections_active', () => this.#hosts.filter((host) => host.isEjected).length);
    this.#timer = setInterval(() => this.#detector.review(), plan.intervalMs);
    this.#timer.unref();
  }

  use(hosts: readonly Host[]): void {
    this.#hosts = hosts;
    this.#detector.use(hosts);
  }

  report(host: Host, result: OutlierResult): void {
    this.#detector.report(host, result);
  }

  onHealthCheckSuccess(host: Host): void {
    this.#detector.onHealthCheckSuccess(host);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
