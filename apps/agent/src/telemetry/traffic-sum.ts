import type { CodeShare, Health, TrafficStats } from '../api/types.ts';
import { column, type Increases, latencyQuantile, noIncreases } from './columns.ts';
import type { TrafficLabels } from './traffic-labels.ts';

/** Traffic added up over any number of series, with what health is judged by. */
export class TrafficSum {
  private readonly increases = noIncreases();
  private readonly byCode = new Map<string, number>();
  private clientErrors = 0;
  private serverErrors = 0;
  /** gRPC failures and requests without a response. */
  private failures = 0;
  private mutual = 0;
  private securityKnown = 0;

  /** Several sums as one. */
  static of(sums: readonly TrafficSum[]): TrafficSum {
    const total = new TrafficSum();
    for (const sum of sums) total.merge(sum);
    return total;
  }

  add(labels: TrafficLabels, increases: Increases): void {
    for (let index = 0; index < increases.length; index++) this.increases[index] = (this.increases[index] ?? 0) + (increases[index] ?? 0);
    const traffic = trafficOf(labels, increases);
    if (labels.security !== 'unknown') {
      this.securityKnown += traffic;
      if (labels.security === 'mutual_tls') this.mutual += traffic;
    }
    if (labels.protocol === 'tcp') return;
    const code = codeOf(labels);
    this.byCode.set(`${code} ${labels.flags}`, (this.byCode.get(`${code} ${labels.flags}`) ?? 0) + traffic);
    const kind = outcomeOf(labels);
    if (kind === 'failure') this.failures += traffic;
    else if (kind === 'server-error') this.serverErrors += traffic;
    else if (kind === 'client-error') this.clientErrors += traffic;
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
    const errors = this.clientErrors + this.serverErrors + this.failures;
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
    this.clientErrors += other.clientErrors;
    this.serverErrors += other.serverErrors;
    this.failures += other.failures;
    this.mutual += other.mutual;
    this.securityKnown += other.securityKnown;
  }

  /** 5xx: any is degraded, 10 % failure; 4xx: 10 % degraded, 20 % failure; gRPC failures and missing responses like 5xx. */
  health(): Health {
    const { requests } = this;
    if (requests <= 0) return this.hasTraffic ? 'healthy' : 'idle';
    const percent = (count: number): number => (100 * count) / requests;
    const worst = percent(this.serverErrors + this.failures);
    if (worst >= 10 || percent(this.clientErrors) >= 20) return 'failure';
    return worst > 0 || percent(this.clientErrors) >= 10 ? 'degraded' : 'healthy';
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

function codeOf({ protocol, grpcStatus, code }: TrafficLabels): string {
  if (protocol === 'grpc' && grpcStatus !== '') return grpcStatus;
  return code === '' || code === '0' ? '-' : code;
}

function outcomeOf({ protocol, grpcStatus, code }: TrafficLabels): 'ok' | 'client-error' | 'server-error' | 'failure' {
  if (protocol === 'grpc' && grpcStatus !== '') return grpcStatus === '0' ? 'ok' : 'failure';
  if (code === '' || code === '0') return 'failure';
  if (code.startsWith('5')) return 'server-error';
  return code.startsWith('4') ? 'client-error' : 'ok';
}
