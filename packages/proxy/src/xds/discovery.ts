import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import type { ProxyLog } from '../log.ts';
import type { Bootstrap } from './bootstrap.ts';
import { type ConfigSource, type GrpcSource, grpcSource, readConfigSource } from './config-source.ts';
import { DiscoveryStream, type StreamStatus, type Wanted } from './discovery-stream.ts';
import { type GrpcTarget, grpcTarget } from './grpc-targets.ts';
import { PathDiscovery } from './path-discovery.ts';
import type { PlanStore } from './plan-store.ts';
import { type ResourceKind, serviceByKind } from './resource-kinds.ts';
import type { ResourceSource } from './resource-source.ts';
import { collectWishes, type RootSources } from './subscriptions.ts';
import { readinessProbeOf, WorkloadHealth } from './workload-health.ts';

/** What discovery uses of the proxy around it. */
export interface DiscoveryOptions {
  readonly bootstrap: Bootstrap;
  readonly node: NodeJson;
  readonly store: PlanStore;
  readonly tlsContexts: TlsContexts;
  /** Secrets that the proxy provides itself. */
  readonly isOwnSecret: (name: string) => boolean;
  /** Headers of the aggregated stream. */
  readonly adsMetadata: () => Promise<Readonly<Record<string, string>>>;
  /** Credentials of the aggregated stream instead of those of its cluster. */
  readonly adsCredentials: GrpcTarget['credentials'] | null;
  readonly log: ProxyLog;
}

interface RunningSource {
  want(wanted: Wanted): void;
  stop(): void;
  /** Whether the source has told of a kind. */
  hasTold(kind: ResourceKind): boolean;
}

/**
 * Asks every source that the bootstrap and the resources name for what is wanted of it: the aggregated stream, gRPC services of their own
 * (secrets from `sds-grpc`), and files. Sources are opened when something is first wanted of them and closed with the last.
 */
export class Discovery implements ResourceSource {
  #options: DiscoveryOptions;
  #roots: RootSources;
  #ads: DiscoveryStream | null = null;
  #sources: Map<string, RunningSource> = new Map();
  #wanted: Map<ResourceKind, Set<string>> = new Map();
  #startedAt = performance.now();
  #isStopped = false;
  #giveUp: NodeJS.Timeout | null = null;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#roots = rootSources(options.bootstrap);
    const longestMs = Math.max(this.#roots.clusters?.fetchTimeoutMs ?? 0, this.#roots.listeners?.fetchTimeoutMs ?? 0);
    if (longestMs > 0) this.#giveUp = setTimeout(() => options.store.refresh(), longestMs + 1).unref();
  }

