import type { Socket } from 'node:net';
import { xxHash64 } from '@weft/core/engine/xx-hash';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan, TcpClusterPlan, TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import { localAddress } from '../io/local-address.ts';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';
import { networkStatsPlan } from '../telemetry/stats-plans.ts';
import type { TcpProxyStats } from '../telemetry/tcp-stats.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { identityFor } from '../upstream/connection-identity.ts';
import type { Host } from '../upstream/host.ts';
import { countFailedOpening } from '../upstream/pool.ts';
import { type OpenedConnection, openHost, type UpstreamOpening } from '../upstream/transport.ts';
import { type ByteStream, closeAfterFlush } from './byte-stream.ts';
import { MetadataFrameReader, type PeerTold, peerExchangeAlpn } from './metadata-frame.ts';
import { TcpTunnel } from './tcp-tunnel.ts';

/** What TCP proxying uses of the proxy around it. */
export interface TcpProxyContext {
  readonly clusters: ClusterManager;
  readonly timers: TimerWheel;
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly random: () => number;
  /** Bytes since the last report; `isFinal` once, at the end. */
  /** What proxies tell each other of themselves where a connection begins with that. */
  readonly peers: { readonly frame: Buffer; workloadOf(told: PeerTold): object };
  readonly statsOf: (tcp: TcpProxyPlan) => TcpProxyStats;
  readonly onProgress: (proxy: TcpProxy, isFinal: boolean) => void;
  /** Told once of every connection whose end is to be logged. */
  readonly onDone: (proxy: TcpProxy) => void;
}

/** Where a connection came in. */
export interface TcpPlace {
  readonly facts: ConnectionFacts;
  readonly chain: FilterChainPlan;
  readonly tcp: TcpProxyPlan;
  readonly listener: ListenerPlan;
  /** ALPN name that was agreed on; `''` without. */
  readonly alpn: string;
}

/** What logs tell of a connection that a filter turned away. */
export interface TcpRefusal {
  readonly flag: string;
  readonly details: string;
  readonly terminationDetails: string;
}

const maxEarlyBytes = 256 * 1024;

/** Moves the bytes of one connection to an upstream host and back, with back-pressure and half-close in both directions. */
export class TcpProxy implements ConnectionOwner, TimerOwner {
  readonly place: TcpPlace;
  readonly startedAt: number;
  readonly startedMonotonic: number;
  cluster: Cluster | null = null;
  host: Host | null = null;
  upstreamPeerUri = '';
  localUri = '';
  flags = '';
  /** Why a connection ended that was not closed by its peers, as `response_code_details` has it. */
  details = '';
  terminationDetails = '';
  transportFailure = '';
  upstreamLocalAddress = '';
  upstreamSocket: Socket | null = null;
  /** Workloads that peers told of themselves. */
  downstreamPeer: object | null = null;
  upstreamPeer: object | null = null;
  /** Hosts that were tried, in order. */
  readonly triedHosts: Host[] = [];
  /** Tries to reach a host. */
  attempts = 0;
  bytesReceived = 0;
  bytesSent = 0;
  endedAt = 0;
  #downstream: Connection;
  #upstream: ByteStream | null = null;
  #opening: UpstreamOpening | null = null;
  /** The connection to the host, unless it is a tunnel's; and when it was begun. */
  #upstreamConnection: Connection | null = null;
  #upstreamStartedAt = 0;
  #context: TcpProxyContext;
  #stats: TcpProxyStats;
  #onClosed: () => void;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #downstreamEnded = false;
  #isClosed = false;
  #isRefused = false;
  #lastActivity = 0;
  #idleTimer: Timer | null = null;
  #durationTimer: Timer | null = null;
  #reportTimer: Timer | null = null;
  #reportEveryMs: number;
  #isCounted = false;
  #drawn: TcpClusterPlan | null = null;
  /** Take the peers' frames off, until they were there. */
  #downstreamFrame: MetadataFrameReader | null = null;
  #upstreamFrame: MetadataFrameReader | null = null;

