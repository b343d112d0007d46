import type { Cluster } from '../upstream/cluster.ts';
import type { Attempt, AttemptOwner } from './attempt.ts';
import { grpcFrame } from './grpc-frame.ts';
import { FieldHeaders } from './headers.ts';
import { attemptAt } from './internal-request.ts';

/** A call that sends messages for as long as it lasts; what is answered does not matter. */
interface StreamingCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly authority: string;
}

/** Most that waits for a connection; a message that does not fit is dropped. */
const maxWaitingBytes = 1024 * 1024;

/** A client-streaming gRPC call of the proxy itself, through a cluster's own pools with its balancing, TLS and limits. */
export class GrpcClientStream implements AttemptOwner {
  readonly cluster: Cluster;
  #call: StreamingCall;
  #attempt: Attempt | null;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isReady = false;
  #isEnding = false;
  #isFull = false;

  constructor(cluster: Cluster, call: StreamingCall) {
    this.cluster = cluster;
    this.#call = call;
    this.#attempt = attemptAt(cluster, this, { prefersHttp2: true, connection: null });
    this.#attempt?.start(false);
  }

  /** False once the call is over, or where it could not be made. */
  get isOpen(): boolean {
    return this.#attempt !== null && !this.#attempt.isOver;
  }

  /** True while more was sent than the receiver takes. */
  get isFull(): boolean {
    return this.#isFull;
  }

  send(message: Uint8Array): void {
    const frame = grpcFrame(message);
    if (this.#isReady) {
      this.#write(frame, false);
      this.#attempt?.stream?.flush();
      return;
    }
    if (this.#waitingBytes + frame.length > maxWaitingBytes) return;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
  }

  /** Says that no message follows. */
  end(): void {
    this.#isEnding = true;
    if (!this.#isReady) return;
    this.#write(nothing, true);
    this.#attempt?.stream?.flush();
  }

  onAttemptReady(attempt: Attempt): void {
    // A free connection is handed out before the constructor knows its attempt.
    this.#attempt = attempt;
    this.#isReady = true;
    const { path, authority } = this.#call;
    const headers = new FieldHeaders(['content-type', 'application/grpc', 'te', 'trailers']);
    attempt.stream?.sendHead({ method: 'POST', path, authority, scheme: 'http', upgrade: null, headers }, false);
    for (const frame of this.#waiting.splice(0)) this.#write(frame, false);
    if (this.#isEnding) this.#write(nothing, true);
    attempt.stream?.flush();
  }

  onAttemptDrain(): void {
    this.#isFull = false;
  }

  onAttemptFailed(): void {}
  onAttemptInformational(): void {}
  onAttemptHead(): void {}
  onAttemptData(): void {}
  onAttemptTrailers(): void {}
  onAttemptReadEnd(): void {}

  #write(bytes: Buffer, end: boolean): void {
    if (this.isOpen && this.#attempt?.stream?.sendData(bytes, 0, bytes.length, end) === false) this.#isFull = true;
  }
}

const nothing = Buffer.alloc(0);
