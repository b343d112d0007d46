import type { Health } from '../api/types.ts';
import type { TrafficLabels } from './traffic-labels.ts';

/** Requests by what became of them. */
export class Outcomes {
  requests = 0;
  private clientErrors = 0;
  private serverErrors = 0;
  /** gRPC failures and requests without a response. */
  private failures = 0;

  get errors(): number {
    return this.clientErrors + this.serverErrors + this.failures;
  }

  add(labels: TrafficLabels, requests: number): void {
    this.requests += requests;
    const kind = outcomeOf(labels);
    if (kind === 'failure') this.failures += requests;
    else if (kind === 'server-error') this.serverErrors += requests;
    else if (kind === 'client-error') this.clientErrors += requests;
  }

  merge(other: Outcomes): void {
    this.requests += other.requests;
    this.clientErrors += other.clientErrors;
    this.serverErrors += other.serverErrors;
    this.failures += other.failures;
  }

  /** 5xx: any is degraded, 10 % failure; 4xx: 10 % degraded, 20 % failure; gRPC failures and missing responses like 5xx. */
  health(): Health {
    if (this.requests <= 0) return 'idle';
    const percent = (count: number): number => (100 * count) / this.requests;
    const worst = percent(this.serverErrors + this.failures);
    if (worst >= 10 || percent(this.clientErrors) >= 20) return 'failure';
    return worst > 0 || percent(this.clientErrors) >= 10 ? 'degraded' : 'healthy';
  }
}

/** HTTP status, gRPC status, or `-` when there was no response. */
export function codeOf({ protocol, grpcStatus, code }: TrafficLabels): string {
  if (protocol === 'grpc' && grpcStatus !== '') return grpcStatus;
  return code === '' || code === '0' ? '-' : code;
}

function outcomeOf({ protocol, grpcStatus, code }: TrafficLabels): 'ok' | 'client-error' | 'server-error' | 'failure' {
  if (protocol === 'grpc' && grpcStatus !== '') return grpcStatus === '0' ? 'ok' : 'failure';
  if (code === '' || code === '0') return 'failure';
  if (code.startsWith('5')) return 'server-error';
  return code.startsWith('4') ? 'client-error' : 'ok';
}
