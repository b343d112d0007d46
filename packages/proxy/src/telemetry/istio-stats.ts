import type { IstioStatsPlan } from '@weft/core/plan/istio-stats-plan';
import type { ExchangeView } from '../http/exchange-view.ts';
import type { TcpRecord } from '../tcp/tcp-record.ts';
import { celActivation } from './cel-activation.ts';
import { commonLabels } from './istio-labels.ts';
import { type CallMetric, IstioSeries } from './istio-series.ts';
import { overrideValues } from './metric-overrides.ts';
import { type PeerMetadata, type Workload, workloadOfHost } from './peer-metadata.ts';
import { Gauge, labelSet, type Registry } from './registry.ts';
import { routeName } from './route-name.ts';
import { SeriesTable } from './series-table.ts';
import type { Labels } from './stat-sample.ts';
import { httpStatsPlan, networkStatsPlan } from './stats-plans.ts';
import { TcpLogEntry } from './tcp-log-entry.ts';

const requestMetrics: readonly CallMetric[] = [
  ['requests_total', 'counter'],
  ['request_duration_milliseconds', 'histogram'],
  ['request_bytes', 'histogram'],
  ['response_bytes', 'histogram'],
];
const messageMetrics: readonly CallMetric[] = [
  ['request_messages_total', 'counter'],
  ['response_messages_total', 'counter'],
];
const tcpMetrics: readonly CallMetric[] = [
  ['tcp_connections_opened_total', 'counter'],
  ['tcp_connections_closed_total', 'counter'],
  ['tcp_sent_bytes_total', 'counter'],
  ['tcp_received_bytes_total', 'counter'],
];

/** What a long connection has reported so far; its labels stay those of the first report. */
interface TcpReport {
  readonly series: IstioSeries;
  sent: number;
  received: number;
}

interface MessageReport {
  readonly series: IstioSeries;
  requests: number;
  responses: number;
}

/** How many messages a gRPC stream has carried in each direction. */
export interface MessageCounts {
  readonly requests: number;
  readonly responses: number;
}

const noValues: readonly string[] = [];

/** Istio's standard metrics. Series are found through one key per finished request, so labels are built once each. */
export class IstioStats {
  #registry: Registry;
  #peers: PeerMetadata;
  #series: SeriesTable<IstioSeries> = new SeriesTable();
  #planIds: Map<string, number> = new Map();
  #tcpReports: WeakMap<TcpRecord, TcpReport> = new WeakMap();
  #messageReports: WeakMap<ExchangeView, MessageReport> = new WeakMap();

  constructor(registry: Registry, peers: PeerMetadata, version: string) {
    this.#registry = registry;
    this.#peers = peers;
    const labels = labelSet([
      ['component', 'proxy'],
      ['tag', version],
    ]);
    registry.custom('istio_build', labels, () => new Gauge()).set(1);
  }

  recordRequest(exchange: ExchangeView): void {
    const plan = httpStatsPlan(exchange.origin.manager);
    if (plan === null) return;
    const series = this.#requestSeries(exchange, plan);
    series.usedAt = exchange.endedAt;
    series.counters[0]?.increment();
    series.histograms[1]?.observe(Math.floor(exchange.endedAt - exchange.startedMonotonic));
    series.histograms[2]?.observe(exchange.wireBytesReceived);
    series.histograms[3]?.observe(exchange.wireBytesSent);
    series.recordCustom();
    this.#series.rotate(plan.rotationIntervalMs, exchange.endedAt);
  }

  /** Counts the messages of a gRPC stream since the last report. */
  recordMessages(exchange: ExchangeView, counts: MessageCounts): void {
    const plan = httpStatsPlan(exchange.origin.manager);
    if (plan === null) return;
    let report = this.#messageReports.get(exchange);
    if (report === undefined) {
      report = { series: this.#messageSeries(exchange, plan), requests: 0, responses: 0 };
      this.#messageReports.set(exchange, report);
    }
    const { series } = report;
    series.usedAt = exchange.context.now();
    series.counters[0]?.add(counts.requests - report.requests);
    series.counters[1]?.add(counts.responses - report.responses);
    report.requests = counts.requests;
    report.responses = counts.responses;
  }

  /** Reports a TCP connection: every few seconds and at its end. */
  recordTcp(proxy: TcpRecord, isFinal: boolean, now: number): void {
    const plan = networkStatsPlan(proxy.place.chain);
    if (plan === null) return;
    let report = this.#tcpReports.get(proxy);
    if (report === undefined) {
      report = { series: this.#tcpSeries(proxy, plan), sent: 0, received: 0 };
      this.#tcpReports.set(proxy, report);
      report.series.counters[0]?.increment();
    }
    const { series } = report;
    series.usedAt = now;
    series.counters[2]?.add(proxy.bytesSent - report.sent);
    series.counters[3]?.add(proxy.bytesReceived - report.received);
    report.sent = proxy.bytesSent;
    report.received = proxy.bytesReceived;
    if (!isFinal) return;
    series.counters[1]?.increment();
    series.recordCustom();
    this.#series.rotate(plan.rotationIntervalMs, now);
  }

  #requestSeries(exchange: ExchangeView, plan: IstioStatsPlan): IstioSeries {
    const { connection, isGrpc } = exchange;
    const values = plan.overrides === null ? noValues : overrideValues(plan.overrides, celActivation(exchange));
    const status = isGrpc && exchange.grpcStatus !== null ? String(exchange.grpcStatus) : '';
    const key = `${this.#callKey(exchange, plan)}|${exchange.responseStatus}|${exchange.flags}|${isGrpc}${status}|${values.join('|')}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const isServer = isServerSide(plan, exchange.origin.direction);
    const labels: Labels = [
      ...this.#httpLabels(exchange, plan),
      ['request_protocol', isGrpc ? 'grpc' : 'http'],
      ['response_code', String(exchange.responseStatus)],
      ['grpc_response_status', status],
      ['response_flags', exchange.flags || '-'],
      ['connection_security_policy', security(isServer, isMutual(connection))],
    ];
    return this.#add(key, requestMetrics, labels, plan, values, exchange.endedAt);
  }

  #messageSeries(exchange: ExchangeView, plan: IstioStatsPlan): IstioSeries {
    const values = plan.overrides === null ? noValues : overrideValues(plan.overrides, celActivation(exchange));
    const key = `m${this.#callKey(exchange, plan)}|${values.join('|')}`;
    return this.#series.get(key) ?? this.#add(key, messageMetrics, this.#httpLabels(exchange, plan), plan, values, exchange.context.now());
  }

  /** What the common labels of a request depend on. */
  #callKey(exchange: ExchangeView, plan: IstioStatsPlan): string {
    const { cluster, origin } = exchange;
    const isServer = isServerSide(plan, origin.direction);
    const peer = peerOf(exchange, isServer);
    const place = cluster === null ? fallbackHost(exchange, plan) : cluster.plan.name;
    const principals = isServer
      ? (exchange.connection.peerCertificate?.uriSans[0] ?? '')
      : exchange.host?.cluster === cluster
        ? exchange.upstreamPrincipal
        : '';
    return `${isServer ? 's' : 'c'}${this.#planId(plan)}|${place}|${peer?.id ?? ''}|${peer?.name ?? ''}|${principals}`;
  }

  #planId(plan: IstioStatsPlan): number {
    if (plan.overrides === null) return 0;
    const known = this.#planIds.get(plan.overrides.signature);
    if (known !== undefined) return known;
    const id = this.#planIds.size + 1;
    this.#planIds.set(plan.overrides.signature, id);
    return id;
  }

