import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { Cluster } from '../upstream/cluster.ts';
import { Attempt, type AttemptOwner, type AttemptUse } from './attempt.ts';
import { FieldHeaders, type Headers } from './headers.ts';
import type { RequestHead } from './stream.ts';

/** A call that the proxy makes itself (keys, authorization services). */
export interface InternalCall {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  readonly timeoutMs: number;
  /** Ask for HTTP/2 where the cluster leaves it to the request. */
  readonly prefersHttp2?: boolean;
  /** On whose behalf the call is made; null for none. */
  readonly connection: ConnectionFacts | null;
}

/** Its answer. */
export interface InternalAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** null where none came. */
  readonly trailers: Headers | null;
}

const maxAnswerBytes = 1024 * 1024;

/** Calls a cluster through its own pools, with its TLS and limits. Null when no answer came in time. */
export function callCluster(cluster: Cluster, call: InternalCall): Promise<InternalAnswer | null> {
  return new Promise((resolve) => {
    const receiver = new Receiver(call, resolve);
    receiver.attempt = attemptAt(cluster, receiver, { prefersHttp2: call.prefersHttp2 ?? false, connection: call.connection });
    if (receiver.attempt === null) receiver.onAttemptFailed();
    else receiver.attempt.start(false);
  });
}

/** A try of the proxy itself at a host of a cluster, yet to be started. Null without a host, and over the cluster's limit. */
export function attemptAt(cluster: Cluster, owner: AttemptOwner, use: Pick<AttemptUse, 'prefersHttp2' | 'connection'>): Attempt | null {
  const host = cluster.choose({ hash: null, metadataMatch: null, retry: null, request: null, connection: use.connection });
  if (host === null || !cluster.breakers.default.mayRequest) return null;
  return new Attempt(owner, host, { ...use, breaker: cluster.breakers.default, request: null });
}

class Receiver implements AttemptOwner {
  attempt: Attempt | null = null;
  #call: InternalCall;
  #resolve: (answer: InternalAnswer | null) => void;
  #timer: NodeJS.Timeout;
  #status = 0;
  #headers: Headers = new FieldHeaders();
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(call: InternalCall, resolve: (answer: InternalAnswer | null) => void) {
    this.#call = call;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#finish(null), call.timeoutMs);
  }

  onAttemptReady(attempt: Attempt): void {
    const { method, path, authority, headers, body } = this.#call;
    const fields = new FieldHeaders(headers.flat());
    if (body !== null && !fields.get('content-type')?.startsWith('application/grpc')) fields.set('content-length', String(body.length));
    const head: RequestHead = { method, path, authority, scheme: 'http', upgrade: null, headers: fields };
    attempt.stream?.sendHead(head, body === null);
    if (body !== null) attempt.stream?.sendData(body, 0, body.length, true);
    attempt.stream?.flush();
  }

  onAttemptFailed(): void {
    this.#finish(null);
  }

  onAttemptHead(_attempt: Attempt, status: number, headers: Headers, end: boolean): void {
    this.#status = status;
    this.#headers = FieldHeaders.from(headers);
    if (end) this.#answer();
  }

  onAttemptData(_attempt: Attempt, bytes: Buffer, from: number, to: number, end: boolean): void {
    this.#bytes += to - from;
    if (this.#bytes > maxAnswerBytes) {
      this.#finish(null);
      return;
    }
    this.#chunks.push(Buffer.from(bytes.subarray(from, to)));
    if (end) this.#answer();
  }

  onAttemptTrailers(_attempt: Attempt, trailers: Headers): void {
    this.#answer(trailers);
  }

  onAttemptInformational(): void {}
  onAttemptDrain(): void {}
  onAttemptReadEnd(): void {}

  #answer(trailers: Headers | null = null): void {
    this.#finish({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks), trailers });
  }

  #finish(answer: InternalAnswer | null): void {
    clearTimeout(this.#timer);
    this.#resolve(answer);
    if (answer === null) this.attempt?.cancel();
  }
}
