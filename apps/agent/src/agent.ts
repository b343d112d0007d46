import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createAnalysisCache } from '@weft/core/analyze/analysis-cache';
import { createAgentMetrics } from './api/agent-metrics.ts';
import { createAgentApi } from './api/agent-operations.ts';
import { type RunningHttpServer, startHttpServer } from './api/http-server.ts';
import { Pulse } from './api/pulse.ts';
import type { CertificateStatus } from './api/types.ts';
import { WeftError } from './api/weft-error.ts';
import { authenticate } from './ca/authenticate.ts';
import { openAuthority } from './ca/authority.ts';
import { certificateServiceDefinition, createCertificateService } from './ca/certificate-service.ts';
import { issueServerCertificate } from './ca/server-certificate.ts';
import { openTokenKey } from './ca/tokens.ts';
import type { Log } from './log.ts';
import type { AgentParts } from './operations/agent-parts.ts';
import { metricsUrl } from './operations/read-status.ts';
import type { GatewayPorts } from './push/loopback-listeners.ts';
import { ProxyRegistry } from './push/proxy-registry.ts';
import { PushTimes } from './push/push-times.ts';
import { Pusher } from './push/pusher.ts';
import { WorkloadRegistrar } from './push/workload-registrar.ts';
import { DirectorySource } from './source/directory-source.ts';
import { NameAddresses } from './source/name-addresses.ts';
import { builtInResources } from './store/built-in.ts';
import { ConfigStore } from './store/config-store.ts';
import { RevisionStore } from './store/revision-store.ts';
import { accessLogServiceDefinition, createAccessLogService } from './telemetry/access-log-service.ts';
import { RecordStore } from './telemetry/record-store.ts';
import { Scraper } from './telemetry/scraper.ts';
import { SeriesStore } from './telemetry/series-store.ts';
import { createWorkloadIndex } from './telemetry/workload-index.ts';
import { version } from './version.ts';
import { type AnyCall, adsServiceDefinition, createAdsService } from './xds/ads-service.ts';
import { type GrpcService, startPlaintextServer, startTlsServer } from './xds/server.ts';

export interface AgentOptions {
  readonly directory: string;
  readonly dataDirectory: string;
  readonly bind: string;
  /** 0 picks a free port. */
  readonly xdsPort: number;
  readonly xdsTlsPort: number;
  readonly apiPort: number;
  /** Directory with `ca-cert.pem`, `ca-key.pem`, `root-cert.pem` and `cert-chain.pem`, or null for an authority of our own. */
  readonly authorityDirectory: string | null;
  readonly scrapeIntervalMs: number;
  readonly consoleUrl: string | null;
  readonly gatewayPorts: GatewayPorts;
  readonly demoUrl: string | null;
  /** How long a workload that registered itself may be away; Istio's ten seconds unless said. */
  readonly registrationGraceMs?: number;
  /** Whether proxies are told to send access records to this agent. */
  readonly collectsRecords: boolean;
}

export interface RunningAgent {
  readonly parts: AgentParts;
  readonly xdsPort: number;
  readonly xdsTlsPort: number;
  readonly apiPort: number;
  stop(): Promise<void>;
}

const registrationGraceMs = 10_000;

/** Starts the control plane: everything is loaded, resolved and listening when the promise resolves. @throws WeftError */
export async function startAgent(options: AgentOptions, log: Log, now: () => number = Date.now): Promise<RunningAgent> {
  const startedAt = now();
  const opened: (() => unknown)[] = [];
  try {
    return await start(options, { log, now, startedAt, onStop: (stop) => opened.unshift(stop) }, opened);
  } catch (error) {
    for (const stop of opened) await stop();
    throw error;
  }
}

interface Start {
  readonly log: Log;
  readonly now: () => number;
  readonly startedAt: number;
  readonly onStop: (stop: () => unknown) => void;
}

