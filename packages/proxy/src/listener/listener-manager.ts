import type { TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Plan } from '@weft/core/plan/plan';
import { ListenerStats } from '../telemetry/listener-stats.ts';
import { declareNetworkRbac } from '../telemetry/rbac-stats.ts';
import type { Counter, Registry } from '../telemetry/registry.ts';
import { serverScope } from '../telemetry/server-stats.ts';
import type { ChainConnections } from './chain-connections.ts';
import { Drain, type DrainStrategy } from './drain.ts';
import { Listener } from './listener.ts';
import type { ListenerEnvironment } from './listener-environment.ts';

/** What the listeners of a proxy share. */
export interface ListenerManagerOptions extends Omit<ListenerEnvironment, 'nextConnectionId'> {
  readonly registry: Registry;
  /** Number of the thread that serves. */
  readonly worker: number;
  /** How long connections of a replaced listener may live on. */
  readonly listenerDrainMs: number;
  readonly drainStrategy: DrainStrategy;
}

const rebindMs = 1000;

/** Binds, updates and drains listeners as each plan says. A listener whose address stays keeps its socket: no connection is refused. */
export class ListenerManager {
  #environment: ListenerEnvironment;
  #options: ListenerManagerOptions;
  #active: Map<string, Listener> = new Map();
  #draining: Set<Listener> = new Set();
  #pending: Set<Promise<void>> = new Set();
  /** By address: connections of a replaced listener are counted with those of its successor. */
  #stats: Map<string, ListenerStats> = new Map();
  #retries: Set<NodeJS.Timeout> = new Set();
  #retired: Set<NodeJS.Timeout> = new Set();
  #nextConnectionId = 1;
  #isDraining = false;
  readonly #counts: Readonly<Record<'added' | 'modified' | 'updatedInPlace' | 'removed' | 'bound' | 'unbound', Counter>>;

