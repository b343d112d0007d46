import type { ResetReason } from '../http/stream.ts';
import type { Cluster } from './cluster.ts';
import type { Host } from './host.ts';

interface HostRecord {
  consecutive5xx: number;
  consecutiveGateway: number;
  consecutiveLocal: number;
  ejections: number;
  ejectedUntil: number;
}

/** Takes hosts that keep failing out of balancing for a while, per cluster as configured (Envoy's outlier detection). */
export class OutlierDetection {
  #records: WeakMap<Host, HostRecord> = new WeakMap();
  #timers: Map<Cluster, NodeJS.Timeout> = new Map();
  #now: () => number;
  #random: () => number;

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  use(clusters: readonly Cluster[]): void {
    const current = new Set(clusters);
    for (const [cluster, timer] of this.#timers) {
      if (current.has(cluster) && cluster.plan.outlierDetection !== null) continue;
      clearInterval(timer);
      this.#timers.delete(cluster);
    }
    for (const cluster of clusters) {
      const settings = cluster.plan.outlierDetection;
      if (settings === null || this.#timers.has(cluster)) continue;
      const timer = setInterval(() => this.#review(cluster), settings.intervalMs);
      timer.unref();
      this.#timers.set(cluster, timer);
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
  }

  onResult(host: Host, kind: 'response' | 'reset', reason: ResetReason | null, status: number): void {
    const settings = host.cluster.plan.outlierDetection;
    if (settings === null || reason === 'overflow') return;
    const record = this.#recordOf(host);
    const isLocal = kind === 'reset';
    if (isLocal && settings.splitExternalLocalOriginErrors) {
      if (++record.consecutiveLocal >= settings.consecutiveLocalOriginFailure) {
        record.consecutiveLocal = 0;
        this.#eject(host, settings.enforcingConsecutiveLocalOriginFailure);
      }
      return;
    }
    record.consecutiveLocal = 0;
    const code = isLocal ? (status === 504 ? 504 : 503) : status;
    if (code < 500) {
      record.consecutive5xx = 0;
      record.consecutiveGateway = 0;
      return;
    }
    if (code >= 502 && code <= 504) {
      if (settings.consecutiveGatewayFailure > 0 && ++record.consecutiveGateway >= settings.consecutiveGatewayFailure) {
        record.consecutiveGateway = 0;
        this.#eject(host, settings.enforcingConsecutiveGatewayFailure);
      }
    } else record.consecutiveGateway = 0;
    if (settings.consecutive5xx > 0 && ++record.consecutive5xx >= settings.consecutive5xx) {
      record.consecutive5xx = 0;
      this.#eject(host, settings.enforcingConsecutive5xx);
    }
  }

  #recordOf(host: Host): HostRecord {
    let record = this.#records.get(host);
    if (record === undefined) {
      record = { consecutive5xx: 0, consecutiveGateway: 0, consecutiveLocal: 0, ejections: 0, ejectedUntil: 0 };
      this.#records.set(host, record);
    }
    return record;
  }

  #eject(host: Host, enforcingPercent: number): void {
    const settings = host.cluster.plan.outlierDetection;
    if (settings === null || host.isEjected) return;
    const { hosts } = host.cluster;
    const ejected = hosts.filter((other) => other.isEjected).length;
    const mayEject =
      settings.alwaysEjectOneHost && ejected === 0 ? true : ((ejected + 1) * 100) / hosts.length <= settings.maxEjectionPercent;
    if (!mayEject || this.#random() * 100 >= enforcingPercent) return;
    const record = this.#recordOf(host);
    record.ejections++;
    const duration = Math.min(
      settings.baseEjectionTimeMs * record.ejections,
      Math.max(settings.baseEjectionTimeMs, settings.maxEjectionTimeMs),
    );
    record.ejectedUntil = this.#now() + duration + this.#random() * settings.maxEjectionTimeJitterMs;
    host.isEjected = true;
    host.cluster.stats.ejections.increment();
  }

  #review(cluster: Cluster): void {
    const now = this.#now();
    for (const host of cluster.hosts) {
      const record = this.#records.get(host);
      if (record === undefined) continue;
      if (host.isEjected && now >= record.ejectedUntil) host.isEjected = false;
      else if (!host.isEjected && record.ejections > 0) record.ejections--;
    }
  }
}
