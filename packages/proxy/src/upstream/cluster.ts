import type { ClusterPlan, EndpointPlan, LoadAssignmentPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { ResetReason } from '../http/stream.ts';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import { type ClusterStats, clusterStats } from '../telemetry/cluster-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import { Breaker } from './breakers.ts';
import { Host } from './host.ts';

/** What a cluster needs of the proxy around it. */
export interface ClusterEnvironment {
  readonly registry: Registry;
  readonly tlsContexts: TlsContexts;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told how each try at a host ended: a response with its status, or a reset. */
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
export class Cluster {
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
  #priorities: Host[][] = [];
  #next = 0;
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
    this.#priorities = byPriority(this.hosts);
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
    for (const hosts of this.#priorities) {
      const usable = hosts.filter((host) => host.isHealthy);
      // Panic: with too few healthy hosts, all of them share the load.
      const share = (100 * usable.length) / Math.max(1, hosts.length);
      const isPanic = share < this.plan.loadBalancer.panicThresholdPercent;
      const candidates = isPanic ? hosts.filter((host) => host.endpoint.health !== 'DRAINING') : usable;
      if (candidates.length > 0) return this.#chooseAmong(candidates, choice);
    }
    return null;
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

  #chooseAmong(hosts: readonly Host[], choice: HostChoice): Host | null {
    let chosen = this.#pick(hosts);
    for (let i = 1; i < choice.maxSelections && choice.avoid.includes(chosen); i++) chosen = this.#pick(hosts);
    return chosen;
  }

  #pick(hosts: readonly Host[]): Host {
    const balancer = this.plan.loadBalancer;
    if (hosts.length === 1) return hosts[0] as Host;
    if (balancer.policy === 'ROUND_ROBIN') return hosts[this.#next++ % hosts.length] as Host;
    let best = this.#random(hosts);
    if (balancer.policy !== 'LEAST_REQUEST') return best;
    for (let i = 1; i < balancer.choiceCount; i++) {
      const other = this.#random(hosts);
      if (other.activeRequests / other.endpoint.weight < best.activeRequests / best.endpoint.weight) best = other;
    }
    return best;
  }

  #random(hosts: readonly Host[]): Host {
    return hosts[Math.floor(this.environment.random() * hosts.length)] as Host;
  }
}

function byPriority(hosts: readonly Host[]): Host[][] {
  const priorities: Host[][] = [];
  for (const host of hosts) {
    const priority = host.endpoint.priority;
    while (priorities.length <= priority) priorities.push([]);
    priorities[priority]?.push(host);
  }
  return priorities;
}

/** The transport socket of an endpoint: the first match on its metadata, else the cluster's own. */
function transportFor(plan: ClusterPlan, endpoint: EndpointPlan): UpstreamTransportPlan {
  const labels = endpoint.metadata['envoy.transport_socket_match'] ?? {};
  for (const { match, transport } of plan.transportMatches) {
    if (Object.entries(match).every(([key, value]) => labels[key] === value)) return transport;
  }
  return plan.transport;
}