  constructor(downstream: Connection, place: TcpPlace, context: TcpProxyContext, onClosed: () => void) {
    this.#downstream = downstream;
    this.place = place;
    this.#context = context;
    this.#stats = context.statsOf(place.tcp);
    this.#stats.connections.increment();
    downstream.measure(this.#stats.meter);
    this.#onClosed = onClosed;
    this.startedAt = context.wallClock();
    this.startedMonotonic = context.now();
    this.#lastActivity = this.startedMonotonic;
    this.#reportEveryMs = networkStatsPlan(place.chain)?.reportingIntervalMs ?? 0;
    if (this.#reportEveryMs > 0) this.#reportTimer = context.timers.schedule(this.#reportEveryMs, this, 'report');
    downstream.owner = this;
  }

  start(first: Buffer): void {
    if (this.place.alpn === peerExchangeAlpn && this.#exchangesMetadata) {
      this.#downstreamFrame = new MetadataFrameReader();
      this.#downstream.writeOwned(this.#context.peers.frame);
    }
    if (first.length > 0) this.onData(first, first.length);
    const { idleTimeoutMs, maxConnectionDurationMs } = this.place.tcp;
    if (idleTimeoutMs > 0) this.#idleTimer = this.#context.timers.schedule(idleTimeoutMs, this, 'idle');
    if (maxConnectionDurationMs !== null) this.#durationTimer = this.#context.timers.schedule(maxConnectionDurationMs, this, 'maxDuration');
    this.#route();
  }

  /** Ends the connection, which a filter before this one turned away, and has that logged. */
  refuse({ flag, details, terminationDetails }: TcpRefusal, receivedBytes: number): void {
    this.details = details;
    this.terminationDetails = terminationDetails;
    this.bytesReceived = receivedBytes;
    this.#isRefused = true;
    this.#fail(flag);
  }

  close(): void {
    this.#finish();
  }

  onTimer(kind: string): void {
    if (this.#isClosed) return;
    if (kind === 'report') {
      this.#context.onProgress(this, false);
      this.#reportTimer = this.#context.timers.schedule(this.#reportEveryMs, this, 'report');
    } else if (kind === 'maxDuration') {
      this.#stats.durationTimeouts.increment();
      this.#finish();
    } else {
      const idle = this.#context.now() - this.#lastActivity;
      const { idleTimeoutMs } = this.place.tcp;
      if (idle >= idleTimeoutMs) {
        this.#stats.idleTimeouts.increment();
        this.#finish();
      } else this.#idleTimer = this.#context.timers.schedule(idleTimeoutMs - idle, this, 'idle');
    }
  }

  // --- from downstream

  onData(bytes: Buffer, length: number): void {
    if (this.#downstreamFrame !== null) {
      const answer = this.#downstreamFrame.read(bytes.subarray(0, length));
      if (answer === null) return;
      this.#downstreamFrame = null;
      if (answer.told !== null) this.downstreamPeer = this.#context.peers.workloadOf(answer.told);
      if (answer.rest.length > 0) this.#receive(answer.rest, answer.rest.length);
      return;
    }
    this.#receive(bytes, length);
  }

  #receive(bytes: Buffer, length: number): void {
    this.bytesReceived += length;
    this.#lastActivity = this.#context.now();
    const upstream = this.#upstream;
    if (upstream !== null) {
      if (!upstream.writeBytes(bytes, 0, length)) this.#downstream.pause();
      return;
    }
    this.#early.push(Buffer.from(bytes.subarray(0, length)));
    this.#earlyBytes += length;
    if (this.#earlyBytes > maxEarlyBytes) this.#downstream.pause();
  }

  onEnd(): void {
    this.#downstreamEnded = true;
    this.#upstream?.end();
  }

  onDrain(): void {
    this.#upstream?.resume();
  }

  onClose(): void {
    this.#finish();
  }

  // --- upstream

  #route(): void {
    const { tcp } = this.place;
    this.#drawn = this.#drawCluster(tcp);
    const cluster = this.#context.clusters.get(this.#drawn?.name ?? '');
    if (cluster === undefined) {
      this.#stats.noRoute.increment();
      this.#fail('NC');
      return;
    }
    this.cluster = cluster;
    cluster.whenInitialized(() => this.#connect(cluster));
  }

  /** With the SNI filter before it, the server name is the cluster's. */
  #drawCluster(tcp: TcpProxyPlan): TcpClusterPlan | null {
    const { facts, chain } = this.place;
    if (facts.serverName !== '' && chain.networkFilters.some(({ kind }) => kind === 'sniCluster'))
      return { name: facts.serverName, weight: 1, metadataMatch: null };
    let left = Math.floor(this.#context.random() * tcp.totalWeight);
    for (const cluster of tcp.clusters) {
      if (left < cluster.weight) return cluster;
      left -= cluster.weight;
    }
    return tcp.clusters[0] ?? null;
  }

  #connect(cluster: Cluster): void {
    if (this.#isClosed) return;
    this.attempts++;
    const { tcp } = this.place;
    const breaker = cluster.breakers.default;
    if (!breaker.mayConnect) {
      cluster.stats.connectionOverflow.increment();
      this.#fail('UO');
      return;
    }
    const host = cluster.choose({
      hash: tcp.hashPolicies.some(({ kind }) => kind === 'sourceIp') ? xxHash64(this.place.facts.source.text) : null,
      metadataMatch: this.#drawn?.metadataMatch ?? tcp.metadataMatch,
      retry: null,
      request: null,
      connection: this.place.facts,
    });
    if (host === null) {
      cluster.stats.noHealthyHost.increment();
      this.#fail('UH');
      return;
    }
    this.host = host;
    this.triedHosts.push(host);
    if (tcp.tunneling === null) this.#open(cluster, host);
    else this.#openTunnel(cluster, host, tcp.tunneling);
  }

  #openTunnel(cluster: Cluster, host: Host, tunneling: NonNullable<TcpProxyPlan['tunneling']>): void {
    const tunnel = new TcpTunnel(host, tunneling, this.place.facts, {
      onOpen: () => this.#use(tunnel, tunnel.peerUri, tunnel.localUri),
      onFailure: (reason, details) => this.#onNotOpen(cluster, host, reason === 'overflow' ? 'UO' : 'UF', details),
    });
    this.#opening = { cancel: () => tunnel.destroy() };
    tunnel.start();
  }

  #open(cluster: Cluster, host: Host): void {
    const breaker = cluster.breakers.default;
    breaker.connections++;
    host.activeConnections++;
    host.totalConnections++;
    cluster.stats.connections.increment();
    cluster.stats.pending.increment();
    this.#isCounted = true;
    const startedAt = this.#context.now();
    this.#opening = openHost(
      host,
      'tcp',
      {
        onOpen: (opened) => this.#onOpen(opened, cluster, startedAt),
        onFailure: (reason, details) => {
          countFailedOpening(host, reason, startedAt);
          this.#uncount();
          host.connectFailures++;
          cluster.stats.connectFailures.increment();
          this.#onNotOpen(cluster, host, 'UF', details);
        },
      },
      identityFor(host, this.place.facts, null),
    );
  }

