import { FieldHeaders } from '../http/headers.ts';
import type { HttpProtocol, ResetReason, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { ConnectionIdentity } from './connection-identity.ts';
import { countFailedOpening, type StreamRequest, type StreamSource } from './pool.ts';
import { proxyProtocolHeader } from './proxy-protocol-header.ts';
import { type OpenedConnection, openHost, type UpstreamOpening } from './transport.ts';
import type { UpstreamHost } from './upstream-host.ts';

/** Where the tunnels of CONNECT requests end: each gets a connection to the host of its own, whose bytes are the request's and the response's body. */
export class ConnectTunnels implements StreamSource {
  readonly #host: UpstreamHost;
  readonly #identity: ConnectionIdentity | null;
  readonly #proxyProtocol: 'V1' | 'V2' | null;
  #opening: UpstreamOpening | null = null;

  /** `proxyProtocol`: the version of the header that each connection begins with; null for none. */
  constructor(host: UpstreamHost, identity: ConnectionIdentity | null, proxyProtocol: 'V1' | 'V2' | null) {
    this.#host = host;
    this.#identity = identity;
    this.#proxyProtocol = proxyProtocol;
  }

  request(request: StreamRequest): void {
    const host = this.#host;
    const { stats, breakers } = host.cluster;
    if (!breakers.default.mayConnect) {
      stats.count('upstream_cx_overflow');
      request.onNoStream('overflow', '');
      return;
    }
    breakers.default.connections++;
    host.activeConnections++;
    host.totalConnections++;
    stats.connections.increment();
    const startedAt = host.cluster.now();
    const callbacks = {
      onOpen: (opened: OpenedConnection) => {
        this.#opening = null;
        stats.connectMs.observe(host.cluster.now() - startedAt);
        stats.traffic.measure(opened.connection);
        if (this.#proxyProtocol !== null) {
          const ends = request.downstream ?? null;
          opened.connection.writeOwned(proxyProtocolHeader(this.#proxyProtocol, ends, opened.connection.socket));
        }
        const stream = new ConnectStream(opened.connection, request.events, () => this.#onClosed(opened.connection, startedAt));
        const { connection, peer, localUri } = opened;
        request.onStream(stream, { connection, peerUri: peer?.uri ?? '', localUri });
      },
      onFailure: (reason: ResetReason, details: string) => {
        this.#opening = null;
        countFailedOpening(host, reason, startedAt);
        this.#uncount();
        host.connectFailures++;
        stats.count('upstream_cx_connect_fail');
        request.onNoStream(reason, details);
      },
    };
    this.#opening = openHost(host, 'tcp', callbacks, this.#identity);
  }

  cancel(): void {
    this.#opening?.cancel();
  }

  #onClosed(connection: Connection, startedAt: number): void {
    const { cluster } = this.#host;
    cluster.stats.traffic.countEnd({ lifeMs: cluster.now() - startedAt, isByPeer: connection.error !== null, hasActiveRequest: true });
    this.#uncount();
  }

  #uncount(): void {
    this.#host.activeConnections--;
    this.#host.cluster.breakers.default.connections--;
  }
}

/** The upstream's side of a CONNECT request that ends here: it is answered at once, and bytes are passed on as they are. */
class ConnectStream implements UpstreamStream, ConnectionOwner {
  readonly protocol: HttpProtocol = 'HTTP/1.1';
  readonly #connection: Connection;
  readonly #onClosed: () => void;
  #events: UpstreamEvents | null;

  constructor(connection: Connection, events: UpstreamEvents, onClosed: () => void) {
    this.#connection = connection;
    this.#events = events;
    this.#onClosed = onClosed;
    connection.owner = this;
  }

  sendHead(): void {
    this.#events?.onResponseHead(200, new FieldHeaders(), false);
    this.#events?.onReadEnd();
  }

  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    const goOn = to === from || this.#connection.writeBytes(bytes, from, to);
    if (end) this.#connection.end();
    return goOn;
  }

  sendTrailers(): void {
    this.#connection.end();
  }

  flush(): void {}

  abort(): void {
    this.#events = null;
    this.#connection.end();
    this.#connection.destroy();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  // --- bytes from the host

  onData(bytes: Buffer, length: number): void {
    this.#events?.onResponseData(bytes, 0, length, false);
    this.#events?.onReadEnd();
  }

  onEnd(): void {
    const events = this.#events;
    events?.onResponseData(noBytes, 0, 0, true);
    events?.onReadEnd();
  }

  onDrain(): void {
    this.#events?.onUpstreamDrain();
  }

  onClose(): void {
    const events = this.#events;
    this.#events = null;
    this.#onClosed();
    events?.onUpstreamReset('connectionTermination');
  }
}

const noBytes = Buffer.alloc(0);
