import type { OutlierDetectionPlan } from '../plan/cluster-plan.ts';
import {
  type ConsecutiveFailure,
  countResult,
  type OutlierCounts,
  type OutlierResult,
  OwnOutlierCounts,
  outlierCount,
} from './outlier-counts.ts';
import { OutlierMonitor, type SuccessRate } from './outlier-monitor.ts';

/** A host as outlier detection sees it; the detector sets and clears `isEjected`. */
export interface OutlierHost {
  isEjected: boolean;
}

/** Why a host is ejected, by the name in Envoy's counters. */
export type EjectionType =
  | ConsecutiveFailure
  | 'success_rate'
  | 'local_origin_success_rate'
  | 'failure_percentage'
  | 'local_origin_failure_percentage';

/** What the detector does not know itself, and whom it tells. */
export interface OutlierEnvironment {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** `detected` and, where it is carried out, `enforced`; `overflow` when too many hosts are out already. */
  readonly onEvent: (event: 'detected' | 'enforced' | 'overflow', type: EjectionType) => void;
}

/** Takes hosts that keep failing out of balancing for a while, with Envoy's arithmetic. `review` is to be called at every interval. */
export class OutlierDetector<H extends OutlierHost> {
  readonly #plan: OutlierDetectionPlan;
  readonly #environment: OutlierEnvironment;
  readonly #monitors: Map<H, OutlierMonitor> = new Map();

  readonly #countsOf: (host: H) => OutlierCounts;

  /** `countsOf`: where the results of a host are counted. */
  constructor(plan: OutlierDetectionPlan, environment: OutlierEnvironment, countsOf: (host: H) => OutlierCounts = ownCounts) {
    this.#plan = plan;
    this.#environment = environment;
    this.#countsOf = countsOf;
  }