  /** Problems of the bootstrap's sources; empty when all can be reached in principle. */
  static problems(bootstrap: Bootstrap, tlsContexts: TlsContexts): readonly string[] {
    const { clusters, listeners } = rootSources(bootstrap);
    const ads = adsOf(bootstrap);
    const problems: string[] = [];
    const api = bootstrap.dynamicResources?.adsConfig;
    if (api !== undefined && ads === null)
      problems.push(`ads_config: api_type ${api.apiType ?? 'REST'} is not supported: want GRPC or DELTA_GRPC`);
    for (const source of [ads, ...[clusters, listeners].map((each) => each?.from)]) {
      if (source?.kind === 'unsupported') problems.push(source.why);
      if (source?.kind === 'ads' && api === undefined)
        problems.push('lds_config or cds_config asks for ads, which the bootstrap does not configure');
      if (source?.kind !== 'grpc') continue;
      try {
        grpcTarget(source.service, bootstrap, tlsContexts);
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return problems;
  }

  /** True once clusters and listeners have been told, or were waited for long enough. */
  get hasInitial(): boolean {
    const { clusters, listeners } = this.#roots;
    return this.#hasTold('clusters', clusters) && this.#hasTold('listeners', listeners);
  }

  /** State of the aggregated stream; null without one. */
  get status(): StreamStatus | null {
    return this.#ads?.status ?? null;
  }

  /** Reads what is wanted now and tells the sources. To be called when resources or the plan changed. */
  refresh(): void {
    if (this.#isStopped) return;
    const { store, isOwnSecret } = this.#options;
    const wishes = collectWishes(this.#roots, store, isOwnSecret);
    const wanted = new Map<ResourceKind, Set<string>>();
    for (const { wanted: byKind } of wishes.values()) {
      for (const [kind, names] of byKind) wanted.set(kind, new Set([...(wanted.get(kind) ?? []), ...(names ?? [])]));
    }
    this.#forgetUnwanted(wanted);
    this.#wanted = wanted;
    const keys = new Set<string>();
    for (const { source, wanted: byKind } of wishes.values()) for (const key of this.#ask(source, byKind)) keys.add(key);
    for (const [key, source] of this.#sources) {
      if (keys.has(key)) continue;
      source.stop();
      this.#sources.delete(key);
    }
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#giveUp !== null) clearTimeout(this.#giveUp);
    for (const source of this.#sources.values()) source.stop();
    this.#sources.clear();
  }

  #hasTold(kind: ResourceKind, source: ConfigSource | null): boolean {
    if (source === null || source.from.kind === 'unsupported') return true;
    if (source.fetchTimeoutMs > 0 && performance.now() - this.#startedAt > source.fetchTimeoutMs) return true;
    for (const running of this.#sources.values()) if (running.hasTold(kind)) return true;
    return false;
  }

  #forgetUnwanted(wanted: ReadonlyMap<ResourceKind, ReadonlySet<string>>): void {
    for (const [kind, before] of this.#wanted) {
      const gone = [...before].filter((name) => wanted.get(kind)?.has(name) !== true);
      if (gone.length > 0) this.#options.store.resources.forget(kind, gone);
    }
  }

  /** Asks one source; answers the keys of what now runs for it. */
  #ask(source: ConfigSource, wanted: Wanted): string[] {
    const { from, key } = source;
    if (from.kind === 'unsupported') return [];
    if (from.kind === 'ads') {
      this.#open(key, () => this.#openAds())?.want(wanted);
      return [key];
    }
    if (from.kind === 'path') {
      this.#open(key, () => this.#openPath(from))?.want(wanted);
      return [key];
    }
    return [...wanted].flatMap(([kind, names]) => this.#askService(from, key, kind, names));
  }

  /** As Envoy's, a stream of a single service carries one name: servers of secrets may know no more than that. */
  #askService(from: GrpcSource, key: string, kind: ResourceKind, names: ReadonlySet<string> | null): string[] {
    const each = kind === 'secrets' && names !== null ? [...names].map((name) => new Set([name])) : [names];
    return each.map((some) => {
      const own = `${key} ${kind} ${kind === 'secrets' ? [...(some ?? [])].join() : ''}`;
      this.#open(own, () => this.#openService(from, kind))?.want(new Map([[kind, some]]));
      return own;
    });
  }

  #open(key: string, open: () => RunningSource | null): RunningSource | undefined {
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const opened = open();
    if (opened !== null) this.#sources.set(key, opened);
    return opened ?? undefined;
  }

  #openAds(): RunningSource | null {
    const { adsMetadata, adsCredentials, bootstrap } = this.#options;
    const source = adsOf(bootstrap);
    if (source === null) return null;
    const method = `/envoy.service.discovery.v3.AggregatedDiscoveryService/${source.isDelta ? 'Delta' : 'Stream'}AggregatedResources`;
    this.#ads = this.#newStream(source, method, { metadata: adsMetadata, credentials: adsCredentials });
    const ads = this.#ads;
    if (ads === null) return null;
    const probe = readinessProbeOf(this.#options.node);
    const health = probe === null ? null : new WorkloadHealth(probe, (problem) => ads.tellHealth(problem));
    return {
      ...runningStream(ads),
      stop: () => {
        health?.stop();
        ads.stop();
      },
    };
  }

  #openService(source: GrpcSource, kind: ResourceKind): RunningSource | null {
    const { service, method } = serviceByKind[kind];
    const path = `/${service}/${source.isDelta ? 'Delta' : 'Stream'}${method}`;
    const stream = this.#newStream(source, path, { metadata: async () => ({}), credentials: null });
    return stream === null ? null : runningStream(stream);
  }

  #openPath(source: Extract<ConfigSource['from'], { kind: 'path' }>): RunningSource {
    const { store, log } = this.#options;
    const path = new PathDiscovery(source, { store: store.resources, log, onApplied: () => this.refresh() });
    return { want: (wanted) => path.want(wanted), stop: () => path.stop(), hasTold: () => path.hasRead };
  }

  #newStream(
    source: GrpcSource,
    method: string,
    { metadata, credentials }: { metadata: DiscoveryOptions['adsMetadata']; credentials: DiscoveryOptions['adsCredentials'] },
  ): DiscoveryStream | null {
    const { bootstrap, tlsContexts, node, store, log } = this.#options;
    try {
      const target = grpcTarget(source.service, bootstrap, tlsContexts);
      return new DiscoveryStream({
        method,
        metadata,
        node,
        log,
        isDelta: source.isDelta,
        nodeOnFirstMessageOnly: source.nodeOnFirstMessageOnly,
        target: credentials === null ? target : { ...target, credentials },
        store: store.resources,
        onApplied: () => this.refresh(),
      });
    } catch (error) {
      log('warn', `${method}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}

function runningStream(stream: DiscoveryStream): RunningSource {
  return { want: (wanted) => stream.want(wanted), stop: () => stream.stop(), hasTold: (kind) => stream.hasReceived(kind) };
}

function rootSources({ dynamicResources }: Bootstrap): RootSources {
  return {
    clusters: dynamicResources?.cdsConfig ? readConfigSource(dynamicResources.cdsConfig) : null,
    listeners: dynamicResources?.ldsConfig ? readConfigSource(dynamicResources.ldsConfig) : null,
  };
}

function adsOf({ dynamicResources }: Bootstrap): GrpcSource | null {
  return dynamicResources?.adsConfig ? grpcSource(dynamicResources.adsConfig) : null;
}
