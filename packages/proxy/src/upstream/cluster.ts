import { Balancer } from '@weft/core/engine/balancer';
import type { ClusterPlan, EndpointPlan, LoadAssignmentPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { ResetReason } from '../http/stream.ts';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import { type ClusterStats, clusterStats } from '../telemetry/cluster-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import { Breaker } from './breakers.ts';
import { Host } from './host.ts';
import type { HostCluster } from './upstream-host.ts';

/** What a cluster needs of the proxy around it. */
export interface ClusterEnvironment {
  readonly registry: Registry;
  readonly tlsContexts: TlsContexts;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told how each try at a host ended: a response with its status, or a reset. */
  readonly clusterNamed: (name: string) => Cluster | undefined;
  readonly onResult: ((host: Host, kind: 'response' | 'reset', reason: ResetReason | null, status: number) => void) | null;
}

/** A wish for a host. */
export interface HostChoice {
  /** 64-bit hash of the route's hash policies; null without. */
  readonly hash: bigint | null;
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  /** Hosts that earlier attempts used and this one should avoid. */
  readonly avoid: readonly Host[];
  readonly maxSelections: number;
  /** The request, for clusters that take the host from it; null on TCP. */
  readonly request: RequestFacts | null;
  /** The downstream connection, for clusters that take the host from it. */
  readonly connection: ConnectionFacts;
}

/** A cluster at run time: its hosts with their connections, limits and counters. Lives across plans that keep its settings. */
export class Cluster implements HostCluster {
  plan: ClusterPlan;
  readonly environment: ClusterEnvironment;
  readonly tlsContexts: TlsContexts;
  readonly breakers: { readonly default: Breaker; readonly high: Breaker };
  readonly stats: ClusterStats;
  hosts: readonly Host[] = [];
  assignment: LoadAssignmentPlan | null = null;
  /** False until its endpoints are known for the first time. */
  isInitialized = false;
  isDraining = false;
  #byKey: Map<string, Host> = new Map();
  #balancers: Map<string, Balancer<Host>> = new Map();
  #waiting: (() => void)[] = [];

  constructor(plan: ClusterPlan, environment: ClusterEnvironment) {
    this.plan = plan;
    this.environment = environment;
    this.tlsContexts = environment.tlsContexts;
    this.breakers = { default: new Breaker(plan.circuitBreakers.default), high: new Breaker(plan.circuitBreakers.high) };
    this.stats = clusterStats(environment.registry, this);
  }

  now(): number {
    return this.environment.now();
  }

  breaker(priority: 'default' | 'high'): Breaker {
    return priority === 'high' ? this.breakers.high : this.breakers.default;
  }

  /** Takes new settings over where connections need not change. */
  updatePlan(plan: ClusterPlan): void {
    this.plan = plan;
    this.#balancers.clear();
    this.breakers.default.limits = plan.circuitBreakers.default;
    this.breakers.high.limits = plan.circuitBreakers.high;
    for (const host of this.hosts) host.transport = transportFor(plan, host.endpoint);
  }

  /** Replaces the endpoints; hosts that stay keep their connections, hosts that go finish what they have. */
  updateEndpoints(assignment: LoadAssignmentPlan): void {
    if (assignment === this.assignment) return;
    this.assignment = assignment;
    const kept = new Map<string, Host>();
    for (const locality of assignment.localities) {
      for (const endpoint of locality.endpoints) {
        if (!kept.has(endpoint.key)) kept.set(endpoint.key, this.#hostFor(endpoint));
      }
    }
    for (const [key, host] of this.#byKey) {
      if (kept.get(key) === host) continue;
      host.isRemoved = true;
      host.pool.drain();
    }
    this.#byKey = kept;
    this.hosts = [...kept.values()];
    this.#balancers.clear();
    this.markInitialized();
  }

  /** Runs once the endpoints are known. */
  whenInitialized(run: () => void): void {
    if (this.isInitialized) run();
    else this.#waiting.push(run);
  }

  /** Ends the wait for endpoints: they came, or never will. */
  markInitialized(): void {
    this.isInitialized = true;
    for (const run of this.#waiting.splice(0)) run();
  }

  /** The host for one try; null when none can be had. */
  choose(choice: HostChoice): Host | null {
    if (this.plan.discovery === 'ORIGINAL_DST') return this.#originalHost(choice);
    if (this.plan.discovery === 'AGGREGATE') return this.#memberHost(choice);
    const balancer = this.#balancerFor(choice.metadataMatch);
    if (balancer === null) return null;
    const { random } = this.environment;
    let chosen: Host | null = null;
    for (let attempt = 0; attempt < Math.max(1, choice.maxSelections); attempt++) {
      chosen = balancer.choose({ hash: choice.hash, attempt, random, nowMs: this.now() });
      if (chosen === null || !choice.avoid.includes(chosen)) return chosen;
    }
    // Every draw fell on a host that was tried before: better that one than none.
    return chosen;
  }

  reportResult(host: Host, kind: 'response' | 'reset', reason: ResetReason | null, status: number): void {
    this.environment.onResult?.(host, kind, reason, status);
  }

  /** Takes note that a host's health changed. */
  refreshHealth(): void {
    this.#balancers.clear();
  }

  /** Lets everything under way finish and opens nothing new. */
  drain(): void {
    this.isDraining = true;
    for (const host of this.hosts) host.pool.drain();
  }

  /** New connections from now on, for instance with a rotated certificate; requests under way keep theirs. */
  renewConnections(): void {
    for (const host of this.hosts) host.pool.renew();
  }

  closeIdle(): void {
    const timeout = this.plan.protocol.common.idleTimeoutMs;
    if (timeout <= 0) return;
    const before = this.now() - timeout;
    for (const host of this.hosts) host.pool.closeIdleSince(before);
  }

  #hostFor(endpoint: EndpointPlan): Host {
    const transport = transportFor(this.plan, endpoint);
    const known = this.#byKey.get(endpoint.key);
    if (known === undefined || known.transport !== transport) return new Host(this, endpoint, transport, this.now());
    known.endpoint = endpoint;
    return known;
  }

  /** The balancer over all hosts, or over the subset that a route's metadata names; null where such a subset has no host. */
  #balancerFor(metadataMatch: HostChoice['metadataMatch']): Balancer<Host> | null {
    const { subsets } = this.plan.loadBalancer;
    const wanted = subsets === null || metadataMatch === null ? null : metadataMatch;
    const key = wanted === null ? '' : JSON.stringify(wanted);
    const known = this.#balancers.get(key);
    if (known !== undefined) return known;
    const members = wanted === null ? this.hosts : this.hosts.filter((host) => hasMetadata(host, wanted));
    const usesAll = members.length === 0 && subsets?.fallback === 'ANY_ENDPOINT';
    if (wanted !== null && members.length === 0 && !usesAll) return null;
    const balancer = new Balancer<Host>(this.plan.loadBalancer);
    balancer.update(usesAll ? this.hosts : members, this.assignment ?? noLocalities);
    this.#balancers.set(key, balancer);
    return balancer;
  }

  #memberHost(choice: HostChoice): Host | null {
    for (const name of this.plan.aggregate) {
      const host = this.environment.clusterNamed(name)?.choose(choice) ?? null;
      if (host !== null) return host;
    }
    return null;
  }

  /** Without transparent capture the original destination is only known from a header. */
  #originalHost(choice: HostChoice): Host | null {
    const { headerName } = this.plan.originalDst;
    const told = headerName === null ? undefined : choice.request?.header(headerName);
    const match = told === undefined ? null : /^\[?([0-9a-fA-F:.]+)\]?:(\d+)$/.exec(told);
    if (match === null) return null;
    const [key, host = '', port] = [match[0], match[1], Number(match[2])];
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const made = this.#hostFor({ ...originalEndpoint, key, address: { kind: 'tcp', host, port } });
    this.#byKey.set(key, made);
    this.hosts = [...this.#byKey.values()];
    return made;
  }
}

const noLocalities = { localities: [], overprovisioningFactor: 140 };

const originalEndpoint: EndpointPlan = {
  key: '',
  address: { kind: 'tcp', host: '', port: 0 },
  hostname: '',
  health: 'UNKNOWN',
  weight: 1,
  priority: 0,
  locality: { region: '', zone: '', subZone: '' },
  metadata: {},
  healthCheck: { port: 0, hostname: '', disabled: true },
};

function hasMetadata(host: Host, wanted: Readonly<Record<string, unknown>>): boolean {
  const own = host.endpoint.metadata['envoy.lb'] ?? {};
  return Object.entries(wanted).every(([key, value]) => own[key] === value);
}

/** The transport socket of an endpoint: the first match on its metadata, else the cluster's own. */
function transportFor(plan: ClusterPlan, endpoint: EndpointPlan): UpstreamTransportPlan {
  const labels = endpoint.metadata['envoy.transport_socket_match'] ?? {};
  for (const { match, transport } of plan.transportMatches) {
    if (Object.entries(match).every(([key, value]) => labels[key] === value)) return transport;
  }
  return plan.transport;
}