  /** Tries another host where the listener allows more attempts. */
  #onNotOpen(cluster: Cluster, host: Host, flag: string, details: string): void {
    this.#opening = null;
    this.transportFailure = details;
    if (this.#isClosed) return;
    host.cluster.reportResult(host, 'connectFailed');
    if (this.attempts < Math.max(1, this.place.tcp.maxConnectAttempts)) this.#connect(cluster);
    else this.#fail(`${flag},URX`);
  }

  #onOpen(opened: OpenedConnection, cluster: Cluster, startedAt: number): void {
    this.#opening = null;
    cluster.stats.connectMs.observe(this.#context.now() - startedAt);
    cluster.stats.traffic.measure(opened.connection);
    this.#upstreamConnection = opened.connection;
    this.#upstreamStartedAt = startedAt;
    if (this.#isClosed) {
      opened.connection.destroy();
      return;
    }
    if (this.host !== null) {
      this.host.totalRequests++;
      this.host.cluster.stats.requests.increment();
    }
    this.upstreamSocket = opened.connection.socket;
    this.upstreamLocalAddress = localAddress(opened.connection.socket);
    if (opened.alpn === peerExchangeAlpn) {
      this.#upstreamFrame = new MetadataFrameReader();
      opened.connection.writeOwned(this.#context.peers.frame);
    }
    this.#use(opened.connection, opened.peer?.uri ?? '', opened.localUri);
  }

  #use(upstream: ByteStream, peerUri: string, localUri: string): void {
    this.#opening = null;
    if (this.host !== null) this.host.cluster.reportResult(this.host, this.host.cluster.reportsConnections ? 'connected' : 200);
    this.upstreamPeerUri = peerUri;
    this.localUri = localUri;
    this.#upstream = upstream;
    upstream.owner = {
      onData: (bytes, length) => this.#onUpstreamData(upstream, bytes, length),
      onEnd: () => this.#downstream.end(),
      onDrain: () => this.#downstream.resume(),
      onClose: () => this.#finish(),
    };
    for (const chunk of this.#early.splice(0)) upstream.writeOwned(chunk);
    this.#downstream.resume();
    if (this.#downstreamEnded) upstream.end();
  }

  #onUpstreamData(upstream: ByteStream, bytes: Buffer, length: number): void {
    if (this.#upstreamFrame !== null) {
      const answer = this.#upstreamFrame.read(bytes.subarray(0, length));
      if (answer === null) return;
      this.#upstreamFrame = null;
      if (answer.told !== null) this.upstreamPeer = this.#context.peers.workloadOf(answer.told);
      if (answer.rest.length > 0) this.#sendDown(upstream, answer.rest, answer.rest.length);
      return;
    }
    this.#sendDown(upstream, bytes, length);
  }

  #sendDown(upstream: ByteStream, bytes: Buffer, length: number): void {
    this.bytesSent += length;
    this.#lastActivity = this.#context.now();
    if (!this.#downstream.writeBytes(bytes, 0, length)) upstream.pause();
  }

  get #exchangesMetadata(): boolean {
    return this.place.chain.networkFilters.some((filter) => filter.kind === 'metadataExchange');
  }

