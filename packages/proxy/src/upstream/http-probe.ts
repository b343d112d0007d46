import type { CheckOutcome } from '@weft/core/engine/health-state';
import type { HealthCheckPlan, StatusRange } from '@weft/core/plan/cluster-plan';
import { FieldHeaders, type Headers } from '../http/headers.ts';
import type { UpstreamStream } from '../http/stream.ts';
import { StreamProbe } from './stream-probe.ts';
import type { UpstreamHost } from './upstream-host.ts';

type HttpChecker = Extract<HealthCheckPlan['checker'], { kind: 'http' }>;

/** Options of checks over HTTP. */
export interface HttpProbeOptions {
  readonly clusterName: string;
  readonly reuseConnection: boolean;
}

/** Checks a host by an HTTP request and the status of its response. */
export class HttpProbe extends StreamProbe {
  readonly #checker: HttpChecker;
  readonly #clusterName: string;
  #outcome: CheckOutcome = { kind: 'failure', cause: 'network' };

  constructor(host: UpstreamHost, checker: HttpChecker, { clusterName, reuseConnection }: HttpProbeOptions) {
    super(host, checker.http2, reuseConnection);
    this.#checker = checker;
    this.#clusterName = clusterName;
  }

  protected send(stream: UpstreamStream): void {
    const { path, method, host, headersToAdd, headersToRemove } = this.#checker;
    const headers = new FieldHeaders(['user-agent', 'Envoy/HC']);
    for (const [name, value] of headersToAdd) headers.add(name.toLowerCase(), value);
    for (const name of headersToRemove) headers.remove(name);
    const authority = this.host.endpoint.healthCheck.hostname || host || this.#clusterName;
    const scheme = this.host.transport.kind === 'tls' ? 'https' : 'http';
    stream.sendHead({ method, path, authority, scheme, upgrade: null, headers }, true);
    stream.flush();
  }

  onResponseHead(status: number, headers: Headers, end: boolean): void {
    this.#outcome = this.#judge(status, headers);
    if (end) this.finish(this.#outcome);
  }

  onResponseData(_bytes: Buffer, _from: number, _to: number, end: boolean): void {
    if (end) this.finish(this.#outcome);
  }

  onResponseTrailers(): void {
    this.finish(this.#outcome);
  }

  #judge(status: number, headers: Headers): CheckOutcome {
    const { expected, retriable, serviceName } = this.#checker;
    if (!isIn(expected, status)) return { kind: 'failure', cause: isIn(retriable, status) ? 'retriable' : 'active' };
    if (serviceName !== null && !serviceName.matches(headers.get('x-envoy-upstream-healthchecked-cluster') ?? '')) {
      return { kind: 'failure', cause: 'active' };
    }
    return { kind: 'success', isDegraded: headers.get('x-envoy-degraded') !== undefined };
  }
}

function isIn(ranges: readonly StatusRange[], status: number): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
