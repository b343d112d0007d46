import type { CodeShare, Health, TrafficStats } from '../api/types.ts';
import { column, type Increases, latencyQuantile, noIncreases } from './columns.ts';
import { codeOf, Outcomes } from './outcomes.ts';
import type { TrafficLabels } from './traffic-labels.ts';

/** Traffic added up over any number of series, with what health is judged by. */
export class TrafficSum {
  private readonly increases = noIncreases();
  private readonly byCode = new Map<string, number>();
  private readonly outcomes = new Outcomes();
  /** The same for the last seconds of the time. */
  private readonly recentOutcomes = new Outcomes();
  private mutual = 0;
  private securityKnown = 0;

  /** Several sums as one. */
  static of(sums: readonly TrafficSum[]): TrafficSum {
    const total = new TrafficSum();
    for (const sum of sums) total.merge(sum);
    return total;
  }

  /** `recentRequests`: how many of them came in the last seconds of the time. */
  add(labels: TrafficLabels, increases: Increases, recentRequests = 0): void {
    for (let index = 0; index < increases.length; index++) this.increases[index] = (this.increases[index] ?? 0) + (increases[index] ?? 0);
    const traffic = trafficOf(labels, increases);
    if (labels.security !== 'unknown') {
      this.securityKnown += traffic;
      if (labels.security === 'mutual_tls') this.mutual += traffic;
    }
    if (labels.protocol === 'tcp') return;
    const code = codeOf(labels);
    this.byCode.set(`${code} ${labels.flags}`, (this.byCode.get(`${code} ${labels.flags}`) ?? 0) + traffic);
    this.outcomes.add(labels, traffic);
    this.recentOutcomes.add(labels, recentRequests);
  }

  get requests(): number {
    return this.increases[column.requests] ?? 0;
  }

  get connections(): number {
    return this.increases[column.opened] ?? 0;
  }

  get hasTraffic(): boolean {
    return (
      this.requests > 0 || this.connections > 0 || (this.increases[column.sentBytes] ?? 0) + (this.increases[column.receivedBytes] ?? 0) > 0
    );
  }

  get mtlsPercent(): number | null {
    return this.securityKnown > 0 ? (100 * this.mutual) / this.securityKnown : null;
  }

  stats(seconds: number): TrafficStats {
    const { requests } = this;
    const { errors } = this.outcomes;
    return {
      requestRate: requests / seconds,
      errorRate: errors / seconds,
      errorPercent: requests > 0 ? (100 * errors) / requests : null,
      p50Ms: latencyQuantile(this.increases, 0.5),
      p95Ms: latencyQuantile(this.increases, 0.95),
      p99Ms: latencyQuantile(this.increases, 0.99),
      sentBytesRate: ((this.increases[column.sentBytes] ?? 0) + (this.increases[column.responseBytes] ?? 0)) / seconds,
      receivedBytesRate: ((this.increases[column.receivedBytes] ?? 0) + (this.increases[column.requestBytes] ?? 0)) / seconds,
      connectionRate: this.connections / seconds,
    };
  }

  codes(seconds: number): readonly CodeShare[] {
    const { requests } = this;
    return [...this.byCode]
      .filter(([, count]) => count > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([key, count]) => {
        const [code = '', flags = ''] = key.split(' ');
        return { code, flags, rate: count / seconds, percent: requests > 0 ? (100 * count) / requests : 0 };
      });
  }

  private merge(other: TrafficSum): void {
    other.increases.forEach((increase, index) => {
      this.increases[index] = (this.increases[index] ?? 0) + increase;
    });
    for (const [code, count] of other.byCode) this.byCode.set(code, (this.byCode.get(code) ?? 0) + count);
    this.outcomes.merge(other.outcomes);
    this.recentOutcomes.merge(other.recentOutcomes);
    this.mutual += other.mutual;
    this.securityKnown += other.securityKnown;
  }

  /**
   * What fails now is a failure, however long the time looked at; what failed earlier in it and works now is degraded. Without recent requests
   * the whole time is judged.
   */
  health(): Health {
    const whole = this.outcomes.health();
    if (whole === 'idle') return this.hasTraffic ? 'healthy' : 'idle';
    const recent = this.recentOutcomes.health();
    if (recent === 'idle' || recent === 'failure') return recent === 'failure' ? recent : whole;
    return whole === 'failure' ? 'degraded' : whole;
  }
}

/** The worse of two. */
export function worseHealth(a: Health, b: Health): Health {
  const order: readonly Health[] = ['idle', 'healthy', 'degraded', 'failure'];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}

/** What mTLS shares are counted by: requests, or bytes of TCP, whose connections may be older than the window. */
function trafficOf({ protocol }: TrafficLabels, increases: Increases): number {
  if (protocol !== 'tcp') return increases[column.requests] ?? 0;
  return (increases[column.opened] ?? 0) + (increases[column.sentBytes] ?? 0) + (increases[column.receivedBytes] ?? 0);
}
