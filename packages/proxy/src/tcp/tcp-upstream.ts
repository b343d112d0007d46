import type { Socket } from 'node:net';
import { xxHash64 } from '@weft/core/engine/xx-hash';
import type { TcpClusterPlan, TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { ConnectionOpening } from '../io/connection.ts';
import { localAddress } from '../io/local-address.ts';
import type { TcpProxyStats } from '../telemetry/tcp-stats.ts';
import type { Cluster } from '../upstream/cluster.ts';
import { identityFor } from '../upstream/connection-identity.ts';
import type { Host } from '../upstream/host.ts';
import { countFailedOpening } from '../upstream/pool.ts';
import { type OpenedConnection, openHost, type UpstreamOpening } from '../upstream/transport.ts';
import type { ByteStream } from './byte-stream.ts';
import type { TcpProxyContext } from './tcp-context.ts';
import type { TcpPlace, TcpUpstreamRecord } from './tcp-record.ts';
import { TcpTunnel } from './tcp-tunnel.ts';

/** What the way to a host tells the connection it is for: one of the two, once. */
export interface TcpUpstreamEvents {
  /** A host was reached; `alpn` is the name that was agreed on with it. */
  onUpstream(stream: ByteStream, alpn: string): void;
  /** None could be reached; `flags` as logs have them. */
  onNoUpstream(flags: string): void;
}

/** The way of one connection to a host: draws a cluster, chooses hosts, tries them, and counts what it holds there. */
export class TcpUpstream implements TcpUpstreamRecord {
  cluster: Cluster | null = null;
  host: Host | null = null;
  peerUri = '';
  localUri = '';
  transportFailure = '';
  localAddress = '';
  socket: Socket | null = null;
  readonly triedHosts: Host[] = [];
  attempts = 0;
  waitedMs: number | null = null;
  readonly #place: TcpPlace;
  readonly #context: TcpProxyContext;
  readonly #stats: TcpProxyStats;
  readonly #events: TcpUpstreamEvents;
  #drawn: TcpClusterPlan | null = null;
  #opening: UpstreamOpening | null = null;
  /** The connection to the host, unless it is a tunnel's; and when it was begun. */
  #connection: OpenedConnection['connection'] | null = null;
  #startedAt = 0;
  #isCounted = false;
  #isClosed = false;

  constructor(place: TcpPlace, context: TcpProxyContext, stats: TcpProxyStats, events: TcpUpstreamEvents) {
    this.#place = place;
    this.#context = context;
    this.#stats = stats;
    this.#events = events;
  }

  get opening(): ConnectionOpening | null {
    return this.#connection?.opening ?? null;
  }

  start(): void {
    this.#drawn = drawCluster(this.#place, this.#context.random);
    const cluster = this.#context.clusters.get(this.#drawn?.name ?? '');
    if (cluster === undefined) {
      this.#stats.count('downstream_cx_no_route');
      this.#events.onNoUpstream('NC');
      return;
    }
    this.cluster = cluster;
    cluster.whenInitialized(() => this.#connect(cluster));
  }

  /** Gives up what was not reached yet, and what is counted as held. The stream is left to its user. */
  close(endedAt: number): void {
    this.#isClosed = true;
    this.#opening?.cancel();
    this.#countEnd(endedAt);
    if (this.#connection !== null) this.host?.tcpConnections.delete(this.#connection);
    this.#uncount();
  }

  #connect(cluster: Cluster): void {
    if (this.#isClosed) return;
    this.attempts++;
    const { tcp, facts } = this.#place;
    if (!cluster.breakers.default.mayConnect) {
      cluster.stats.count('upstream_cx_overflow');
      this.#events.onNoUpstream('UO');
      return;
    }
    const host = cluster.choose({
      hash: tcp.hashPolicies.some(({ kind }) => kind === 'sourceIp') ? xxHash64(facts.source.text) : null,
      metadataMatch: this.#drawn?.metadataMatch ?? tcp.metadataMatch,
      retry: null,
      request: null,
      connection: facts,
    });
    if (host === null) {
      cluster.stats.count('upstream_cx_none_healthy');
      this.#events.onNoUpstream('UH');
      return;
    }
    this.host = host;
    this.triedHosts.push(host);
    if (tcp.tunneling === null) this.#open(cluster, host);
    else this.#openTunnel(cluster, host, tcp.tunneling);
  }

  #openTunnel(cluster: Cluster, host: Host, tunneling: NonNullable<TcpProxyPlan['tunneling']>): void {
    const tunnel = new TcpTunnel(host, tunneling, this.#place.facts, {
      onOpen: () => this.#use(tunnel, '', tunnel),
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
          this.waitedMs = this.#context.now() - startedAt;
          this.#uncount();
          host.connectFailures++;
          cluster.stats.count('upstream_cx_connect_fail');
          cluster.stats.count('upstream_rq_pending_failure_eject');
          this.#onNotOpen(cluster, host, 'UF', details);
        },
      },
      identityFor(host, this.#place.facts, null),
    );
  }

  /** Tries another host where the listener allows more attempts. */
  #onNotOpen(cluster: Cluster, host: Host, flag: string, details: string): void {
    this.#opening = null;
    this.transportFailure = details;
    if (this.#isClosed) return;
    host.cluster.reportResult(host, 'connectFailed');
    if (this.attempts < Math.max(1, this.#place.tcp.maxConnectAttempts)) {
      this.#connect(cluster);
      return;
    }
    cluster.stats.count('upstream_cx_connect_attempts_exceeded');
    this.#events.onNoUpstream(`${flag},URX`);
  }

  #onOpen(opened: OpenedConnection, cluster: Cluster, startedAt: number): void {
    const { connection, alpn } = opened;
    this.waitedMs = this.#context.now() - startedAt;
    this.#opening = null;
    cluster.stats.connectMs.observe(this.#context.now() - startedAt);
    cluster.stats.traffic.measure(connection);
    this.#connection = connection;
    this.#startedAt = startedAt;
    if (this.#isClosed) {
      connection.destroy();
      return;
    }
    if (this.host !== null) {
      this.host.tcpConnections.add(connection);
      this.host.totalRequests++;
      this.host.cluster.stats.requests.increment();
    }
    this.socket = connection.socket;
    this.localAddress = localAddress(connection.socket);
    this.#use(connection, alpn, { peerUri: opened.peer?.uri ?? '', localUri: opened.localUri });
  }

  #use(stream: ByteStream, alpn: string, { peerUri, localUri }: { readonly peerUri: string; readonly localUri: string }): void {
    this.#opening = null;
    if (this.host !== null) this.host.cluster.reportResult(this.host, this.host.cluster.reportsConnections ? 'connected' : 200);
    this.peerUri = peerUri;
    this.localUri = localUri;
    this.#events.onUpstream(stream, alpn);
  }

  #countEnd(endedAt: number): void {
    if (this.#connection === null) return;
    const lifeMs = endedAt - this.#startedAt;
    // The end of what the host sends does not close the connection here.
    this.cluster?.stats.traffic.countEnd({ lifeMs, isByPeer: this.#connection.error !== null, hasActiveRequest: true });
  }

  #uncount(): void {
    if (!this.#isCounted || this.host === null || this.cluster === null) return;
    this.#isCounted = false;
    this.host.activeConnections--;
    this.cluster.breakers.default.connections--;
  }
}

/** With the SNI filter before it, the server name is the cluster's. */
function drawCluster({ facts, chain, tcp }: TcpPlace, random: () => number): TcpClusterPlan | null {
  if (facts.serverName !== '' && chain.networkFilters.some(({ kind }) => kind === 'sniCluster'))
    return { name: facts.serverName, weight: 1, metadataMatch: null };
  let left = Math.floor(random() * tcp.totalWeight);
  for (const cluster of tcp.clusters) {
    if (left < cluster.weight) return cluster;
    left -= cluster.weight;
  }
  return tcp.clusters[0] ?? null;
}
