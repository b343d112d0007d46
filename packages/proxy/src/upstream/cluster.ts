import type { OutlierResult } from '@weft/core/engine/outlier-counts';
import type { PriorityHealth } from '@weft/core/engine/priority-load';
import type { ClusterPlan, EndpointPlan, LoadAssignmentPlan, LocalityPlan } from '@weft/core/plan/cluster-plan';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import type { SharedTable } from '../io/shared-table.ts';
import type { TimerWheel } from '../io/timer-wheel.ts';
import { ClusterStats } from '../telemetry/cluster-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import { chooseOfMembers } from './aggregate.ts';
import type { Breaker } from './breakers.ts';
import { type HealthWatch, OwnHealthWatch, watchKey } from './health-watch.ts';
import { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';
import { type HostSelection, selectionOf } from './host-selection.ts';
import { Initialization } from './initialization.ts';
import { originalEndpoint, UnusedHosts } from './original-destinations.ts';
import { createBreakers } from './shared-breaker.ts';
import { type HealthReport, passReport, type ToldHealth } from './told-health.ts';
import { transportFor } from './transport-for.ts';
import type { HostCluster } from './upstream-host.ts';

/** What a cluster needs of the proxy around it. */
export interface ClusterEnvironment {
  readonly registry: Registry;
  readonly tlsContexts: TlsContexts;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly timers: TimerWheel;
  /** What the threads of the process count together; null with one thread. */
  readonly shared: SharedTable | null;
  /** Where hosts' health is found out by another thread; null where each cluster does that itself. */
  readonly toldHealth: ToldHealth | null;
  readonly clusterNamed: (name: string) => Cluster | undefined;
  /** Where this proxy runs, and the cluster of its fleet (`''` = unknown), for zone-aware routing. */
  readonly locality: LocalityPlan;
  readonly localClusterName: string;
  /** Told when hosts or their health changed. */
  readonly onMembership: (cluster: Cluster) => void;
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
  isDraining = false;
  #byKey: Map<string, Host> = new Map();
  #selection: HostSelection | null = null;
  #health: HealthWatch;
  #unused: UnusedHosts = new UnusedHosts();
  #initialization: Initialization = new Initialization();

  constructor(plan: ClusterPlan, environment: ClusterEnvironment) {
    this.plan = plan;
    this.environment = environment;
    this.tlsContexts = environment.tlsContexts;
    this.breakers = createBreakers(plan, environment.shared);
    this.stats = new ClusterStats(environment.registry, this);
    this.#health = this.#watch();
  }

  get reportsConnections(): boolean {
    return this.plan.outlierDetection?.splitExternalLocalOriginErrors === true;
  }

  get timers(): TimerWheel {
    return this.environment.timers;
  }

  random(): number {
    return this.environment.random();
  }

  now(): number {
    return this.environment.now();
  }

  breaker(priority: 'default' | 'high'): Breaker {
    return priority === 'high' ? this.breakers.high : this.breakers.default;
  }

  /** Takes new settings over where connections need not change. */
  updatePlan(plan: ClusterPlan): void {
    const before = this.plan;
    this.plan = plan;
    this.breakers.default.limits = plan.circuitBreakers.default;
    this.breakers.high.limits = plan.circuitBreakers.high;
    for (const host of this.hosts) host.transport = transportFor(plan, host.endpoint);
    if (watchKey(before) !== watchKey(plan)) {
      this.#health.stop();
      this.#health = this.#watch();
      this.#health.use(this.hosts);
    }
    this.refreshHealth();
  }

  /** Replaces the endpoints; hosts that stay keep their connections, hosts that go finish what they have. */
  updateEndpoints(assignment: LoadAssignmentPlan): void {
    if (assignment === this.assignment) return;
    this.assignment = assignment;
    const kept = new Map<string, Host>();
    for (const { endpoints } of assignment.localities) {
      this.stats.count('default.total_match_count', endpoints.length);
      for (const endpoint of endpoints) if (!kept.has(endpoint.key)) kept.set(endpoint.key, this.#hostFor(endpoint));
    }
    for (const [key, host] of this.#byKey) {
      if (kept.get(key) === host) continue;
      if (!kept.has(key) && this.#mayStay(host)) {
        host.isLeaving = true;
        kept.set(key, host);
      } else removeHost(host);
    }
    this.#useHosts(kept);
    this.#health.whenChecked(() => this.markInitialized());
  }

  /** Of a million requests, how many its endpoints' assignment wants refused. */
  get dropsPerMillion(): number {
    return this.assignment?.drops[0]?.perMillion ?? 0;
  }

  /** False until its endpoints are known for the first time, and checked where they are to be. */
  get isInitialized(): boolean {
    return this.#initialization.isDone;
  }

  /** Runs once the endpoints are known. */
  whenInitialized(run: () => void): void {
    this.#initialization.whenDone(run);
  }

  /** Ends the wait for endpoints: they came, or never will. */
  markInitialized(): void {
    this.#initialization.finish();
  }

  /** The host for one try; null when none can be had. `only` asks for one priority. */
  choose(choice: HostChoice, only: number | null = null): Host | null {
    if (this.plan.discovery === 'ORIGINAL_DST') return this.#originalHost(choice);
    if (this.plan.discovery === 'AGGREGATE') {
      return chooseOfMembers(this.#members(), this.plan.loadBalancer.panicThresholdPercent, choice, this.environment.random);
    }
    if (choice.override) {
      const named = this.#byKey.get(choice.override.address);
      if (named !== undefined && this.plan.overrideHealth.includes(named.health)) return named;
      if (choice.override.isStrict) return null;
    }
    const selection = this.#select();
    if (selection.isPanic) this.stats.count('lb_healthy_panic');
    return selection.choose(choice, only);
  }

  /** Whether requests are hashed for its choice. */
  get takesHashes(): boolean {
    if (this.plan.discovery === 'AGGREGATE') return this.#members().some((member) => member.takesHashes);
    const { policy } = this.plan.loadBalancer;
    return policy === 'RING_HASH' || policy === 'MAGLEV';
  }

  /** How healthy each priority is. */
  priorityHealth(): readonly PriorityHealth[] {
    if (this.plan.discovery === 'AGGREGATE') return this.#members().flatMap((member) => member.priorityHealth());
    return this.#select().health;
  }

  reportResult(host: Host, result: OutlierResult): void {
    this.#health.report(host, result);
  }

  /** Takes note of what another thread saw of its hosts. */
  takeReport(report: HealthReport): void {
    passReport(report, this.#health, (address) => this.#byKey.get(address));
  }

  reportUnhealthy(host: Host): void {
    this.#health.reportUnhealthy(host);
  }

  /** Takes note that a host's health changed, or what else choices depend on. */
  refreshHealth(): void {
    this.#selection = null;
    this.environment.onMembership(this);
  }

  /** The fleet's hosts changed: zones may have to be routed to anew. */
  refreshZones(): void {
    this.#selection = null;
  }

  /** Lets everything under way finish and opens nothing new. */
  drain(): void {
    this.isDraining = true;
    this.#health.stop();
    for (const host of this.hosts) host.drain();
    this.breakers.default.close();
    this.breakers.high.close();
  }

  /** New connections from now on, for instance with a rotated certificate; requests under way keep theirs. */
  renewConnections(): void {
    for (const host of this.hosts) host.renew();
  }

  /** Closes connections that nobody needs any more, and forgets destinations that nobody asks for. */
  sweep(now: number): void {
    for (const host of this.hosts) host.sweep(now);
    if (this.plan.discovery !== 'ORIGINAL_DST') return;
    const unused = this.#unused.take(this.hosts, now, this.plan.cleanupIntervalMs);
    if (unused.length === 0) return;
    for (const host of unused) {
      this.#byKey.delete(host.endpoint.key);
      removeHost(host);
    }
    this.#useHosts(this.#byKey);
  }

  #useHosts(byKey: Map<string, Host>): void {
    const isChanged = byKey.size !== this.hosts.length || this.hosts.some((host) => byKey.get(host.endpoint.key) !== host);
    if (isChanged) this.stats.count('membership_change');
    this.#byKey = byKey;
    this.hosts = [...byKey.values()];
    this.#health.use(this.hosts);
    this.refreshHealth();
  }

  /** Hosts that requests name themselves are known to the thread that they came to only. */
  #watch(): HealthWatch {
    const { environment, plan } = this;
    const onChecked = (host: Host): void => this.#onChecked(host);
    if (environment.toldHealth === null || plan.discovery === 'ORIGINAL_DST') return new OwnHealthWatch(this, environment, onChecked);
    return environment.toldHealth.watch(this, environment.shared, onChecked);
  }

  #onChecked(host: Host): void {
    if (!host.isLeaving || host.passesHealthChecks) return;
    this.#byKey.delete(host.endpoint.key);
    removeHost(host);
    this.#useHosts(this.#byKey);
  }

  /** A host that passes its checks outlives its assignment: discovery may be wrong, and the host is there. */
  #mayStay(host: Host): boolean {
    return this.#health.isChecking && !this.plan.ignoreHealthOnRemoval && host.checks !== null && host.coarseHealth !== 'unhealthy';
  }

  #hostFor(endpoint: EndpointPlan): Host {
    const transport = transportFor(this.plan, endpoint);
    const known = this.#byKey.get(endpoint.key);
    if (known === undefined || known.transport !== transport) return new Host(this, endpoint, transport, this.now());
    known.endpoint = endpoint;
    known.isLeaving = false;
    return known;
  }

  #select(): HostSelection {
    this.#selection ??= selectionOf(this);
    return this.#selection;
  }

  #members(): readonly Cluster[] {
    return this.plan.aggregate.flatMap((name) => this.environment.clusterNamed(name) ?? []);
  }

  #originalHost(choice: HostChoice): Host | null {
    const endpoint = originalEndpoint(this.plan, choice);
    if (endpoint === null) return null;
    const known = this.#byKey.get(endpoint.key);
    if (known !== undefined) return known;
    const made = this.#hostFor(endpoint);
    this.#useHosts(this.#byKey.set(endpoint.key, made));
    return made;
  }
}

function removeHost(host: Host): void {
  host.isRemoved = true;
  host.drain();
}
