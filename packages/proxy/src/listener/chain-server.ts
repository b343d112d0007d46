import { decideNetwork } from '@weft/core/engine/decide-network';
import type { NetworkVerdict } from '@weft/core/engine/decision';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import { ConnectionManager, type HttpConnection } from '../http/connection-manager.ts';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import { reportMistake } from '../io/mistakes.ts';
import type { TcpRefusal } from '../tcp/tcp-context.ts';
import { TcpProxy } from '../tcp/tcp-proxy.ts';
import type { ListenerStats } from '../telemetry/listener-stats.ts';
import { bridgeAlpn } from '../upstream/transport.ts';
import { authorizeConnection, type Judgement, rbacRefusal } from './authorize-connection.ts';
import { ChainConnections, type ChainOwner, chainKey } from './chain-connections.ts';
import { ChainLimits } from './chain-limits.ts';
import type { Facts } from './connection-facts.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { Drain } from './drain.ts';
import type { ListenerEnvironment } from './listener-environment.ts';
import { PrefaceDetector } from './preface-detector.ts';

/** What serving filter chains uses of the listener they belong to. */
export interface ChainListener {
  readonly plan: ListenerPlan;
  readonly stats: ListenerStats;
  readonly isDraining: boolean;
  /** A connection is over. */
  forget(connection: Connection): void;
  /** Lets a connection not in. */
  refuse(connection: Connection): void;
}

/** Where a connection came in. */
export interface ChainPlace {
  readonly chain: FilterChainPlan;
  readonly facts: Facts;
  /** ALPN name that was agreed on; `''` without. */
  readonly alpn: string;
}

/** A place whose chain let the connection in: it belongs to the chain as that was, whatever updates come while it waits. */
interface JoinedPlace extends ChainPlace {
  readonly connections: ChainConnections;
}

/** Serves connections by the filter chain that was chosen for each: its network filters first, then HTTP or TCP. */
export class ChainServer implements ChainOwner {
  readonly #listener: ChainListener;
  readonly #environment: ListenerEnvironment;
  readonly #byChain: Map<string, ChainConnections> = new Map();
  readonly #leaving: Set<ChainConnections> = new Set();
  readonly #chains: WeakMap<HttpConnection, ChainConnections> = new WeakMap();

  constructor(listener: ChainListener, environment: ListenerEnvironment) {
    this.#listener = listener;
    this.#environment = environment;
  }

  get isDraining(): boolean {
    return this.#listener.isDraining;
  }