  #fail(flag: string): void {
    this.flags = flag;
    this.#finish();
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.endedAt = this.#context.now();
    this.#idleTimer?.cancel();
    this.#durationTimer?.cancel();
    this.#reportTimer?.cancel();
    // What was held for an upstream that never came counts as not received: Envoy would not have read it.
    if (this.#upstream === null && !this.#isRefused) this.bytesReceived = 0;
    this.#early = [];
    this.#opening?.cancel();
    this.#countUpstreamEnd();
    this.#uncount();
    closeAfterFlush(this.#downstream);
    if (this.#upstream !== null) closeAfterFlush(this.#upstream);
    this.#context.onProgress(this, true);
    if (this.place.tcp.accessLogs.length > 0) this.#context.onDone(this);
    this.#onClosed();
  }

  #countUpstreamEnd(): void {
    const connection = this.#upstreamConnection;
    if (connection === null) return;
    const lifeMs = this.endedAt - this.#upstreamStartedAt;
    // The end of what the host sends does not close the connection here.
    this.cluster?.stats.traffic.countEnd({ lifeMs, isByPeer: connection.error !== null, hasActiveRequest: true });
  }

  #uncount(): void {
    if (!this.#isCounted || this.host === null || this.cluster === null) return;
    this.#isCounted = false;
    this.host.activeConnections--;
    this.cluster.breakers.default.connections--;
  }
}