  #httpLabels(exchange: ExchangeView, plan: IstioStatsPlan): Labels {
    const { connection } = exchange;
    const isServer = isServerSide(plan, exchange.origin.direction);
    return commonLabels({
      isServer,
      own: this.#peers.own,
      peer: peerOf(exchange, isServer),
      cluster: exchange.cluster?.plan ?? null,
      routeName: routeName(exchange) ?? '',
      fallbackHost: fallbackHost(exchange, plan),
      localPrincipal: isServer ? (connection.localCertificate?.uriSans[0] ?? '') : exchange.localPrincipal,
      peerPrincipal: isServer ? (connection.peerCertificate?.uriSans[0] ?? '') : exchange.upstreamPrincipal,
    });
  }

  #tcpSeries(proxy: TcpRecord, plan: IstioStatsPlan): IstioSeries {
    const { facts, listener } = proxy.place;
    const isServer = isServerSide(plan, listener.direction);
    const principal = facts.peerCertificate?.uriSans[0] ?? '';
    const peer =
      ((isServer ? proxy.downstreamPeer : proxy.upstreamPeer) as Workload | null) ??
      (isServer ? null : workloadOfHost(proxy.upstream.host));
    const values = plan.overrides === null ? noValues : overrideValues(plan.overrides, celActivation(new TcpLogEntry(proxy)));
    const side = isServer ? 's' : 'c';
    const key = `t${side}${this.#planId(plan)}|${proxy.upstream.cluster?.plan.name ?? ''}|${principal}|${proxy.upstream.peerUri}|${peer?.id ?? ''}|${peer?.name ?? ''}|${proxy.flags}|${values.join('|')}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const labels: Labels = [
      ...commonLabels({
        isServer,
        own: this.#peers.own,
        peer,
        cluster: proxy.upstream.cluster?.plan ?? null,
        routeName: '',
        fallbackHost: '',
        localPrincipal: isServer ? (facts.localCertificate?.uriSans[0] ?? '') : proxy.upstream.localUri,
        peerPrincipal: isServer ? principal : proxy.upstream.peerUri,
      }),
      ['request_protocol', 'tcp'],
      ['response_flags', proxy.flags || '-'],
      ['connection_security_policy', security(isServer, isMutual(facts))],
    ];
    return this.#add(key, tcpMetrics, labels, plan, values, proxy.startedMonotonic);
  }

  #add(
    key: string,
    metrics: readonly CallMetric[],
    labels: Labels,
    plan: IstioStatsPlan,
    values: readonly string[],
    now: number,
  ): IstioSeries {
    const hasCustom = metrics !== messageMetrics;
    const series = new IstioSeries(this.#registry, metrics, labels, { overrides: plan.overrides, values, hasCustom }, now);
    this.#series.add(key, series);
    return series;
  }
}

function isServerSide(plan: IstioStatsPlan, direction: string): boolean {
  return direction === 'INBOUND' || plan.reporter === 'destination';
}

function peerOf(exchange: ExchangeView, isServer: boolean): Workload | null {
  if (isServer) return exchange.downstreamPeer as Workload | null;
  return (exchange.upstreamPeer as Workload | null) ?? workloadOfHost(exchange.host);
}

/** Longest name of a host: a longer Host header is nobody's name. */
const maxHostLength = 253;

function fallbackHost(exchange: ExchangeView, plan: IstioStatsPlan): string {
  return plan.usesHostHeader ? exchange.originalAuthority.slice(0, maxHostLength) : '';
}

function isMutual(connection: ExchangeView['connection']): boolean {
  return connection.peerCertificate?.uriSans[0] !== undefined && connection.localCertificate?.uriSans[0] !== undefined;
}

function security(isServer: boolean, mutual: boolean): string {
  if (!isServer) return 'unknown';
  return mutual ? 'mutual_tls' : 'none';
}