  constructor(options: ListenerManagerOptions) {
    this.#options = options;
    const scope = serverScope('listener_manager');
    const counter = (name: string): Counter => options.registry.counter(scope, `listener_${name}`);
    this.#counts = {
      added: counter('added'),
      modified: counter('modified'),
      updatedInPlace: counter('in_place_updated'),
      removed: counter('removed'),
      bound: counter('create_success'),
      unbound: counter('create_failure'),
    };
    options.registry.readGauge(scope, 'total_listeners_warming', () => this.#pending.size);
    options.registry.readGauge(scope, 'total_listeners_draining', () => this.#draining.size);
    this.#environment = { ...options, nextConnectionId: () => this.#nextConnectionId++ };
  }

  get all(): readonly Listener[] {
    return [...this.#active.values()];
  }

  get isSettled(): boolean {
    return this.#pending.size === 0;
  }

  ports(): ReadonlyMap<string, number> {
    const ports = new Map<string, number>();
    for (const [name, listener] of this.#active) {
      const [first] = listener.boundAddresses;
      if (first !== undefined) ports.set(name, first.port);
    }
    return ports;
  }

  usePlan(plan: Plan): void {
    if (this.#isDraining) return;
    for (const [name, listener] of this.#active) {
      if (plan.listenerByName.has(name)) continue;
      this.#active.delete(name);
      this.#counts.removed.increment();
      this.#retire(listener);
    }
    for (const listenerPlan of plan.listeners) this.#update(listenerPlan);
    this.#forgetStats();
  }

  /** The connection managers of all listeners, also of those that drain. */
  get httpManagers(): readonly HttpConnectionManagerPlan[] {
    return this.#all.flatMap((listener) => listener.chains.flatMap(({ http }) => (http === null ? [] : [http])));
  }

  /** The TCP proxies of all listeners, also of those that drain. */
  get tcpProxies(): readonly TcpProxyPlan[] {
    return this.#all.flatMap((listener) => listener.chains.flatMap(({ tcp }) => (tcp === null ? [] : [tcp])));
  }

  /** Resolves when no listener is being bound. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending]);
  }

  /** Accepts nothing more and asks clients to leave. */
  drainAll(): void {
    this.#isDraining = true;
    for (const timer of this.#retries) clearTimeout(timer);
    for (const listener of this.#active.values()) this.#startDrain(listener, 'immediate');
  }

  /** Accepts nothing more and leaves connections as they are. */
  stopAccepting(inboundOnly: boolean): void {
    for (const listener of this.#chosen(inboundOnly)) listener.closeServers();
  }

  /** Goes on accepting for the drain time while asking clients to leave, then accepts nothing more. */
  drainGracefully(inboundOnly: boolean): void {
    const chosen = this.#chosen(inboundOnly);
    const { drainStrategy, listenerDrainMs } = this.#options;
    for (const listener of chosen) listener.drain(this.#newDrain(drainStrategy));
    setTimeout(() => {
      for (const listener of chosen) listener.closeServers();
    }, listenerDrainMs).unref();
  }

  /** While the proxy is told to fail its health check, clients are asked to leave; listeners that only drain when modified do not. */
  failHealthCheck(isFailed: boolean): void {
    for (const listener of this.#active.values()) {
      if (listener.plan.drainType === 'DEFAULT') listener.drain(isFailed ? this.#newDrain('immediate') : null);
    }
  }

  /**
   * Waits until every connection ended, at most as long as given, then closes what is left. Connections that have not been used for a
   * while are closed early: a client that was about to send has sent by then.
   */
  async closed(timeoutMs: number): Promise<void> {
    const startedAt = performance.now();
    const idleMs = Math.min(idleGraceMs, timeoutMs / 2);
    for (let passed = 0; passed < timeoutMs && this.#all.some((listener) => listener.connectionCount > 0); ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      passed = performance.now() - startedAt;
      if (passed >= idleMs) for (const listener of this.#all) listener.drainIdle();
    }
    for (const listener of this.#all) listener.destroyConnections();
    for (const timer of this.#retired) clearTimeout(timer);
  }

  get #all(): readonly Listener[] {
    return [...this.#draining, ...this.#active.values()];
  }

  #forgetStats(): void {
    const used = new Set(this.#all.map(({ stats }) => stats));
    for (const [label, stats] of this.#stats) {
      if (used.has(stats)) continue;
      this.#stats.delete(label);
      stats.forget();
    }
  }

  #chosen(inboundOnly: boolean): Listener[] {
    return [...this.#active.values()].filter(({ plan }) => !inboundOnly || plan.direction === 'INBOUND');
  }

  #newDrain(strategy: DrainStrategy): Drain {
    return new Drain(strategy, this.#options.listenerDrainMs, this.#environment.http);
  }

  #startDrain(listener: Listener, strategy: DrainStrategy): void {
    listener.closeServers();
    listener.drain(this.#newDrain(strategy));
  }

  #update(plan: ListenerPlan): void {
    const known = this.#active.get(plan.name);
    if (known === undefined) {
      this.#add(plan);
      return;
    }
    if (known.plan === plan) return;
    this.#counts.modified.increment();
    if (sameButChains(known.plan, plan)) {
      this.#counts.updatedInPlace.increment();
      this.#retireChains(known.replaceChains(plan, this.#newDrain(this.#options.drainStrategy)), known);
      return;
    }
    const next = this.#newListener(plan);
    this.#active.set(plan.name, next);
    if (sameAddresses(known.plan, plan)) {
      known.handOver(next);
      this.#counts.bound.increment();
      this.#retire(known);
      return;
    }
    this.#bind(next, () => this.#retire(known));
  }

  #add(plan: ListenerPlan): void {
    const listener = this.#newListener(plan);
    this.#counts.added.increment();
    this.#active.set(plan.name, listener);
    this.#bind(listener, () => {});
  }

  #newListener(plan: ListenerPlan): Listener {
    const [address] = plan.addresses;
    const label = address?.kind === 'tcp' ? `${address.host}_${address.port}` : plan.name;
    const stats = this.#stats.get(label) ?? new ListenerStats(this.#options.registry, label, this.#options.worker);
    this.#stats.set(label, stats);
    declareChains(this.#options.registry, stats, plan);
    return new Listener(plan, this.#environment, stats);
  }

  #bind(listener: Listener, then: () => void): void {
    const onBound = (): void => {
      this.#counts.bound.increment();
      then();
    };
    const attempt = listener.bind().then(onBound, (error: Error) => {
      this.#counts.unbound.increment();
      this.#options.log('warn', error.message);
      // The port may become free: another listener that held it drains, or the other process ends.
      const timer = setTimeout(() => {
        this.#retries.delete(timer);
        if (this.#active.get(listener.plan.name) === listener && !this.#isDraining) this.#bind(listener, then);
      }, rebindMs);
      timer.unref();
      this.#retries.add(timer);
    });
    const tracked = attempt.finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  #retireChains(chains: readonly ChainConnections[], listener: Listener): void {
    for (const chain of chains) {
      const timer = setTimeout(() => {
        this.#retired.delete(timer);
        listener.dropChain(chain);
      }, this.#options.listenerDrainMs);
      timer.unref();
      this.#retired.add(timer);
    }
  }

  #retire(listener: Listener): void {
    this.#startDrain(listener, this.#options.drainStrategy);
    this.#draining.add(listener);
    const timer = setTimeout(() => {
      this.#retired.delete(timer);
      listener.destroyConnections();
      this.#draining.delete(listener);
    }, this.#options.listenerDrainMs);
    timer.unref();
    this.#retired.add(timer);
  }
}

const idleGraceMs = 1000;

/** Whether a change is one of filter chains alone: those that stay keep their connections. */
function sameButChains(a: ListenerPlan, b: ListenerPlan): boolean {
  return settingsKey(a) === settingsKey(b);
}

const settingsKeys = new WeakMap<ListenerPlan, string>();

function settingsKey(plan: ListenerPlan): string {
  const known = settingsKeys.get(plan);
  if (known !== undefined) return known;
  const {
    filterChains: _chains,
    defaultFilterChain: _default,
    filterChainMatcher: _matcher,
    ...rest
  } = plan.source as Record<string, unknown>;
  const key = JSON.stringify(rest);
  settingsKeys.set(plan, key);
  return key;
}

function sameAddresses(a: ListenerPlan, b: ListenerPlan): boolean {
  return a.bindToPort === b.bindToPort && JSON.stringify(a.addresses) === JSON.stringify(b.addresses);
}

/** Has what the chains of a listener may count shown before they do. */
function declareChains(registry: Registry, stats: ListenerStats, { filterChains, defaultFilterChain }: ListenerPlan): void {
  for (const chain of defaultFilterChain === null ? filterChains : [...filterChains, defaultFilterChain]) {
    const { http, tls } = chain;
    declareNetworkRbac(registry, chain);
    if (http !== null) stats.answersOf(http.statPrefix);
    if (tls !== null) stats.showTls();
  }
}
