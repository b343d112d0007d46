import { type CheckOutcome, HealthState } from '@weft/core/engine/health-state';
import type { HealthCheckPlan } from '@weft/core/plan/cluster-plan';
import { clusterScope } from '../telemetry/cluster-stats.ts';
import type { Counter, Registry } from '../telemetry/registry.ts';
import { createProbe, type Probe } from './health-probe.ts';
import type { Host } from './host.ts';
import type { HostCluster, UpstreamHost } from './upstream-host.ts';

/** What health checking needs around it. */
export interface HealthCheckEnvironment {
  readonly registry: Registry;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

interface CheckStats {
  readonly attempt: Counter;
  readonly success: Counter;
  readonly failure: Counter;
  readonly passiveFailure: Counter;
  readonly networkFailure: Counter;
}

/** Checks the hosts of one cluster again and again, each on its own clock, and keeps their `checks` true. */
export class HealthChecker {
  readonly #plan: HealthCheckPlan;
  readonly #cluster: HostCluster;
  readonly #environment: HealthCheckEnvironment;
  readonly #onChecked: (host: Host, isSuccess: boolean) => void;
  readonly #stats: CheckStats;
  readonly #sessions: Map<Host, Session> = new Map();
  /** Another thread says that there is traffic. */
  hasTraffic = false;
  #waiting: (() => void)[] = [];

  /** `onChecked` is told after every check, with the host's state brought up to date. */
  constructor(
    plan: HealthCheckPlan,
    cluster: HostCluster,
    environment: HealthCheckEnvironment,
    onChecked: (host: Host, isSuccess: boolean) => void,
  ) {
    this.#plan = plan;
    this.#cluster = cluster;
    this.#environment = environment;
    this.#onChecked = onChecked;
    this.#stats = this.#register(environment.registry);
  }

  /** Checks exactly these hosts. */
  use(hosts: readonly Host[]): void {
    const current = new Set(hosts.filter((host) => !host.endpoint.healthCheck.disabled));
    for (const [host, session] of this.#sessions) {
      if (current.has(host)) continue;
      session.stop();
      this.#sessions.delete(host);
    }
    for (const host of current) {
      if (this.#sessions.has(host)) continue;
      const session = new Session(host, this.#plan, this.#environment.random, (outcome) => this.#take(host, outcome));
      this.#sessions.set(host, session);
      session.start(() => this.hasTraffic || this.#cluster.stats.connections.value > 0, this.#stats.attempt);
    }
    this.#settle();
  }

  /** Runs once every host has been checked at least once. */
  whenChecked(run: () => void): void {
    this.#waiting.push(run);
    this.#settle();
  }

  /** An ordinary response of a host asked to be left alone. */
  failPassively(host: Host): void {
    if (!this.#sessions.has(host)) return;
    this.#stats.passiveFailure.increment();
    this.#take(host, { kind: 'failure', cause: 'passive' });
  }

  stop(): void {
    for (const session of this.#sessions.values()) session.stop();
    this.#sessions.clear();
  }

  #take(host: Host, outcome: CheckOutcome): void {
    const checks = this.#sessions.get(host)?.checks;
    if (checks === undefined) return;
    if (outcome.kind === 'success') this.#stats.success.increment();
    else this.#stats.failure.increment();
    if (outcome.kind === 'failure' && outcome.cause === 'network') this.#stats.networkFailure.increment();
    const wasUnchecked = checks.isUnchecked;
    const failedBefore = checks.isFailed;
    const hasChanged = checks.apply(outcome, this.#plan);
    if (failedBefore && !checks.isFailed) host.healthySinceMs = this.#cluster.now();
    if (!failedBefore && checks.isFailed) host.onHealthFailure();
    if (hasChanged || wasUnchecked) this.#cluster.refreshHealth();
    this.#onChecked(host, outcome.kind === 'success');
    if (wasUnchecked) this.#settle();
  }

  #settle(): void {
    for (const host of this.#sessions.keys()) if (host.checks?.isUnchecked === true) return;
    for (const run of this.#waiting.splice(0)) run();
  }

  #register(registry: Registry): CheckStats {
    const scope = clusterScope(this.#cluster.plan.statName);
    const counter = (name: string): Counter => registry.counter(scope, `health_check.${name}`);
    const gauge = (name: string, counts: (host: Host) => boolean): void =>
      registry.readGauge(scope, `health_check.${name}`, () => [...this.#sessions.keys()].filter(counts).length);
    gauge('healthy', (host) => host.passesHealthChecks);
    gauge('degraded', (host) => host.checks?.isDegraded === true);
    return {
      attempt: counter('attempt'),
      success: counter('success'),
      failure: counter('failure'),
      passiveFailure: counter('passive_failure'),
      networkFailure: counter('network_failure'),
    };
  }
}

/** The checks of one host: a probe, the time it may take, and the pause until the next. */
class Session {
  readonly #host: Host;
  readonly #plan: HealthCheckPlan;
  readonly #random: () => number;
  readonly #onOutcome: (outcome: CheckOutcome) => void;
  readonly #probe: Probe;
  readonly checks: HealthState = new HealthState();
  #timer: NodeJS.Timeout | null = null;
  #hasTraffic: () => boolean = () => false;
  #attempts: Counter | null = null;
  #isStopped = false;

  constructor(host: Host, plan: HealthCheckPlan, random: () => number, onOutcome: (outcome: CheckOutcome) => void) {
    this.#host = host;
    this.#plan = plan;
    this.#random = random;
    this.#onOutcome = onOutcome;
    this.#probe = createProbe(checkedHost(host), plan, host.cluster.plan.name);
    host.checks = this.checks;
  }

  start(hasTraffic: () => boolean, attempts: Counter): void {
    this.#hasTraffic = hasTraffic;
    this.#attempts = attempts;
    const { initialJitterMs } = this.#plan;
    if (initialJitterMs > 0) this.#schedule(this.#random() * initialJitterMs);
    else this.#check();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#probe.close();
    this.#host.checks = null;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#check(), delayMs);
    this.#timer.unref();
  }

  #check(): void {
    this.#attempts?.increment();
    this.#timer = setTimeout(() => {
      this.#probe.close();
      this.#finish({ kind: 'failure', cause: 'network' });
    }, this.#plan.timeoutMs);
    this.#timer.unref();
    this.#probe.run((outcome) => this.#finish(outcome));
  }

  #finish(outcome: CheckOutcome): void {
    if (this.#isStopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#onOutcome(outcome);
    if (!this.#isStopped) this.#schedule(this.checks.nextDelayMs(this.#plan, this.#hasTraffic(), this.#random));
  }
}

/** The host as checks reach it: perhaps at another address or port than requests do. Its connections are not counted. */
function checkedHost({ cluster, endpoint, transport }: Host): UpstreamHost {
  const { address: own, healthCheck } = endpoint;
  const address = healthCheck.address ?? own;
  const isMoved = healthCheck.port !== 0 && address.kind === 'tcp';
  return {
    cluster,
    endpoint: { ...endpoint, address: isMoved ? { ...address, port: healthCheck.port } : address },
    transport,
    address: endpoint.key,
    activeConnections: 0,
    totalConnections: 0,
    connectFailures: 0,
  };
}
