import type { LocalityPlan } from '@weft/core/plan/cluster-plan';
import type { Plan } from '@weft/core/plan/plan';
import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { AdminAnswer, AdminRequest } from './admin/admin-answer.ts';
import { answerAdmin } from './admin/admin-routes.ts';
import { AdminServer } from './admin/admin-server.ts';
import { certificateUses } from './admin/certificates.ts';
import type { ProxyInside } from './admin/proxy-inside.ts';
import { collectorSender } from './http/collector-sender.ts';
import type { HttpContext } from './http/exchange-view.ts';
import { LocalRateLimits } from './http/local-rate-limits.ts';
import { ServicePendingFilters } from './http/service-pending-filters.ts';
import { checkSecret } from './identity/check-secret.ts';
import { SecretStore } from './identity/secret-store.ts';
import { TlsContexts } from './identity/tls-contexts.ts';
import { WorkloadIdentity } from './identity/workload-identity.ts';
import { fastUuid } from './io/fast-random.ts';
import { Buckets } from './io/shared-buckets.ts';
import { TimerWheel } from './io/timer-wheel.ts';
import { ConnectionLimits } from './listener/connection-limits.ts';
import { ListenerManager } from './listener/listener-manager.ts';
import { type LogThreshold, type ProxyLog, passesThreshold } from './log.ts';
import type { ProxyOptions, RunningProxy } from './proxy-options.ts';
import { NetworkAuthorization } from './tcp/network-authorization.ts';
import { AccessLogs } from './telemetry/access-log.ts';
import { certificateSamples, endOf } from './telemetry/certificate-stats.ts';
import { FileStats } from './telemetry/file-stats.ts';
import { GrpcAccessLogs } from './telemetry/grpc-access-log.ts';
import { HttpStats } from './telemetry/http-stats.ts';
import { IstioStats } from './telemetry/istio-stats.ts';
import { MessageReports } from './telemetry/message-reports.ts';
import { OpenTelemetryLogs } from './telemetry/open-telemetry-logs.ts';
import { PeerMetadata } from './telemetry/peer-metadata.ts';
import { Registry } from './telemetry/registry.ts';
import { registerServerStats } from './telemetry/server-stats.ts';
import { mergeSamples, type StatSample } from './telemetry/stat-sample.ts';
import { buildStatsConfig, type StatsConfig } from './telemetry/stats-config.ts';
import { TcpLogEntry } from './telemetry/tcp-log-entry.ts';
import { TcpStats } from './telemetry/tcp-stats.ts';
import { VirtualHostStats } from './telemetry/virtual-host-stats.ts';
import { proxyTracing } from './tracing/proxy-tracing.ts';
import type { Tracing } from './tracing/tracing.ts';
import { ClusterManager } from './upstream/cluster-manager.ts';
import { type Bootstrap, parseBootstrap, staticSnapshot } from './xds/bootstrap.ts';
import { Discovery } from './xds/discovery.ts';
import { PlanStore } from './xds/plan-store.ts';
import type { ResourceSource } from './xds/resource-source.ts';
import { ResourceStore } from './xds/resource-store.ts';
import { proxyVersion, weftNode } from './xds/weft-node.ts';

/** Starts one proxy; rejects when its bootstrap cannot be used. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const parsed = parseBootstrap(options.bootstrap);
  if (!parsed.ok) throw new Error(`bootstrap: ${parsed.error}`);
  const proxy = new RunningInstance(parsed.value, options);
  await proxy.start();
  return proxy;
}

/** Starts many proxies in this process, each with its own node, admin port and metrics. One that cannot start does not stop the others. */
export function startProxies(all: readonly ProxyOptions[]): Promise<PromiseSettledResult<RunningProxy>[]> {
  return Promise.allSettled(all.map((options) => startProxy(options)));
}

/** Timers are shared by all proxies of a thread. */
const timers = new TimerWheel(() => performance.now());

