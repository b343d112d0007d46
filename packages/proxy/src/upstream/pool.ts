import type { ResetReason, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import type { Breaker } from './breakers.ts';
import { H1Client, type H1ClientPool } from './h1-client.ts';
import { H2Client, type H2ClientPool } from './h2-client.ts';
import { type OpenedConnection, openUpstream, type UpstreamOpening } from './transport.ts';
import type { UpstreamHost } from './upstream-host.ts';

/** Somebody who wants a stream to a host. */
export interface StreamRequest {
  readonly events: UpstreamEvents;
  /** Which HTTP version to open where the cluster leaves it to the request. */
  readonly prefersHttp2: boolean;
  readonly breaker: Breaker;
  onStream(stream: UpstreamStream, client: H1Client | H2Client): void;
  /** `details` names the transport failure for logs. */
  onNoStream(reason: ResetReason, details: string): void;
}

/** Connections to one host: idle HTTP/1.1 ones are reused last in, first out; HTTP/2 ones are shared. */
export class HostPool implements H1ClientPool, H2ClientPool {
  readonly #host: UpstreamHost;
  #idle: H1Client[] = [];
  #busy: Set<H1Client> = new Set();
  #http2: H2Client[] = [];
  #pending: StreamRequest[] = [];
  #openings: Set<UpstreamOpening> = new Set();
  #isDraining = false;

  constructor(host: UpstreamHost) {
    this.#host = host;
  }

  get connectionCount(): number {
    return this.#idle.length + this.#busy.size + this.#http2.length;
  }

  /** Hands out a stream at once where a connection is free, else when one is. `isFresh` avoids reused connections. */
  request(request: StreamRequest, isFresh = false): void {
    const shared = this.#sharedClient();
    if (shared !== null) {
      request.onStream(shared.begin(request.events), shared);
      return;
    }
    const idle = isFresh ? undefined : this.#takeIdle();
    if (idle !== undefined) {
      this.#start(idle, request);
      return;
    }
    this.#enqueue(request);
  }

  /** Forgets a request that waits for a connection. */
  cancel(request: StreamRequest): void {
    const at = this.#pending.indexOf(request);
    if (at < 0) return;
    this.#pending.splice(at, 1);
    request.breaker.pending--;
  }

  /** Closes idle connections now and the others when they are done. */
  drain(): void {
    this.#isDraining = true;
    for (const client of this.#idle.splice(0)) client.abort();
    for (const client of this.#http2) client.drain();
    if (this.#pending.length === 0) for (const opening of this.#openings) opening.cancel();
  }

  /** Closes idle connections so that new ones use new settings (rotated certificates). */
  renew(): void {
    for (const client of this.#idle.splice(0)) client.abort();
    for (const client of this.#http2.splice(0)) client.drain();
  }

  /** Closes HTTP/1.1 connections idle since before the given time. */
  closeIdleSince(time: number): void {
    const idle = this.#idle;
    let stale = 0;
    while (stale < idle.length && (idle[stale]?.idleSince ?? time) < time) stale++;
    if (stale > 0) for (const client of idle.splice(0, stale)) client.abort();
  }

  onReusable(client: H1Client): void {
    this.#busy.delete(client);
    const limit = this.#host.cluster.plan.protocol.common.maxRequestsPerConnection;
    if (this.#isDraining || (limit > 0 && client.requestCount >= limit)) {
      client.abort();
      return;
    }
    const next = this.#nextPending();
    if (next !== undefined) {
      this.#start(client, next);
      return;
    }
    client.idleSince = this.#host.cluster.now();
    this.#idle.push(client);
  }

  onClosed(client: H1Client | H2Client): void {
    if (client instanceof H2Client) remove(this.#http2, client);
    else if (!this.#busy.delete(client)) remove(this.#idle, client);
    this.#connectionGone();
  }

  onDraining(client: H2Client): void {
    remove(this.#http2, client);
  }

  #sharedClient(): H2Client | null {
    for (const client of this.#http2) if (client.mayOpenStream) return client;
    return null;
  }

  #takeIdle(): H1Client | undefined {
    for (;;) {
      const client = this.#idle.pop();
      if (client === undefined || client.connection.isOpen) return client;
    }
  }

  #start(client: H1Client, request: StreamRequest): void {
    this.#busy.add(client);
    client.begin(request.events);
    request.onStream(client, client);
  }

  #enqueue(request: StreamRequest): void {
    const breaker = request.breaker;
    if (!breaker.mayQueue) {
      request.onNoStream('overflow', '');
      return;
    }
    const mayShare = this.#openings.size > 0 && this.#usesHttp2(request);
    if (!mayShare && !breaker.mayConnect && this.connectionCount + this.#openings.size > 0) {
      this.#host.cluster.stats.connectionOverflow.increment();
    }
    breaker.pending++;
    this.#pending.push(request);
    if (!mayShare && (breaker.mayConnect || this.connectionCount + this.#openings.size === 0)) this.#open(request);
  }

  #usesHttp2(request: StreamRequest): boolean {
    const mode = this.#host.cluster.plan.protocol.mode;
    return mode === 'http2' || (mode === 'downstream' && request.prefersHttp2);
  }

  #open(request: StreamRequest): void {
    const host = this.#host;
    host.cluster.breakers.default.connections++;
    host.activeConnections++;
    host.totalConnections++;
    host.cluster.stats.connections.increment();
    const opening = openUpstream(host, this.#usesHttp2(request), {
      onOpen: (opened) => {
        this.#openings.delete(opening);
        this.#onOpen(opened);
      },
      onFailure: (reason, details) => {
        this.#openings.delete(opening);
        this.#onOpenFailure(reason, details);
      },
    });
    this.#openings.add(opening);
  }

  #onOpen(opened: OpenedConnection): void {
    if (opened.isHttp2) {
      const client = new H2Client(opened, this, this.#host.cluster.plan.protocol.http2);
      this.#http2.push(client);
      if (this.#isDraining && this.#pending.length === 0) client.drain();
      this.#feedShared(client);
      return;
    }
    const client = new H1Client(opened, this);
    const next = this.#nextPending();
    if (next !== undefined) this.#start(client, next);
    else if (this.#isDraining) client.abort();
    else {
      client.idleSince = this.#host.cluster.now();
      this.#idle.push(client);
    }
  }

  #feedShared(client: H2Client): void {
    while (client.mayOpenStream) {
      const next = this.#nextPending();
      if (next === undefined) return;
      next.onStream(client.begin(next.events), client);
    }
  }

  /** Streams ended on a shared connection: waiting requests may go. */
  onStreamSlot(client: H2Client): void {
    if (this.#pending.length > 0) this.#feedShared(client);
  }

  #onOpenFailure(reason: ResetReason, details: string): void {
    const host = this.#host;
    host.connectFailures++;
    host.cluster.stats.connectFailures.increment();
    this.#connectionGone();
    // As many requests fail as connections were tried for them; with a shared connection all of them waited for this one.
    const waiting = this.#openings.size === 0 ? this.#pending.length : 1;
    for (let i = 0; i < waiting; i++) this.#nextPending()?.onNoStream(reason, details);
  }

  #nextPending(): StreamRequest | undefined {
    const next = this.#pending.shift();
    if (next !== undefined) next.breaker.pending--;
    return next;
  }

  #connectionGone(): void {
    this.#host.activeConnections--;
    this.#host.cluster.breakers.default.connections--;
    const next = this.#pending[0];
    if (next !== undefined && this.#openings.size < this.#pending.length && next.breaker.mayConnect && this.#openings.size === 0) {
      // Somebody waits and nothing is being opened: the connection that it waited for has gone.
      queueMicrotask(() => {
        const request = this.#pending[0];
        if (request !== undefined && this.#openings.size === 0) this.#open(request);
      });
    }
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
