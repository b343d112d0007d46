import type { Socket } from 'node:net';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { IpAddress } from '@weft/core/plan/ip-address';
import { fastUuid } from '../io/fast-random.ts';
import type { TcpRecord } from '../tcp/tcp-record.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import type { LogEntry } from './log-entry.ts';

/** A TCP connection as logs read it. */
export class TcpLogEntry implements LogEntry {
  readonly startedAt: number;
  readonly startedMonotonic: number;
  readonly originalPath = '';
  readonly originalAuthority = '';
  readonly method = '';
  readonly path = '';
  readonly authority = '';
  readonly scheme = '';
  readonly protocol = '';
  readonly requestId: string = fastUuid();
  readonly responseStatus = 0;
  readonly responseHeaders = null;
  readonly responseTrailers = null;
  readonly grpcStatus = null;
  readonly isGrpc = false;
  readonly decision = null;
  readonly requestEndedAt = 0;
  readonly responseStartedAt = 0;
  readonly upstreamProtocol = '';
  readonly localReplyBody = '';
  readonly span = null;
  readonly loggedGrpcStatus = null;
  readonly connection: ConnectionFacts;
  readonly remote: IpAddress;
  readonly origin: LogEntry['origin'];
  readonly #proxy: TcpRecord;

  constructor(proxy: TcpRecord) {
    const { facts, chain, listener } = proxy.place;
    this.#proxy = proxy;
    this.startedAt = proxy.startedAt;
    this.startedMonotonic = proxy.startedMonotonic;
    this.connection = facts;
    this.remote = facts.source;
    this.origin = { chain, direction: listener.direction, listenerName: listener.name };
  }

  get requestBytes(): number {
    return this.#proxy.bytesReceived;
  }
  get responseBytes(): number {
    return this.#proxy.bytesSent;
  }
  get upstreamWireBytes(): LogEntry['upstreamWireBytes'] {
    return { sent: this.#proxy.bytesReceived, received: this.#proxy.bytesSent };
  }
  get upstreamOpening(): LogEntry['upstreamOpening'] {
    return this.#proxy.upstream.opening;
  }
  get poolReadyMs(): number | null {
    return this.#proxy.upstream.waitedMs;
  }
  get wireBytesReceived(): number {
    return this.#proxy.bytesReceived;
  }
  get wireBytesSent(): number {
    return this.#proxy.bytesSent;
  }
  get flags(): string {
    return this.#proxy.flags;
  }
  get details(): string {
    return this.#proxy.details;
  }
  get transportFailure(): string {
    return this.#proxy.upstream.transportFailure;
  }
  get cluster(): Cluster | null {
    return this.#proxy.upstream.cluster;
  }
  get host(): Host | null {
    return this.#proxy.upstream.host;
  }
  get terminationDetails(): string {
    return this.#proxy.terminationDetails;
  }
  get upstreamSocket(): Socket | null {
    return this.#proxy.upstream.socket;
  }
  get triedHosts(): readonly Host[] {
    return this.#proxy.upstream.triedHosts;
  }
  get attemptCount(): number {
    return this.#proxy.upstream.attempts;
  }
  get endedAt(): number {
    return this.#proxy.endedAt;
  }
  get upstreamLocalAddress(): string {
    return this.#proxy.upstream.localAddress;
  }
  get upstreamPrincipal(): string {
    return this.#proxy.upstream.peerUri;
  }
  get localPrincipal(): string {
    return this.#proxy.upstream.localUri;
  }
  get downstreamPeer(): object | null {
    return this.#proxy.downstreamPeer;
  }
  get upstreamPeer(): object | null {
    return this.#proxy.upstreamPeer;
  }

  header(): undefined {
    return undefined;
  }

  headerValues(): readonly string[] {
    return [];
  }

  headers(): Readonly<Record<string, string>> {
    return {};
  }
}
