import type { HealthCheckPlan } from '@weft/core/plan/cluster-plan';
import { grpcFrame, grpcFrameBytes } from '../http/grpc-frame.ts';
import { FieldHeaders, type Headers } from '../http/headers.ts';
import type { UpstreamStream } from '../http/stream.ts';
import type { HttpProbeOptions } from './http-probe.ts';
import { StreamProbe } from './stream-probe.ts';
import type { UpstreamHost } from './upstream-host.ts';

type GrpcChecker = Extract<HealthCheckPlan['checker'], { kind: 'grpc' }>;

const servingStatus = 1;
const maxResponseBytes = 1024;

/** Checks a host by `grpc.health.v1.Health/Check`: healthy when it is SERVING. */
export class GrpcProbe extends StreamProbe {
  readonly #checker: GrpcChecker;
  readonly #clusterName: string;
  #body: Buffer = Buffer.alloc(0);
  #isHttpOk = false;

  constructor(host: UpstreamHost, checker: GrpcChecker, { clusterName, reuseConnection }: HttpProbeOptions) {
    super(host, true, reuseConnection);
    this.#checker = checker;
    this.#clusterName = clusterName;
  }

  protected send(stream: UpstreamStream): void {
    this.#body = Buffer.alloc(0);
    const { authority, serviceName } = this.#checker;
    const headers = new FieldHeaders(['content-type', 'application/grpc', 'te', 'trailers', 'user-agent', 'Envoy/HC']);
    const head = {
      method: 'POST',
      path: '/grpc.health.v1.Health/Check',
      authority: this.host.endpoint.healthCheck.hostname || authority || this.#clusterName,
      scheme: this.host.transport.kind === 'tls' ? 'https' : 'http',
      upgrade: null,
      headers,
    };
    stream.sendHead(head, false);
    const message = checkRequest(serviceName);
    stream.sendData(message, 0, message.length, true);
    stream.flush();
  }

  onResponseHead(status: number, headers: Headers, end: boolean): void {
    this.#isHttpOk = status === 200;
    if (end) this.#judge(headers);
  }

  onResponseData(bytes: Buffer, from: number, to: number, end: boolean): void {
    if (this.#body.length < maxResponseBytes) this.#body = Buffer.concat([this.#body, bytes.subarray(from, to)]);
    if (end) this.finish({ kind: 'failure', cause: 'active' });
  }

  onResponseTrailers(trailers: Headers): void {
    this.#judge(trailers);
  }

  #judge(trailers: Headers): void {
    const isServing = this.#isHttpOk && trailers.get('grpc-status') === '0' && statusOf(this.#body) === servingStatus;
    this.finish(isServing ? { kind: 'success', isDegraded: false } : { kind: 'failure', cause: 'active' });
  }
}

/** A framed `HealthCheckRequest { service }`; names up to 127 bytes need one byte for their length, longer ones two. */
function checkRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const length = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  return grpcFrame(message);
}

/** Field 1 of a framed `HealthCheckResponse`: an enum below 128. */
function statusOf(body: Buffer): number {
  return body[grpcFrameBytes] === 0x08 ? (body[grpcFrameBytes + 1] ?? 0) : 0;
}