async function start(options: AgentOptions, { log, now, startedAt, onStop }: Start, opened: (() => unknown)[]): Promise<RunningAgent> {
  const revisions = RevisionStore.open(options.dataDirectory, log, now);
  onStop(() => revisions.close());
  const authority = await openAuthority({ directory: join(options.dataDirectory, 'ca'), pluggedIn: options.authorityDirectory, now });
  const tokenKey = openTokenKey(join(options.dataDirectory, 'token-key'));
  const source = new DirectorySource(options.directory, now);
  onStop(() => source.stop());
  const registrar = new WorkloadRegistrar({ changed: () => config.refresh(), graceMs: options.registrationGraceMs ?? registrationGraceMs });
  onStop(() => registrar.stop());
  const names = new NameAddresses({ changed: () => config.refresh(), log });
  onStop(() => names.stop());
  const config: ConfigStore = new ConfigStore({
    source,
    revisions,
    context: {
      analysis: createAnalysisCache(),
      builtIn: options.collectsRecords ? builtInResources(options.xdsPort) : [],
      registered: (groups) => registrar.entries(groups),
      sendsTrafficRecords: options.collectsRecords,
      addressesByName: () => names.addresses,
    },
    log,
    now,
    fileAuthor: userInfo().username,
  });
  await config.start();

  const pulse = new Pulse();
  const registry = new ProxyRegistry(now);
  const series = new SeriesStore(now);
  const records = new RecordStore();
  const certificates = new Map<string, CertificateStatus>();
  const pushTimes = new PushTimes(registry, now);
  const metrics = createAgentMetrics({
    connectedProxies: () => registry.connections().length,
    series: () => series.size,
    records: () => records.size,
    revision: () => config.revision,
  });
  const pusher = new Pusher({
    registry,
    log,
    now,
    bindsToLoopback: isLoopback(options.bind),
    gatewayPorts: options.gatewayPorts,
    onPush: (durationMs) => {
      metrics.pushSeconds.observe(durationMs / 1000);
      pushTimes.look();
    },
  });
  const scraper = new Scraper({
    store: series,
    targets: () =>
      registry.list().flatMap((record) => {
        const url = record.connection ? metricsUrl(record) : null;
        return url === null ? [] : [{ proxy: record.node.id, url }];
      }),
    intervalMs: options.scrapeIntervalMs,
    log,
    now,
    onRound: () => pulse.beat(),
  });
  const callers = {
    tokenKey,
    trustDomain: () => config.current.settings.meshConfig.trustDomain,
    signingPem: authority.signing.toString('pem'),
    now,
  };
  const identify = (call: AnyCall) => authenticate(call, callers);
  let workloads = { mesh: config.current.mesh(), index: createWorkloadIndex(config.current.mesh()) };
  const services: readonly GrpcService[] = [
    {
      definition: adsServiceDefinition,
      implementation: createAdsService({
        now,
        log,
        authenticate: identify,
        connected: (connection) => {
          registry.connect(connection);
          registrar.connected(connection.node);
          pusher.welcome(connection);
        },
        disconnected: (connection) => {
          registry.disconnect(connection);
          registrar.disconnected(connection.node);
        },
        reportedHealth: (connection, problem) => registrar.reported(connection.node, problem),
        acknowledged: (connection) => registry.acknowledged(connection),
        refused: (connection, kind, nack) => registry.refused(connection, kind, nack),
      }),
    },
    {
      definition: certificateServiceDefinition,
      implementation: createCertificateService({
        authority,
        log,
        authenticate: identify,
        issued: (spiffeId, { notBefore, notAfter, serial }) => {
          metrics.certificates.inc();
          certificates.set(spiffeId, { spiffeId, notBefore, notAfter, serial });
        },
      }),
    },
    {
      definition: accessLogServiceDefinition,
      implementation: createAccessLogService({
        now,
        workloads: () => {
          const mesh = config.current.mesh();
          if (workloads.mesh !== mesh) workloads = { mesh, index: createWorkloadIndex(mesh) };
          return workloads.index;
        },
        add: (entries) => records.add(entries),
      }),
    },
  ];
  const push = (): void => {
    pushTimes.begin(config.revision);
    const mesh = config.current.mesh();
    names.want(mesh.networkGatewayNames);
    pusher.push({ revision: config.revision, mesh });
  };
  push();
  onStop(
    config.subscribe(() => {
      push();
      pulse.beat();
    }),
  );
  onStop(
    registry.subscribe((event) => {
      if (event.change === 'nack') {
        metrics.nacks.inc();
        log('warn', `${event.proxy} refused ${event.message}`);
      }
      if (event.change === 'synced') {
        const pushMs = registry.list().find(({ node }) => node.id === event.proxy)?.lastPushMs;
        if (pushMs != null) metrics.convergenceSeconds.observe(pushMs / 1000);
      }
      pushTimes.look();
      pulse.beat();
    }),
  );
  const plaintext = await listen('--xds-port', options.xdsPort, () => startPlaintextServer(services, options.bind, options.xdsPort));
  onStop(() => plaintext.stop());
  const tls = await listen('--xds-tls-port', options.xdsTlsPort, () =>
    startTlsServer(services, options.bind, options.xdsTlsPort, () => issueServerCertificate(authority)),
  );
  onStop(() => tls.stop());

  const parts: AgentParts = {
    config,
    revisions,
    registry,
    pusher,
    series,
    records,
    scraper,
    authority,
    certificates,
    pushTimes,
    now,
    surroundings: {
      version,
      directory: source.name,
      startedAt,
      consoleUrl: options.consoleUrl,
      gateway: { http: gatewayUrl('http', options.gatewayPorts.http), https: gatewayUrl('https', options.gatewayPorts.https) },
      demoUrl: options.demoUrl,
    },
  };
  const http: RunningHttpServer = await listen('--api-port', options.apiPort, () =>
    startHttpServer({
      api: createAgentApi(parts, pulse),
      metrics: async () => ({ contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }),
      isReady: () => true,
      host: options.bind,
      port: options.apiPort,
      origins: options.consoleUrl === null ? [] : [options.consoleUrl, options.consoleUrl.replace('127.0.0.1', 'localhost')],
      onError: (message) => log('error', message),
    }),
  );
  onStop(() => http.stop());
  scraper.start();
  onStop(() => scraper.stop());
  mkdirSync(options.dataDirectory, { recursive: true });
  return {
    parts,
    xdsPort: plaintext.port,
    xdsTlsPort: tls.port,
    apiPort: http.port,
    stop: async () => {
      for (const stop of opened.splice(0)) await stop();
    },
  };
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === 'localhost';
}

const gatewayUrl = (scheme: string, port: number | null): string | null => (port === null ? null : `${scheme}://127.0.0.1:${port}`);

/** Says which flag a taken port belongs to. */
async function listen<T>(flag: string, port: number, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isTaken = code === 'EADDRINUSE' || /EADDRINUSE|No address added/.test(message);
    throw new WeftError(
      'UNAVAILABLE',
      isTaken ? `port ${port} (${flag}) is taken by another process` : `cannot listen on port ${port} (${flag}): ${message}`,
    );
  }
}
