import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Plan } from '@weft/core/plan/plan';
import { listenerStats } from '../telemetry/listener-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import { Listener, type ListenerEnvironment } from './listener.ts';

/** What the listeners of a proxy share. */
export interface ListenerManagerOptions extends Omit<ListenerEnvironment, 'nextConnectionId'> {
  readonly registry: Registry;
  readonly drainTimeMs: number;
}

const rebindMs = 1000;

/** Binds, updates and drains listeners as each plan says. A listener whose address stays keeps its socket: no connection is refused. */
export class ListenerManager {
  #environment: ListenerEnvironment;
  #options: ListenerManagerOptions;
  #active: Map<string, Listener> = new Map();
  #draining: Set<Listener> = new Set();
  #pending: Set<Promise<void>> = new Set();
  #retries: Set<NodeJS.Timeout> = new Set();
  #nextConnectionId = 1;
  #isDraining = false;

  constructor(options: ListenerManagerOptions) {
    this.#options = options;
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
      this.#retire(listener);
    }
    for (const listenerPlan of plan.listeners) this.#update(listenerPlan);
  }

  /** Resolves when no listener is being bound. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending]);
  }

  drainAll(): void {
    this.#isDraining = true;
    for (const timer of this.#retries) clearTimeout(timer);
    for (const listener of this.#active.values()) {
      listener.drain();
      this.#draining.add(listener);
    }
  }

  /** Waits until every connection ended, at most as long as given, then closes what is left. */
  async closed(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline && [...this.#draining].some((listener) => listener.connectionCount > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const listener of [...this.#draining, ...this.#active.values()]) listener.destroyConnections();
  }

  #update(plan: ListenerPlan): void {
    const known = this.#active.get(plan.name);
    if (known === undefined) {
      this.#add(plan);
      return;
    }
    if (known.plan === plan) return;
    const next = this.#newListener(plan);
    this.#active.set(plan.name, next);
    if (sameAddresses(known.plan, plan)) {
      known.handOver(next);
      this.#retire(known);
      return;
    }
    this.#bind(next, () => this.#retire(known));
  }

  #add(plan: ListenerPlan): void {
    const listener = this.#newListener(plan);
    this.#active.set(plan.name, listener);
    this.#bind(listener, () => {});
  }

  #newListener(plan: ListenerPlan): Listener {
    const [address] = plan.addresses;
    const label = address?.kind === 'tcp' ? `${address.host}_${address.port}` : plan.name;
    return new Listener(plan, this.#environment, listenerStats(this.#options.registry, label));
  }

  #bind(listener: Listener, then: () => void): void {
    const attempt = listener.bind().then(then, (error: Error) => {
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

  #retire(listener: Listener): void {
    listener.drain();
    this.#draining.add(listener);
    const timer = setTimeout(() => {
      listener.destroyConnections();
      this.#draining.delete(listener);
    }, retiredDrainMs);
    timer.unref();
  }
}

/** How long connections of a replaced listener may live on; Envoy's `--drain-time-s`. */
const retiredDrainMs = 600_000;

function sameAddresses(a: ListenerPlan, b: ListenerPlan): boolean {
  return a.bindToPort === b.bindToPort && JSON.stringify(a.addresses) === JSON.stringify(b.addresses);
}
