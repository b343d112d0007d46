import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ExchangeView } from '../http/exchange-view.ts';
import type { TcpProxy } from '../tcp/tcp-proxy.ts';
import { type PeerMetadata, type Workload, workloadOfHost } from './peer-metadata.ts';
import type { Counter, Histogram, Labels, Registry } from './registry.ts';

interface RequestSeries {
  readonly requests: Counter;
  readonly duration: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

interface TcpSeries {
  readonly opened: Counter;
  readonly closed: Counter;
  readonly sent: Counter;
  readonly received: Counter;
}

interface Service {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
}

const maxSeries = 10_000;

/** Istio's standard metrics with their 25 labels. Series are found through one key per finished request, so labels are built once each. */
export class IstioStats {
  #registry: Registry;
  #peers: PeerMetadata;
  #requests: Map<string, RequestSeries> = new Map();
  #tcp: Map<string, TcpSeries> = new Map();
  #services: WeakMap<ClusterPlan, Service> = new WeakMap();
  #tcpReported: WeakMap<TcpProxy, { sent: number; received: number }> = new WeakMap();

  constructor(registry: Registry, peers: PeerMetadata, version: string) {
    this.#registry = registry;
    this.#peers = peers;
    registry.gauge(
      'istio_build',
      [
        ['component', 'proxy'],
        ['tag', version],
      ],
      () => 1,
    );
  }

  recordRequest(exchange: ExchangeView): void {
    if (!hasIstioStats(exchange.origin.manager)) return;
    const series = this.#requestSeries(exchange);
    series.requests.increment();
    series.duration.observe(exchange.endedAt - exchange.startedMonotonic);
    series.requestBytes.observe(exchange.requestBytes + exchange.requestHeadBytes);
    series.responseBytes.observe(exchange.responseBytes + exchange.responseHeadBytes);
  }

  recordTcpOpened(proxy: TcpProxy): void {
    if (hasNetworkStats(proxy.place.chain)) this.#tcpSeries(proxy).opened.increment();
  }

  recordTcpProgress(proxy: TcpProxy, isFinal: boolean): void {
    if (!hasNetworkStats(proxy.place.chain)) return;
    const series = this.#tcpSeries(proxy);
    const reported = this.#tcpReported.get(proxy) ?? { sent: 0, received: 0 };
    series.sent.add(proxy.bytesSent - reported.sent);
    series.received.add(proxy.bytesReceived - reported.received);
    this.#tcpReported.set(proxy, { sent: proxy.bytesSent, received: proxy.bytesReceived });
    if (isFinal) series.closed.increment();
  }

