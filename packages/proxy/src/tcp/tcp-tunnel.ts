import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import { FieldHeaders, type Headers } from '../http/headers.ts';
import type { ResetReason, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import type { ConnectionOwner } from '../io/connection.ts';
import type { Breaker } from '../upstream/breakers.ts';
import type { Host } from '../upstream/host.ts';
import type { HostPool, StreamClient, StreamRequest } from '../upstream/pool.ts';
import type { ByteStream } from './byte-stream.ts';

type Tunneling = NonNullable<TcpProxyPlan['tunneling']>;

/** Outcome of opening a tunnel; one of them is called, unless it is destroyed first. */
export interface TunnelCallbacks {
  onOpen(tunnel: TcpTunnel): void;
  onFailure(reason: ResetReason, details: string): void;
}

/** A byte stream through an HTTP proxy: the body of a CONNECT or POST request and of its response (`tunneling_config`). */
export class TcpTunnel implements ByteStream, UpstreamEvents, StreamRequest {
  owner: ConnectionOwner = ignored;
  isOpen = true;
  readonly queuedBytes = 0;
  readonly prefersHttp2 = false;
  readonly breaker: Breaker;
  peerUri = '';
  localUri = '';
  readonly #host: Host;
  readonly #pool: HostPool;
  readonly #tunneling: Tunneling;
  readonly #callbacks: TunnelCallbacks;
  #stream: UpstreamStream | null = null;
  #isEstablished = false;

  constructor(host: Host, tunneling: Tunneling, connection: ConnectionFacts, callbacks: TunnelCallbacks) {
    this.#host = host;
    this.#tunneling = tunneling;
    this.#callbacks = callbacks;
    this.breaker = host.cluster.breaker('default');
    this.#pool = host.poolFor(connection, null);
  }

  get events(): UpstreamEvents {
    return this;
  }

  start(): void {
    this.#host.activeRequests++;
    this.#host.totalRequests++;
    this.#host.cluster.stats.requests.increment();
    this.#pool.request(this);
  }

  onStream(stream: UpstreamStream, client: StreamClient): void {
    this.breaker.requests++;
    this.#stream = stream;
    this.peerUri = client.peerUri;
    this.localUri = client.localUri;
    const { usePost, hostname, headers } = this.#tunneling;
    const authority = hostname.literal ?? hostname.text;
    const fields = new FieldHeaders();
    for (const { name, value } of headers) fields.add(name, value.literal ?? value.text);
    const method = usePost ? 'POST' : 'CONNECT';
    stream.sendHead({ method, path: usePost ? '/' : authority, authority, scheme: 'http', upgrade: null, headers: fields }, false);
    stream.flush();
  }

  onNoStream(reason: ResetReason, details: string): void {
    this.#fail(reason, details);
  }

  // --- the upstream's answer

  onInformational(): void {}

  onResponseHead(status: number, _headers: Headers, end: boolean): void {
    if (status < 200 || status >= 300 || end) {
      this.#fail('connectFailure', `tunnel refused with ${status}`);
      return;
    }
    this.#isEstablished = true;
    this.#callbacks.onOpen(this);
  }

  onResponseData(bytes: Buffer, from: number, to: number, end: boolean): void {
    if (to > from) this.owner.onData(bytes.subarray(from, to), to - from);
    if (end) this.owner.onEnd();
  }

  onResponseTrailers(): void {
    this.owner.onEnd();
  }

  onUpstreamReset(reason: ResetReason): void {
    if (this.#isEstablished) this.#close();
    else this.#fail(reason, '');
  }

  onUpstreamDrain(): void {
    this.owner.onDrain();
  }

  onReadEnd(): void {}

  // --- bytes from downstream

  writeBytes(bytes: Buffer, from: number, to: number): boolean {
    const goOn = this.#stream?.sendData(bytes, from, to, false) ?? true;
    this.#stream?.flush();
    return goOn;
  }

  writeOwned(bytes: Buffer): boolean {
    return this.writeBytes(bytes, 0, bytes.length);
  }

  flush(): void {
    this.#stream?.flush();
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  end(): void {
    this.#stream?.sendData(noBytes, 0, 0, true);
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.#release();
    if (this.#stream === null) this.#pool.cancel(this);
    else this.#stream.abort();
  }

  #fail(reason: ResetReason, details: string): void {
    if (!this.isOpen) return;
    this.destroy();
    this.#callbacks.onFailure(reason, details);
  }

  #close(): void {
    if (!this.isOpen) return;
    this.#release();
    this.owner.onClose();
  }

  #release(): void {
    this.isOpen = false;
    this.#host.activeRequests--;
    if (this.#stream !== null) this.breaker.requests--;
  }
}

const noBytes = Buffer.alloc(0);
const ignored: ConnectionOwner = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
