import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { ForwardActionPlan } from '@weft/core/plan/route-plan';
import type { Breaker } from '../upstream/breakers.ts';
import { ConnectTunnels } from '../upstream/connect-tunnel.ts';
import { identityFor } from '../upstream/connection-identity.ts';
import { H1Client } from '../upstream/h1-client.ts';
import type { Host } from '../upstream/host.ts';
import type { StreamClient, StreamRequest, StreamSource } from '../upstream/pool.ts';
import type { HostCluster } from '../upstream/upstream-host.ts';
import type { Headers } from './headers.ts';
import type { ResetReason, UpstreamEvents, UpstreamStream } from './stream.ts';

/** What an attempt tells the exchange it works for. */
export interface AttemptOwner {
  onAttemptReady(attempt: Attempt): void;
  onAttemptFailed(attempt: Attempt, reason: ResetReason, details: string): void;
  onAttemptInformational(attempt: Attempt, status: number, headers: Headers): void;
  onAttemptHead(attempt: Attempt, status: number, headers: Headers, end: boolean): void;
  onAttemptData(attempt: Attempt, bytes: Buffer, from: number, to: number, end: boolean): void;
  onAttemptTrailers(attempt: Attempt, trailers: Headers): void;
  onAttemptDrain(attempt: Attempt): void;
  onAttemptReadEnd(attempt: Attempt): void;
}

/** What a try is made with. */
export interface AttemptUse {
  readonly breaker: Breaker;
  readonly prefersHttp2: boolean;
  /** The downstream connection and request, null where the proxy itself asks. */
  readonly connection: ConnectionFacts | null;
  readonly request: RequestFacts | null;
  /** Set where the request's body is a connection's bytes for the host. */
  readonly connect?: ForwardActionPlan['connect'];
}

/** One try at one host: counts itself at cluster and host, and passes what its stream tells on until it is over. */
export class Attempt implements UpstreamEvents, StreamRequest {
  readonly owner: AttemptOwner;
  readonly cluster: HostCluster;
  readonly host: Host;
  readonly breaker: Breaker;
  readonly prefersHttp2: boolean;
  readonly downstream: ConnectionFacts | null;
  readonly #source: StreamSource;
  readonly startedAt: number;
  stream: UpstreamStream | null = null;
  client: StreamClient | null = null;
  hasResponse = false;
  /** Milliseconds until it had a connection, or none could be had. */
  waitedMs = 0;
  #isStarting = false;
  isOver = false;
  #isWaiting = false;
  #isCounted = false;

  constructor(owner: AttemptOwner, host: Host, use: AttemptUse) {
    const { breaker, prefersHttp2, connection, request, connect } = use;
    this.owner = owner;
    this.cluster = host.cluster;
    this.host = host;
    this.breaker = breaker;
    this.prefersHttp2 = prefersHttp2;
    this.downstream = connection;
    this.#source = connect
      ? new ConnectTunnels(host, identityFor(host, connection, request), connect.proxyProtocol)
      : host.poolFor(connection, request);
    this.startedAt = host.cluster.now();
  }

  get events(): UpstreamEvents {
    return this;
  }

  /** True when a reused connection was closed under the request, before anything came back. */
  get isKeepAliveRace(): boolean {
    return this.client instanceof H1Client && this.client.isKeepAliveRace;
  }

  start(isFresh: boolean): void {
    this.host.activeRequests++;
    this.#isWaiting = true;
    this.#isStarting = true;
    this.#source.request(this, isFresh);
    this.#isStarting = false;
  }

  /** Gives up: nothing more is heard of this attempt. */
  cancel(): void {
    if (this.isOver) return;
    this.#finish();
    if (this.#isWaiting) this.#source.cancel(this);
    else this.#abort();
  }

  onStream(stream: UpstreamStream, client: StreamClient): void {
    this.#isWaiting = false;
    if (!this.#isStarting) this.waitedMs = this.cluster.now() - this.startedAt;
    this.#isCounted = true;
    this.host.totalRequests++;
    this.cluster.stats.requests.increment();
    this.breaker.requests++;
    if (this.cluster.reportsConnections) this.cluster.reportResult(this.host, 'connected');
    this.stream = stream;
    this.client = client;
    this.owner.onAttemptReady(this);
  }

  onNoStream(reason: ResetReason, details: string): void {
    this.#isWaiting = false;
    this.waitedMs = this.cluster.now() - this.startedAt;
    if (this.isOver) return;
    this.#finish();
    this.owner.onAttemptFailed(this, reason, details);
  }

  onInformational(status: number, headers: Headers): void {
    if (!this.isOver) this.owner.onAttemptInformational(this, status, headers);
  }

  onResponseHead(status: number, headers: Headers, end: boolean): void {
    if (this.isOver) return;
    this.hasResponse = true;
    this.#countStatus(status);
    const { healthChecks } = this.cluster.plan;
    if (healthChecks.length > 0 && headers.get('x-envoy-immediate-health-check-fail') !== undefined)
      this.cluster.reportUnhealthy(this.host);
    if (end) this.#finish();
    this.owner.onAttemptHead(this, status, headers, end);
  }

  onResponseData(bytes: Buffer, from: number, to: number, end: boolean): void {
    if (this.isOver) return;
    if (end) this.#finish();
    this.owner.onAttemptData(this, bytes, from, to, end);
  }

  onResponseTrailers(trailers: Headers): void {
    if (this.isOver) return;
    this.#finish();
    this.owner.onAttemptTrailers(this, trailers);
  }

  onUpstreamReset(reason: ResetReason): void {
    if (this.isOver) return;
    this.#finish();
    if (reason === 'remoteReset') this.cluster.stats.count('upstream_rq_rx_reset');
    this.owner.onAttemptFailed(this, reason, '');
  }

  onUpstreamDrain(): void {
    if (!this.isOver) this.owner.onAttemptDrain(this);
  }

  onReadEnd(): void {
    this.owner.onAttemptReadEnd(this);
  }

  #abort(): void {
    if (this.stream === null) return;
    if (this.stream.protocol === 'HTTP/2') this.cluster.stats.count('upstream_rq_tx_reset');
    this.stream.abort();
  }

  #countStatus(status: number): void {
    if (status >= 500) this.host.totalErrors++;
    else this.host.totalSuccesses++;
  }

  #finish(): void {
    this.isOver = true;
    if (this.#isCounted) this.breaker.requests--;
    this.#isCounted = false;
    this.host.activeRequests--;
  }
}