class RunningInstance implements RunningProxy, ProxyInside {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly stopped: Promise<void>;
  readonly node: NodeJson;
  readonly bootstrap: Bootstrap;
  readonly registry: Registry;
  readonly secrets: SecretStore;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly store: PlanStore;
  readonly startedAt: number = Date.now();
  readonly concurrency: number;
  ads: ResourceSource | null = null;
  identity: WorkloadIdentity | null = null;
  isDraining = false;
  logThreshold: LogThreshold;
  #log: ProxyLog = (level, message) => {
    if (passesThreshold(level, this.logThreshold)) this.#options.log?.(level, `${this.name}: ${message}`);
  };
  readonly tlsContexts: TlsContexts;
  #options: ProxyOptions;
  #stats: StatsConfig;
  #admin: AdminServer;
  #accessLogs: AccessLogs;
  #httpStats: HttpStats;
  #tcpStats: TcpStats;
  #tracing: Tracing;
  #otherStats: readonly (readonly StatSample[])[] = [];
  #markReady: () => void = () => {};
  #markStopped: () => void = () => {};
  #isStopping = false;
  #wasReady = false;

  constructor(bootstrap: Bootstrap, options: ProxyOptions) {
    this.#options = options;
    this.concurrency = options.concurrency ?? 1;
    this.bootstrap = bootstrap;
    this.#stats = buildStatsConfig(bootstrap);
    this.registry = new Registry(this.#stats.bucketsOf);
    this.node = weftNode(bootstrap.node ?? {});
    this.name = options.name ?? this.node.id ?? 'proxy';
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    this.stopped = new Promise((resolve) => {
      this.#markStopped = resolve;
    });
    this.logThreshold = options.logThreshold ?? 'trace';
    const log = this.#log;
    this.secrets = new SecretStore((message) => log('warn', message));
    const tlsContexts = new TlsContexts(this.secrets, options.sessionSecret);
    this.tlsContexts = tlsContexts;
    const shared = options.shared ?? null;
    const buckets = new Buckets(shared, () => performance.now());
    this.clusters = new ClusterManager({
      registry: this.registry,
      tlsContexts,
      now: () => performance.now(),
      random: Math.random,
      timers,
      shared,
      toldHealth: options.toldHealth ?? null,
      locality: localityOf(this.node),
      localClusterName: bootstrap.clusterManager?.localClusterName ?? '',
    });
    const peers = new PeerMetadata(this.node);
    const istio = new IstioStats(this.registry, peers, proxyVersion);
    const messages = new MessageReports(istio, timers);
    const httpStats = new HttpStats(this.registry);
    this.#httpStats = httpStats;
    this.#tcpStats = new TcpStats(this.registry);
    const loggingNode = { id: this.node.id ?? '', cluster: this.node.cluster ?? '', zone: this.node.locality?.zone ?? '' };
    this.#accessLogs = new AccessLogs(
      new FileStats(this.registry),
      new GrpcAccessLogs(this.node, this.clusters),
      new OpenTelemetryLogs(loggingNode, collectorSender(this.clusters)),
      Math.random,
    );
    this.#tracing = proxyTracing(bootstrap, this.node, this.clusters);
    const limits = new LocalRateLimits(this.registry, buckets, () => this.store.plan);
    const http: HttpContext = {
      node: { id: this.node.id ?? '', cluster: this.node.cluster ?? '' },
      plan: () => this.store.plan,
      clusters: this.clusters,
      timers,
      pendingFilters: new ServicePendingFilters({
        clusters: this.clusters,
        registry: this.registry,
        ownCluster: this.node.cluster ?? '',
        limits,
      }),
      now: () => performance.now(),
      wallClock: () => Date.now(),
      random: Math.random,
      uuid: fastUuid,
      peers,
      statsOf: (manager) => httpStats.of(manager),
      virtualHostStats: new VirtualHostStats(this.registry),
      get http2Counts() {
        return httpStats.http2;
      },
      tracing: this.#tracing,
      onExchangeStart: (exchange) => {
        if (exchange.isGrpc) messages.watch(exchange);
      },
      onExchangeDone: (exchange) => {
        httpStats.record(exchange);
        istio.recordRequest(exchange);
        if (exchange.messages !== null) messages.end(exchange);
        const logs = exchange.origin.manager.accessLogs;
        if (logs.length > 0) this.#accessLogs.write(logs, exchange);
      },
    };
    this.listeners = new ListenerManager({
      http,
      tcp: {
        clusters: this.clusters,
        timers,
        now: () => performance.now(),
        wallClock: () => Date.now(),
        random: Math.random,
        peers,
        statsOf: (tcp) => this.#tcpStats.of(tcp),
        onProgress: (proxy, isFinal) => istio.recordTcp(proxy, isFinal, performance.now()),
        onDone: (proxy) => this.#accessLogs.write(proxy.place.tcp.accessLogs, new TcpLogEntry(proxy)),
      },
      authorization: new NetworkAuthorization(this.clusters, this.registry, this.node.metadata ?? {}),
      tlsContexts,
      registry: this.registry,
      worker: shared?.thread ?? 0,
      log,
      limits: new ConnectionLimits(bootstrap, shared),
      chainLimits: { registry: this.registry, shared, buckets, bucketByKey: new Map(), usersByPrefix: new Map() },
      reusePort: options.reusePort ?? false,
      listenerDrainMs: options.listenerDrainMs ?? defaultListenerDrainMs,
      drainStrategy: options.drainStrategy ?? 'immediate',
    });
    this.store = new PlanStore(new ResourceStore(staticSnapshot(bootstrap), checkSecret), {
      now: () => performance.now(),
      providesSecret: (name) => this.secrets.provides(name),
      onPlan: (plan) => {
        this.#use(plan);
        this.ads?.refresh();
      },
    });
    this.secrets.onChange(() => {
      this.store.refresh();
      this.clusters.renewConnections();
    });
    registerServerStats(this.registry, this);
    this.#admin = new AdminServer(bootstrap, (request) => answerAdmin(this, request));
  }

  get adminPort(): number | null {
    return this.#admin.port;
  }

  stats(): readonly StatSample[] {
    const { isShown, retagged } = this.#stats;
    const certificates = certificateSamples(certificateUses(this)).filter(({ name }) => isShown(name));
    return mergeSamples([retagged([...this.registry.samples(isShown), ...certificates]), ...this.#otherStats]);
  }

  get daysUntilFirstCertificateEnds(): number {
    const ends = certificateUses(this).flatMap(({ chains, roots }) => [...chains, roots].flatMap((pem) => endOf(pem) ?? []));
    const first = Math.min(...ends) - Date.now() / 1000;
    return ends.length === 0 ? noCertificateDays : Math.max(0, Math.floor(first / 86_400));
  }

  /** Answers as the admin interface does, with the stats of other threads of the same process added to its own. */
  admin(request: AdminRequest, otherStats: readonly (readonly StatSample[])[]): AdminAnswer {
    this.#otherStats = otherStats;
    const answer = answerAdmin(this, request);
    this.#otherStats = [];
    return answer;
  }

  listenerPorts(): ReadonlyMap<string, number> {
    return this.listeners.ports();
  }

  async start(): Promise<void> {
    await this.#admin.start();
    const { identity } = this.#options;
    const log = this.#log;
    if (identity) {
      this.identity = new WorkloadIdentity(identity, this.secrets, log);
      this.identity.start();
    }
    this.ads = this.#options.source?.(this.store) ?? this.#discover(log);
    this.#use(this.store.plan);
    await this.listeners.settled();
    this.ads.refresh();
  }

  #discover(log: ProxyLog): Discovery {
    const { adsMetadata, adsCredentials } = this.#options;
    const problems = Discovery.problems(this.bootstrap, this.tlsContexts);
    if (problems.length > 0) throw new Error(`bootstrap: ${problems.join('; ')}`);
    return new Discovery({
      bootstrap: this.bootstrap,
      node: this.node,
      store: this.store,
      tlsContexts: this.tlsContexts,
      isOwnSecret: this.#options.identity ? (name) => name === 'default' || name === 'ROOTCA' : () => false,
      adsMetadata: adsMetadata ?? (async () => ({})),
      adsCredentials: adsCredentials === undefined ? null : () => adsCredentials,
      log,
    });
  }

  async rotateCertificate(): Promise<void> {
    await this.identity?.rotate();
  }

  reopenLogs(): void {
    this.#accessLogs.reopen();
  }

  drainListeners({ graceful, inboundOnly }: { graceful: boolean; inboundOnly: boolean }): void {
    if (graceful) this.listeners.drainGracefully(inboundOnly);
    else this.listeners.stopAccepting(inboundOnly);
  }

  failHealthCheck(isFailed: boolean): void {
    this.isDraining = isFailed;
    this.listeners.failHealthCheck(isFailed);
  }

  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      await this.#shutDown();
      this.#markStopped();
    }
    await this.stopped;
  }

  async #shutDown(): Promise<void> {
    this.isDraining = true;
    this.listeners.drainAll();
    this.ads?.stop();
    this.identity?.stop();
    await this.listeners.closed(this.#options.drainTimeMs ?? defaultDrainMs);
    // What they still hold goes through the clusters.
    this.#tracing.close();
    this.#accessLogs.close();
    this.clusters.close();
    this.secrets.close();
    await this.#admin.stop();
  }

  /** True from when the first configuration was in force until the proxy drains: later updates warm beside it. */
  get isReady(): boolean {
    this.#wasReady ||= this.#isConfigured && this.listeners.isSettled;
    return this.#wasReady && !this.isDraining;
  }

  get #isConfigured(): boolean {
    return this.ads?.hasInitial === true && !this.store.isWarming;
  }

  #use(plan: Plan): void {
    this.secrets.usePlan(plan.secretByName);
    this.clusters.usePlan(plan);
    this.listeners.usePlan(plan);
    this.#httpStats.keepOnly(this.listeners.httpManagers);
    this.#tcpStats.keepOnly(this.listeners.tcpProxies);
    void this.listeners.settled().then(() => {
      if (this.#isConfigured) this.#markReady();
    });
  }
}

/** As Envoy tells that there is none. */
const noCertificateDays = 2_147_483_647;
const defaultDrainMs = 5000;
const defaultListenerDrainMs = 600_000;

function localityOf({ locality }: NodeJson): LocalityPlan {
  return { region: locality?.region ?? '', zone: locality?.zone ?? '', subZone: locality?.subZone ?? '' };
}