  /** Removed chains whose connections live on. */
  get leaving(): readonly FilterChainPlan[] {
    return [...this.#leaving].map(({ plan }) => plan);
  }

  /** Ends the connections that carry no request. */
  drainIdle(): void {
    for (const connections of this.#all()) connections.drainIdle();
  }

  destroy(): void {
    for (const connections of this.#all()) connections.destroy();
  }

  /** Connections of chains that are no more drain; the others do not notice. Answers the connections that are to leave. */
  keepOnly(chains: readonly FilterChainPlan[], drain: Drain): readonly ChainConnections[] {
    const kept = new Set(chains.map(chainKey));
    const gone = [...this.#byChain].filter(([key]) => !kept.has(key));
    for (const [key, connections] of gone) {
      this.#byChain.delete(key);
      connections.drain(drain);
      this.#leaving.add(connections);
    }
    return gone.map(([, connections]) => connections);
  }

  /** Ends what is left of a chain that was removed. */
  drop(connections: ChainConnections): void {
    this.#leaving.delete(connections);
    connections.destroy();
  }

  onHttpEnd(connection: HttpConnection): void {
    this.#chains.get(connection)?.limits.release();
    this.#listener.forget(connection.connection);
  }

  /** `bytes`: what was read of the connection already. */
  serve(connection: Connection, place: ChainPlace, bytes: Buffer): void {
    const { chain, facts } = place;
    if (chain.http === null && chain.tcp === null) {
      this.#listener.refuse(connection);
      return;
    }
    const connections = this.#connectionsOf(chain);
    const refusal = connections.limits.admit();
    if (refusal !== null) {
      if (refusal.afterMs > 0) setTimeout(() => connection.destroy(), refusal.afterMs).unref();
      else connection.destroy();
      connection.owner = this.#forgetting(connection);
      return;
    }
    const verdict = decideNetwork(chain, facts, null);
    if (verdict.check === null) this.#environment.authorization.countRbac(chain, verdict);
    if (verdict.unasked.length > 0) this.#environment.authorization.countDisabled(verdict.unasked);
    if (chain.tcp !== null && verdict.metadata !== null) facts.metadata = verdict.metadata;
    const joined = { ...place, connections };
    if (!verdict.allowed) this.#turnAway(connection, joined, rbacRefusal(verdict), bytes.length);
    else if (verdict.check === null) this.#serveChain(connection, joined, bytes);
    else this.#authorize(connection, joined, { verdict, bytes });
  }

  #serveChain(connection: Connection, place: JoinedPlace, bytes: Buffer): void {
    if (place.chain.http !== null) this.#serveHttp(connection, place, bytes);
    else this.#tcpProxy(connection, place)?.start(bytes);
  }

  /** Has the connection wait for what authorization services say of it. */
  #authorize(connection: Connection, place: JoinedPlace, { verdict, bytes }: { verdict: NetworkVerdict; bytes: Buffer }): void {
    const { chain, facts, connections } = place;
    connections.waiting.add(connection);
    const gate = new ConnectionGate(connection, bytes, () => this.#leave(connection, connections));
    const judged = authorizeConnection(this.#environment.authorization, { chain, facts, verdict });
    judged.catch(failedToJudge).then((judgement) => {
      if (gate.isGone) return;
      connections.waiting.delete(connection);
      if (chain.tcp !== null) facts.metadata = judgement.metadata;
      if (judgement.refusal === null) gate.open((held) => this.#serveChain(connection, place, held));
      else this.#turnAway(connection, place, judgement.refusal, gate.heldBytes);
    });
  }

  /** Ends a connection that a network filter refuses, before anybody upstream hears of it. */
  #turnAway(connection: Connection, place: JoinedPlace, refusal: TcpRefusal, receivedBytes: number): void {
    const { chain, connections } = place;
    if (chain.tcp !== null) {
      this.#tcpProxy(connection, place)?.refuse(refusal, receivedBytes);
      return;
    }
    if (chain.http !== null) this.#environment.http.statsOf(chain.http).connectionRefused(connection);
    this.#leave(connection, connections);
    connection.reset();
  }

  #serveHttp(connection: Connection, { chain, facts, alpn, connections }: JoinedPlace, bytes: Buffer): void {
    const manager = chain.http;
    if (manager === null) return;
    const { plan, stats } = this.#listener;
    const place = { facts, chain, manager, listener: plan, answers: stats.answersOf(manager.statPrefix) };
    const start = (isHttp2: boolean, first: Buffer): void => {
      connections.waiting.delete(connection);
      const connectionManager = new ConnectionManager(this.#environment.http, connections, place);
      const codec = connectionManager.serve(connection, isHttp2, alpn === bridgeAlpn);
      connections.http.add(codec);
      this.#chains.set(codec, connections);
      if (first.length > 0) codec.onData(first, first.length);
    };
    if (manager.codec === 'HTTP1') start(false, bytes);
    else if (manager.codec === 'HTTP2' || alpn === 'h2' || alpn === 'istio-h2' || alpn === bridgeAlpn) start(true, bytes);
    else if (alpn !== '') start(false, bytes);
    else {
      connections.waiting.add(connection);
      const { idleTimeoutMs, maxConnectionDurationMs } = manager.common;
      const waits = [idleTimeoutMs, maxConnectionDurationMs].filter((ms) => ms > 0);
      const onGone = (): void => this.#leave(connection, connections);
      const detector = new PrefaceDetector(connection, bytes, { onProtocol: start, onGone });
      detector.start(this.#environment.http.timers, waits.length > 0 ? Math.min(...waits) : 0);
    }
  }

  #tcpProxy(connection: Connection, place: JoinedPlace): TcpProxy | null {
    const { chain, connections } = place;
    if (chain.tcp === null) return null;
    const proxy = new TcpProxy(connection, { ...place, tcp: chain.tcp, listener: this.#listener.plan }, this.#environment.tcp, () => {
      connections.tcp.delete(proxy);
      this.#leave(connection, connections);
    });
    connections.tcp.add(proxy);
    return proxy;
  }

  #leave(connection: Connection, { limits, waiting }: ChainConnections): void {
    waiting.delete(connection);
    limits.release();
    this.#listener.forget(connection);
  }

  #forgetting(connection: Connection): ConnectionOwner {
    return { onData() {}, onDrain() {}, onEnd: () => connection.destroy(), onClose: () => this.#listener.forget(connection) };
  }

  #all(): readonly ChainConnections[] {
    return [...this.#byChain.values(), ...this.#leaving];
  }

  #connectionsOf(chain: FilterChainPlan): ChainConnections {
    const key = chainKey(chain);
    const known = this.#byChain.get(key);
    if (known !== undefined) return known;
    const limits = new ChainLimits(chain, `${this.#listener.plan.name}/${key}`, this.#environment.chainLimits);
    const made = new ChainConnections(chain, this, limits);
    this.#byChain.set(key, made);
    return made;
  }
}

/** A mistake of ours lets nobody in. */
function failedToJudge(error: unknown): Judgement {
  reportMistake('authorizing a connection', error);
  return { refusal: { flag: '', details: '', terminationDetails: '' }, metadata: null };
}