  #requestSeries(exchange: ExchangeView): RequestSeries {
    const isServer = exchange.origin.direction === 'INBOUND';
    const told = (isServer ? exchange.downstreamPeer : exchange.upstreamPeer) as Workload | null;
    const peer = told ?? (isServer ? null : workloadOfHost(exchange.host));
    const { connection, cluster } = exchange;
    const isGrpc = exchange.isGrpc;
    const key = `${isServer ? 's' : 'c'}|${cluster?.plan.name ?? exchange.authority}|${peer?.id ?? ''}|${peer?.name ?? ''}|${exchange.responseStatus}|${exchange.flags}|${isGrpc ? (exchange.grpcStatus ?? 'g') : ''}|${connection.peerCertificate?.uriSans[0] ?? ''}|${exchange.host?.cluster === cluster ? exchange.upstreamPrincipal : ''}`;
    const known = this.#requests.get(key);
    if (known !== undefined) return known;
    if (this.#requests.size >= maxSeries) this.#requests.clear();
    const labels: Labels = [
      ...this.#common({
        isServer,
        peer,
        cluster: cluster?.plan ?? null,
        downstreamPrincipal: connection.peerCertificate?.uriSans[0] ?? '',
        localPrincipal: isServer ? (connection.localCertificate?.uriSans[0] ?? '') : exchange.localPrincipal,
        upstreamPrincipal: exchange.upstreamPrincipal,
        isMutual: connection.peerCertificate !== null,
        fallbackHost: isServer || exchange.origin.direction !== 'OUTBOUND' ? '' : exchange.originalAuthority,
      }),
      ['request_protocol', isGrpc ? 'grpc' : 'http'],
      ['response_code', String(exchange.responseStatus)],
      ['grpc_response_status', isGrpc && exchange.grpcStatus !== null ? String(exchange.grpcStatus) : ''],
      ['response_flags', exchange.flags || '-'],
      ['connection_security_policy', security(isServer, connection.peerCertificate !== null)],
    ];
    const registry = this.#registry;
    const series: RequestSeries = {
      requests: registry.counter('istio_requests_total', labels),
      duration: registry.histogram('istio_request_duration_milliseconds', labels),
      requestBytes: registry.histogram('istio_request_bytes', labels),
      responseBytes: registry.histogram('istio_response_bytes', labels),
    };
    this.#requests.set(key, series);
    return series;
  }

  #tcpSeries(proxy: TcpProxy): TcpSeries {
    const { facts, listener } = proxy.place;
    const isServer = listener.direction === 'INBOUND';
    const principal = facts.peerCertificate?.uriSans[0] ?? '';
    const peer = isServer ? null : workloadOfHost(proxy.host);
    const key = `${isServer ? 's' : 'c'}|${proxy.cluster?.plan.name ?? ''}|${principal}|${proxy.upstreamPeerUri}|${peer?.name ?? ''}|${proxy.flags}`;
    const known = this.#tcp.get(key);
    if (known !== undefined) return known;
    if (this.#tcp.size >= maxSeries) this.#tcp.clear();
    const labels: Labels = [
      ...this.#common({
        isServer,
        peer,
        cluster: proxy.cluster?.plan ?? null,
        downstreamPrincipal: principal,
        localPrincipal: isServer ? (facts.localCertificate?.uriSans[0] ?? '') : proxy.localUri,
        upstreamPrincipal: proxy.upstreamPeerUri,
        isMutual: principal !== '',
        fallbackHost: '',
      }),
      ['request_protocol', 'tcp'],
      ['response_flags', proxy.flags || '-'],
      ['connection_security_policy', security(isServer, principal !== '')],
    ];
    const registry = this.#registry;
    const series: TcpSeries = {
      opened: registry.counter('istio_tcp_connections_opened_total', labels),
      closed: registry.counter('istio_tcp_connections_closed_total', labels),
      sent: registry.counter('istio_tcp_sent_bytes_total', labels),
      received: registry.counter('istio_tcp_received_bytes_total', labels),
    };
    this.#tcp.set(key, series);
    return series;
  }

  #common(call: {
    isServer: boolean;
    peer: Workload | null;
    cluster: ClusterPlan | null;
    downstreamPrincipal: string;
    localPrincipal: string;
    upstreamPrincipal: string;
    isMutual: boolean;
    fallbackHost: string;
  }): Labels {
    const { own } = this.#peers;
    const source = call.isServer ? call.peer : own;
    const destination = call.isServer ? own : call.peer;
    const service = this.#service(call.cluster, call.isServer ? own : null, call.fallbackHost);
    const sourcePrincipal = call.isServer ? call.downstreamPrincipal : call.localPrincipal;
    const destinationPrincipal = call.isServer ? call.localPrincipal : call.upstreamPrincipal;
    return [
      ['reporter', call.isServer ? 'destination' : 'source'],
      ['source_workload', orUnknown(source?.name)],
      ['source_canonical_service', orUnknown(source?.canonicalService)],
      ['source_canonical_revision', source?.canonicalRevision || 'latest'],
      ['source_workload_namespace', orUnknown(source?.namespace)],
      ['source_principal', orUnknown(sourcePrincipal)],
      ['source_app', orUnknown(source?.app)],
      ['source_version', orUnknown(source?.version)],
      ['source_cluster', orUnknown(source?.cluster)],
      ['destination_workload', orUnknown(destination?.name)],
      ['destination_workload_namespace', orUnknown(destination?.namespace)],
      ['destination_principal', orUnknown(destinationPrincipal)],
      ['destination_app', orUnknown(destination?.app)],
      ['destination_version', orUnknown(destination?.version)],
      ['destination_service', orUnknown(service.host)],
      ['destination_canonical_service', orUnknown(destination?.canonicalService)],
      ['destination_canonical_revision', destination?.canonicalRevision || 'latest'],
      ['destination_service_name', orUnknown(service.name)],
      ['destination_service_namespace', orUnknown(service.namespace || destination?.namespace)],
      ['destination_cluster', orUnknown(destination?.cluster || (call.isServer ? '' : own.cluster))],
    ];
  }

  /** The service a cluster stands for, from Istio's cluster metadata, its name, or the host asked for. */
  #service(cluster: ClusterPlan | null, own: Workload | null, fallbackHost: string): Service {
    if (cluster === null) return fallbackHost === '' ? unknownService : { host: fallbackHost, name: fallbackHost, namespace: '' };
    const known = this.#services.get(cluster);
    if (known !== undefined) return known;
    const service = serviceOf(cluster, own) ?? { host: fallbackHost, name: fallbackHost, namespace: '' };
    if (service.host !== fallbackHost || fallbackHost === '') this.#services.set(cluster, service);
    return service;
  }
}

const unknownService: Service = { host: '', name: '', namespace: '' };

function serviceOf(cluster: ClusterPlan, own: Workload | null): Service | null {
  const services = cluster.metadata.istio?.services;
  const first: unknown = Array.isArray(services) ? services[0] : undefined;
  if (typeof first === 'object' && first !== null) {
    const { host = '', name = '', namespace = '' } = first as { host?: string; name?: string; namespace?: string };
    return { host, name: name || host, namespace };
  }
  if (pseudoServices.includes(cluster.name)) return { host: cluster.name, name: cluster.name, namespace: '' };
  const host = cluster.name.split('|')[3] ?? '';
  if (host !== '') return { host, name: host.split('.')[0] ?? host, namespace: host.split('.')[1] ?? '' };
  return own === null ? null : { host: '', name: own.canonicalService, namespace: own.namespace };
}

const pseudoServices = ['BlackHoleCluster', 'PassthroughCluster', 'InboundPassthroughCluster', 'InboundPassthroughClusterIpv4'];

function security(isServer: boolean, isMutual: boolean): string {
  if (!isServer) return 'unknown';
  return isMutual ? 'mutual_tls' : 'none';
}

function orUnknown(value: string | undefined): string {
  return value === undefined || value === '' ? 'unknown' : value;
}

const httpStats = new WeakMap<HttpConnectionManagerPlan, boolean>();

function hasIstioStats(manager: HttpConnectionManagerPlan): boolean {
  let has = httpStats.get(manager);
  if (has === undefined) {
    has = manager.filters.some(({ config }) => config.kind === 'istioStats');
    httpStats.set(manager, has);
  }
  return has;
}

function hasNetworkStats(chain: FilterChainPlan): boolean {
  return chain.networkFilters.some((filter) => filter.kind === 'istioStats');
}
