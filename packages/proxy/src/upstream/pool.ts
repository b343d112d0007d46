import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { ResetReason, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import type { Breaker } from './breakers.ts';
import type { ConnectionIdentity } from './connection-identity.ts';
import { H1Client, type H1ClientPool } from './h1-client.ts';
import { H2Client, type H2ClientPool } from './h2-client.ts';
import { KeepAlive } from './keep-alive.ts';
import { type OpenedConnection, openUpstream, type UpstreamOpening } from './transport.ts';
import type { UpstreamHost } from './upstream-host.ts';

/** The connection that a stream is on, as far as its user cares. */
export type StreamClient = Pick<H1Client, 'connection' | 'peerUri' | 'localUri'>;

/** Where streams to a host come from. */
export interface StreamSource {
  /** Hands out a stream, at once or later. */
  request(request: StreamRequest, isFresh?: boolean): void;
  /** Forgets a request that waits. */
  cancel(request: StreamRequest): void;
}

/** Somebody who wants a stream to a host. */
export interface StreamRequest {
  readonly events: UpstreamEvents;
  /** Which HTTP version to open where the cluster leaves it to the request. */
  readonly prefersHttp2: boolean;
  readonly breaker: Breaker;
  /** The connection that the request came on; null for the proxy's own. */
  readonly downstream?: ConnectionFacts | null;
  onStream(stream: UpstreamStream, client: StreamClient): void;
  /** `details` names the transport failure for logs. */
  onNoStream(reason: ResetReason, details: string): void;
}

/**
 * Connections to one host that are alike (`identity`): idle HTTP/1.1 ones are reused last in, first out; HTTP/2 ones are shared. Requests
 * count at their breaker from when they have a stream, before that as pending.
 */
export class HostPool implements StreamSource, H1ClientPool, H2ClientPool {
  readonly #host: UpstreamHost;
  readonly #identity: ConnectionIdentity | null;
  readonly #keepAlive: KeepAlive = new KeepAlive();
  #idle: H1Client[] = [];
  #busy: Set<H1Client> = new Set();
  #http2: H2Client[] = [];
  #pending: StreamRequest[] = [];
  #openings: Set<UpstreamOpening> = new Set();
  /** Clients that count at the high-priority breaker; the others count at the default one. */
  #highPriority: WeakSet<H1Client | H2Client> = new WeakSet();
  #isDraining = false;
  /** The last connection turned out to be one that many requests share, so the next is expected to be. */
  #wasShared = false;

  constructor(host: UpstreamHost, identity: ConnectionIdentity | null = null) {
    this.#host = host;
    this.#identity = identity;
  }

  get connectionCount(): number {
    return this.#idle.length + this.#busy.size + this.#http2.length;
  }

  /** Bytes that wait in the process to be sent. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const clients of [this.#idle, this.#busy, this.#http2]) for (const { connection } of clients) bytes += connection.queuedBytes;
    return bytes;
  }

  get isEmpty(): boolean {
    return this.connectionCount + this.#openings.size + this.#pending.length === 0;
  }

  /** Hands out a stream at once where a connection is free, else when one is. `isFresh` avoids reused connections. */
  request(request: StreamRequest, isFresh = false): void {
    const shared = this.#sharedClient();
    if (shared !== null) {
      this.#share(shared, request);
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
    this.#host.cluster.stats.count('upstream_rq_cancelled');
  }

  /** Closes idle connections now and the others when they are done. */
  drain(): void {
    this.#isDraining = true;
    for (const client of this.#idle.splice(0)) client.abort();
    for (const client of [...this.#http2]) client.drain();
    if (this.#pending.length === 0) for (const opening of this.#openings) opening.cancel();
  }

  /** Closes idle connections so that new ones use new settings (rotated certificates). */
  renew(): void {
    for (const client of this.#idle.splice(0)) client.abort();
    for (const client of [...this.#http2]) client.drain();
  }

  /** Closes connections that were idle for too long, or that are too old. */
  sweep(now: number): void {
    const { idleTimeoutMs, maxConnectionDurationMs } = this.#host.cluster.plan.protocol.common;
    const idleLimit = Math.min(idleTimeoutMs > 0 ? idleTimeoutMs : Number.POSITIVE_INFINITY, this.#keepAlive.safeIdleMs(now));
    const durationLimit = maxConnectionDurationMs > 0 ? maxConnectionDurationMs : Number.POSITIVE_INFINITY;
    if (idleLimit === Number.POSITIVE_INFINITY && durationLimit === Number.POSITIVE_INFINITY) return;
    const isOver = ({ idleSince, openedAt }: H1Client | H2Client): boolean =>
      now - idleSince >= idleLimit || now - openedAt >= durationLimit;
    const over = this.#idle.filter(isOver);
    if (over.length > 0) this.#idle = this.#idle.filter((client) => !isOver(client));
    const { stats } = this.#host.cluster;
    const countEnd = ({ openedAt }: H1Client | H2Client): void =>
      stats.count(now - openedAt >= durationLimit ? 'upstream_cx_max_duration_reached' : 'upstream_cx_idle_timeout');
    for (const client of over) {
      countEnd(client);
      client.abort();
    }
    for (const client of [...this.#http2]) {
      const isIdle = client.streams.size === 0;
      if (now - client.openedAt < durationLimit && !(isIdle && idleTimeoutMs > 0 && now - client.idleSince >= idleTimeoutMs)) continue;
      countEnd(client);
      client.drain();
    }
  }

  onReusable(client: H1Client): void {
    this.#busy.delete(client);
    if (this.#isDraining || this.#isWornOut(client)) {
      client.abort();
      return;
    }
    const next = this.#nextPending();
    if (next !== undefined) {
      this.#start(client, next);
      return;
    }
    client.idleSince = this.#host.cluster.now();
    if (client.requestCount === 1) this.#keepAlive.onAnnounced(client.announcedKeepAliveMs, client.idleSince);
    this.#idle.push(client);
  }

  onClosed(client: H1Client | H2Client): void {
    if (client instanceof H2Client) remove(this.#http2, client);
    else if (!this.#busy.delete(client) && remove(this.#idle, client)) {
      const now = this.#host.cluster.now();
      this.#keepAlive.onClosedIdle(now - client.idleSince, now);
    }
    const { cluster } = this.#host;
    const hasActiveRequest = client instanceof H2Client ? client.isCutOff : client.isAwaited;
    const lifeMs = cluster.now() - client.startedAt;
    cluster.stats.traffic.countEnd({ lifeMs, isByPeer: client.connection.isEndedByPeer, hasActiveRequest });
    cluster.stats.requestsPerConnection.observe(client.requestCount);
    this.#connectionGone(this.#highPriority.has(client) ? 'high' : 'default');
  }

  onDraining(client: H2Client): void {
    remove(this.#http2, client);
  }

  /** Streams ended on a shared connection: waiting requests may go. */
  onStreamSlot(client: H2Client): void {
    if (client.streams.size === 0) client.idleSince = this.#host.cluster.now();
    if (this.#pending.length > 0) this.#feedShared(client);
  }

  #sharedClient(): H2Client | null {
    for (const client of this.#http2) if (client.mayOpenStream) return client;
    return null;
  }

  #takeIdle(): H1Client | undefined {
    const oldest = this.#keepAlive.isKnown ? this.#oldestSafe() : Number.NEGATIVE_INFINITY;
    for (;;) {
      const client = this.#idle.pop();
      if (client === undefined || (client.connection.isOpen && client.idleSince > oldest)) return client;
      client.abort();
    }
  }

  /** Connections idle since before this may be closed by the host at any moment. */
  #oldestSafe(): number {
    const now = this.#host.cluster.now();
    return now - this.#keepAlive.safeIdleMs(now);
  }

  #isWornOut(client: H1Client): boolean {
    const { maxRequestsPerConnection, maxConnectionDurationMs } = this.#host.cluster.plan.protocol.common;
    const { stats } = this.#host.cluster;
    if (maxRequestsPerConnection > 0 && client.requestCount >= maxRequestsPerConnection) {
      stats.count('upstream_cx_max_requests');
      return true;
    }
    const isOver = maxConnectionDurationMs > 0 && this.#host.cluster.now() - client.openedAt >= maxConnectionDurationMs;
    if (isOver) stats.count('upstream_cx_max_duration_reached');
    return isOver;
  }

  #start(client: H1Client, request: StreamRequest): void {
    this.#busy.add(client);
    client.begin(request.events);
    request.onStream(client, client);
  }

  #share(client: H2Client, request: StreamRequest): void {
    const limit = this.#host.cluster.plan.protocol.common.maxRequestsPerConnection;
    const stream = client.begin(request.events);
    if (limit > 0 && client.requestCount >= limit) {
      this.#host.cluster.stats.count('upstream_cx_max_requests');
      client.drain();
    }
    request.onStream(stream, client);
  }

  #enqueue(request: StreamRequest): void {
    const { breaker } = request;
    if (!breaker.mayQueue) {
      this.#host.cluster.stats.count('upstream_rq_pending_overflow');
      request.onNoStream('overflow', '');
      return;
    }
    const mayShare = this.#openings.size > 0 && (this.#wasShared || this.#usesHttp2(request));
    // As in Envoy, a connection that was begun for a request that is gone is for the next: who resets what he asks for costs few of them.
    const isExpected = mayShare || this.#openings.size > this.#pending.length;
    const isFirst = this.connectionCount + this.#openings.size === 0;
    const mayConnect = breaker.mayConnect && this.#host.activeConnections < breaker.limits.perHostMaxConnections;
    if (!isExpected && !mayConnect && !isFirst) this.#host.cluster.stats.count('upstream_cx_overflow');
    breaker.pending++;
    this.#host.cluster.stats.pending.increment();
    this.#pending.push(request);
    if (!isExpected && (mayConnect || isFirst)) this.#open(request);
  }

  #usesHttp2(request: StreamRequest): boolean {
    const mode = this.#host.cluster.plan.protocol.mode;
    return mode === 'http2' || (mode === 'downstream' && request.prefersHttp2);
  }

  #open(request: StreamRequest): void {
    const host = this.#host;
    const priority = request.breaker === host.cluster.breakers.high ? 'high' : 'default';
    host.cluster.breaker(priority).connections++;
    host.activeConnections++;
    host.totalConnections++;
    const { stats } = host.cluster;
    stats.countConnection(this.#usesHttp2(request));
    const startedAt = host.cluster.now();
    const opening = openUpstream(
      host,
      this.#usesHttp2(request),
      {
        onOpen: (opened) => {
          this.#openings.delete(opening);
          this.#onOpen(opened, priority, startedAt);
        },
        onFailure: (reason, details) => {
          this.#openings.delete(opening);
          countFailedOpening(host, reason, startedAt);
          this.#onOpenFailure(reason, details, priority);
        },
      },
      this.#identity,
    );
    this.#openings.add(opening);
  }

  #onOpen(opened: OpenedConnection, priority: 'default' | 'high', startedAt: number): void {
    const now = this.#host.cluster.now();
    const { stats } = this.#host.cluster;
    stats.connectMs.observe(now - startedAt);
    stats.traffic.measure(opened.connection);
    const { protocol } = this.#host.cluster.plan;
    const { http1, common } = protocol;
    const client = opened.isHttp2 ? new H2Client(opened, this, protocol, stats.http2) : new H1Client(opened, this, http1, common);
    client.startedAt = startedAt;
    client.openedAt = now;
    client.idleSince = now;
    if (priority === 'high') this.#highPriority.add(client);
    this.#wasShared = opened.isHttp2;
    if (client instanceof H2Client) {
      const { cluster } = this.#host;
      client.keepAlive(cluster.timers, () => cluster.random());
      this.#http2.push(client);
      if (this.#isDraining && this.#pending.length === 0) client.drain();
      this.#feedShared(client);
      return;
    }
    const next = this.#nextPending();
    if (next !== undefined) this.#start(client, next);
    else if (this.#isDraining) client.abort();
    else this.#idle.push(client);
  }

  #feedShared(client: H2Client): void {
    while (client.mayOpenStream) {
      const next = this.#nextPending();
      if (next === undefined) return;
      this.#share(client, next);
    }
  }

  #onOpenFailure(reason: ResetReason, details: string, priority: 'default' | 'high'): void {
    const host = this.#host;
    host.connectFailures++;
    host.cluster.stats.count('upstream_cx_connect_fail');
    if (reason === 'connectTimeout') host.cluster.stats.count('upstream_cx_connect_timeout');
    this.#connectionGone(priority);
    // As many requests fail as connections were tried for them; with a shared connection all of them waited for this one.
    const waiting = this.#openings.size === 0 ? this.#pending.splice(0) : this.#pending.splice(0, 1);
    for (const request of waiting) {
      request.breaker.pending--;
      host.cluster.stats.count('upstream_rq_pending_failure_eject');
    }
    for (const request of waiting) request.onNoStream(reason, details);
  }

  /** The next request that its breaker lets through; those it does not are told so. */
  #nextPending(): StreamRequest | undefined {
    for (;;) {
      const next = this.#pending.shift();
      if (next === undefined) return undefined;
      next.breaker.pending--;
      if (next.breaker.mayRequest) return next;
      this.#host.cluster.stats.count('upstream_rq_active_overflow');
      next.onNoStream('overflow', '');
    }
  }

  #connectionGone(priority: 'default' | 'high'): void {
    this.#host.activeConnections--;
    this.#host.cluster.breaker(priority).connections--;
    const next = this.#pending[0];
    if (next?.breaker.mayConnect === true && this.#openings.size === 0) {
      // Somebody waits and nothing is being opened: the connection that it waited for has gone.
      queueMicrotask(() => {
        const request = this.#pending[0];
        if (request !== undefined && this.#openings.size === 0) this.#open(request);
      });
    }
  }
}

/** A connection that never was counts as one that ended: by this side where it took too long. */
export function countFailedOpening({ cluster }: UpstreamHost, reason: ResetReason, startedAt: number): void {
  cluster.stats.traffic.countEnd({ lifeMs: cluster.now() - startedAt, isByPeer: reason === 'connectFailure', hasActiveRequest: false });
}

function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}