  /** Watches exactly these hosts; those that stay keep their record. */
  use(hosts: readonly H[]): void {
    const current = new Set(hosts);
    for (const host of this.#monitors.keys()) if (!current.has(host)) this.#monitors.delete(host);
    for (const host of hosts) {
      if (this.#monitors.has(host)) continue;
      this.#monitors.set(host, new OutlierMonitor(this.#countsOf(host), (type) => this.onConsecutive(host, type)));
    }
  }

  report(host: H, result: OutlierResult): void {
    const monitor = this.#monitors.get(host);
    if (monitor === undefined) return;
    countResult(this.#plan, monitor.counts, result, monitor.onLimit);
  }

  /** So many failures of a host in a row were counted, here or in another thread, as eject it. */
  onConsecutive(host: H, type: ConsecutiveFailure): void {
    const monitor = this.#monitors.get(host);
    if (monitor !== undefined) this.#onConsecutive(host, monitor, type);
  }

  /** Returns hosts whose time is over and judges success rates. */
  review(): void {
    const now = this.#environment.now();
    for (const [host, monitor] of this.#monitors) {
      if (host.isEjected && now - monitor.ejectedAt >= this.#ejectionMs(monitor)) this.#return(host, monitor, now);
      monitor.external.turn();
      monitor.local.turn();
    }
    this.#judgeRates('external');
    this.#judgeRates('local');
    for (const [host, monitor] of this.#monitors) {
      const hasRested = monitor.returnedAt !== null && now - monitor.returnedAt >= this.#plan.intervalMs;
      if (!host.isEjected && hasRested && monitor.backoff > 0) monitor.backoff--;
    }
  }

  /** An active health check succeeded: that outweighs an ejection, where configured. */
  onHealthCheckSuccess(host: H): void {
    const monitor = this.#monitors.get(host);
    if (monitor === undefined || !host.isEjected || !this.#plan.successfulActiveHealthCheckUnejectHost) return;
    this.#return(host, monitor, this.#environment.now());
  }

  #onConsecutive(host: H, monitor: OutlierMonitor, type: ConsecutiveFailure): void {
    if (host.isEjected) return;
    this.#environment.onEvent('detected', type);
    this.#eject(host, monitor, type);
    monitor.counts.take(outlierCount[type]);
  }

  #judgeRates(origin: 'external' | 'local'): void {
    const { successRateMinimumHosts, failurePercentageMinimumHosts } = this.#plan;
    if (this.#monitors.size < Math.min(successRateMinimumHosts, failurePercentageMinimumHosts)) return;
    const rated = [...this.#monitors].flatMap(([host, monitor]) =>
      host.isEjected || monitor[origin].volume === 0 ? [] : [{ host, monitor, rate: monitor[origin] }],
    );
    const bySuccess = rated.filter(({ rate }) => rate.volume >= this.#plan.successRateRequestVolume);
    if (bySuccess.length > 0 && bySuccess.length >= successRateMinimumHosts) {
      const threshold = successRateThreshold(
        bySuccess.map(({ rate }) => rate.percent),
        this.#plan.successRateStdevFactor / 1000,
      );
      const type = origin === 'external' ? 'success_rate' : 'local_origin_success_rate';
      for (const each of bySuccess) if (each.rate.percent < threshold) this.#onOutlier(each, type);
    }
    const byFailure = rated.filter(({ rate }) => rate.volume >= this.#plan.failurePercentageRequestVolume);
    if (byFailure.length > 0 && byFailure.length >= failurePercentageMinimumHosts) {
      const type = origin === 'external' ? 'failure_percentage' : 'local_origin_failure_percentage';
      for (const each of byFailure) if (100 - each.rate.percent >= this.#plan.failurePercentageThreshold) this.#onOutlier(each, type);
    }
  }

  #onOutlier(
    { host, monitor }: { readonly host: H; readonly monitor: OutlierMonitor; readonly rate: SuccessRate },
    type: EjectionType,
  ): void {
    this.#environment.onEvent('detected', type);
    this.#eject(host, monitor, type);
  }

  #eject(host: H, monitor: OutlierMonitor, type: EjectionType): void {
    if (host.isEjected) return;
    const { maxEjectionPercent, alwaysEjectOneHost, baseEjectionTimeMs, maxEjectionTimeMs, maxEjectionTimeJitterMs } = this.#plan;
    let out = 0;
    for (const other of this.#monitors.keys()) if (other.isEjected) out++;
    const mayEject = (100 * (out + 1)) / this.#monitors.size <= maxEjectionPercent || (alwaysEjectOneHost && out === 0);
    if (!mayEject) {
      this.#environment.onEvent('overflow', type);
      return;
    }
    if (this.#environment.random() * 100 >= enforcingPercent(this.#plan, type)) return;
    monitor.ejections++;
    monitor.ejectedAt = this.#environment.now();
    monitor.jitterMs = Math.floor(this.#environment.random() * (maxEjectionTimeJitterMs + 1));
    if (monitor.backoff * baseEjectionTimeMs < maxEjectionTimeMs + baseEjectionTimeMs) monitor.backoff++;
    host.isEjected = true;
    this.#environment.onEvent('enforced', type);
  }

  #return(host: H, monitor: OutlierMonitor, now: number): void {
    host.isEjected = false;
    monitor.resetConsecutive();
    monitor.returnedAt = now;
  }

  #ejectionMs(monitor: OutlierMonitor): number {
    const { baseEjectionTimeMs, maxEjectionTimeMs } = this.#plan;
    return Math.min(baseEjectionTimeMs * monitor.backoff, maxEjectionTimeMs) + monitor.jitterMs;
  }
}

function ownCounts(): OutlierCounts {
  return new OwnOutlierCounts();
}

/** The success rate, in per cent, below which a host is an outlier: `mean - factor × standard deviation`. */
export function successRateThreshold(rates: readonly number[], stdevFactor: number): number {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - stdevFactor * Math.sqrt(variance);
}

function enforcingPercent(plan: OutlierDetectionPlan, type: EjectionType): number {
  switch (type) {
    case 'consecutive_5xx':
      return plan.enforcingConsecutive5xx;
    case 'consecutive_gateway_failure':
      return plan.enforcingConsecutiveGatewayFailure;
    case 'consecutive_local_origin_failure':
      return plan.enforcingConsecutiveLocalOriginFailure;
    case 'success_rate':
      return plan.enforcingSuccessRate;
    case 'local_origin_success_rate':
      return plan.enforcingLocalOriginSuccessRate;
    case 'failure_percentage':
      return plan.enforcingFailurePercentage;
    case 'local_origin_failure_percentage':
      return plan.enforcingFailurePercentageLocalOrigin;
  }
}
