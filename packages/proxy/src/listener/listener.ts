import net from 'node:net';
import { decideConnection } from '@weft/core/engine/decide-connection';
import { decideNetwork } from '@weft/core/engine/decide-network';
import type { NetworkVerdict } from '@weft/core/engine/decision';
import type { AddressPlan } from '@weft/core/plan/cluster-plan';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import { ConnectionManager, type HttpConnection } from '../http/connection-manager.ts';
import type { HttpContext } from '../http/exchange-view.ts';
import type { TlsContexts, TlsServerContext } from '../identity/tls-contexts.ts';
import { Connection, type ConnectionOwner } from '../io/connection.ts';
import { reportMistake } from '../io/mistakes.ts';
import type { NetworkAuthorization } from '../tcp/network-authorization.ts';
import { type TcpPlace, TcpProxy, type TcpProxyContext } from '../tcp/tcp-proxy.ts';
import type { ListenerStats } from '../telemetry/listener-stats.ts';
import { bridgeAlpn } from '../upstream/transport.ts';
import { authorizeConnection, type Judgement } from './authorize-connection.ts';
import { bindError, listenOptions } from './bind-address.ts';
import { ChainConnections, type ChainOwner, chainKey } from './chain-connections.ts';
import { Facts } from './connection-facts.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Drain } from './drain.ts';
import { handshake } from './handshake.ts';
import { type FirstBytes, Inspector } from './inspector.ts';
import { NetworkLimits } from './network-limits.ts';
import { PrefaceDetector } from './preface-detector.ts';

/** What a listener uses of the proxy it belongs to. */
export interface ListenerEnvironment {
  readonly http: HttpContext;
  readonly tcp: TcpProxyContext;
  readonly authorization: NetworkAuthorization;
  readonly tlsContexts: TlsContexts;
  readonly nextConnectionId: () => number;
  readonly log: (level: 'warn' | 'info' | 'debug', message: string) => void;
  readonly limits: ConnectionLimits;
  readonly reusePort: boolean;
}

/** Where a connection came in. */
type Place = { readonly chain: FilterChainPlan; readonly facts: Facts; readonly alpn: string };

/** One listener at run time: its bound sockets and the connections that came through them. */
export class Listener implements ChainOwner {
  plan: ListenerPlan;
  #drain: Drain | null = null;
  readonly stats: ListenerStats;
  #environment: ListenerEnvironment;
  #servers: net.Server[] = [];
  #connections: Set<Connection> = new Set();
  #byChain: Map<string, ChainConnections> = new Map();
  #leaving: Set<ChainConnections> = new Set();
  #chains: WeakMap<HttpConnection, FilterChainPlan> = new WeakMap();
  #limits: NetworkLimits;

  constructor(plan: ListenerPlan, environment: ListenerEnvironment, stats: ListenerStats) {
    this.plan = plan;
    this.#environment = environment;
    this.stats = stats;
    this.#limits = new NetworkLimits(environment.http.now);
  }

  /** Binds all addresses; rejects with a clear message when one cannot be. */
  async bind(): Promise<void> {
    if (!this.plan.bindToPort) return;
    try {
      for (const address of this.plan.addresses) this.#servers.push(await this.#listen(address));
    } catch (error) {
      this.closeServers();
      throw error;
    }
  }

  /** Addresses actually bound (port 0 resolved). */
  get boundAddresses(): readonly { readonly address: string; readonly port: number }[] {
    return this.#servers.flatMap((server) => {
      const address = server.address();
      return address === null || typeof address === 'string' ? [] : [{ address: address.address, port: address.port }];
    });
  }

  /** The filter chains of its plan, and removed ones whose connections may live on. */
  get chains(): readonly FilterChainPlan[] {
    const { filterChains, defaultFilterChain } = this.plan;
    return [...filterChains, ...(defaultFilterChain === null ? [] : [defaultFilterChain]), ...[...this.#leaving].map(({ plan }) => plan)];
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Hands the bound sockets to the listener that replaces this one, so that no connection attempt is refused in between. */
  handOver(successor: Listener): void {
    successor.#servers = this.#servers;
    this.#servers = [];
    for (const server of successor.#servers) {
      server.removeAllListeners('connection');
      server.on('connection', (socket) => successor.#onSocket(socket));
    }
  }

  /** Whether the next response should ask its client to leave. */
  get isDraining(): boolean {
    return this.#drain?.asksToLeave === true;
  }

  /** Asks clients to leave with their next response; null stops asking. Idle connections stay: a request may be on its way. */
  drain(drain: Drain | null): void {
    this.#drain = drain;
  }

  /** Ends the connections that carry no request. */
  drainIdle(): void {
    for (const connections of this.#allChains()) connections.drainIdle();
  }

  closeServers(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  destroyConnections(): void {
    for (const connection of this.#connections) connection.destroy();
    for (const connections of this.#allChains()) connections.destroy();
  }

  /** Ends what is left of a chain that was removed. */
  dropChain(connections: ChainConnections): void {
    this.#leaving.delete(connections);
    connections.destroy();
  }

  #allChains(): readonly ChainConnections[] {
    return [...this.#byChain.values(), ...this.#leaving];
  }

  onHttpEnd(connection: HttpConnection): void {
    const chain = this.#chains.get(connection);
    if (chain !== undefined) this.#limits.release(chain);
    this.#forget(connection.connection);
  }

  /**
   * Takes a plan that differs in its filter chains only. Connections of chains that are no more drain; the others do not notice. Answers
   * the connections that are to leave.
   */
  replaceChains(plan: ListenerPlan, drain: Drain): readonly ChainConnections[] {
    this.plan = plan;
    const kept = new Set([...plan.filterChains, ...(plan.defaultFilterChain === null ? [] : [plan.defaultFilterChain])].map(chainKey));
    const gone = [...this.#byChain].filter(([key]) => !kept.has(key));
    for (const [key, connections] of gone) {
      this.#byChain.delete(key);
      connections.drain(drain);
      this.#leaving.add(connections);
    }
    return gone.map(([, connections]) => connections);
  }

  #listen(address: AddressPlan): Promise<net.Server> {
    const server = net.createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
    server.on('connection', (socket) => this.#onSocket(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(bindError(this.plan.name, address, error))));
      server.listen({ ...listenOptions(address), backlog: this.plan.backlog, reusePort: this.#environment.reusePort }, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => this.#environment.log('warn', `listener ${this.plan.name}: ${error.message}`));
        resolve(server);
      });
    });
  }

  #onSocket(socket: net.Socket): void {
    const { limits } = this.#environment;
    if (!limits.isGlobalFree || !limits.isListenerFree(this.plan.name, this.stats.active)) {
      (limits.isGlobalFree ? this.stats.overflow : this.stats.globalOverflow).increment();
      socket.destroy();
      return;
    }
    const connection = Connection.accept(socket);
    this.#connections.add(connection);
    this.stats.connections.increment();
    this.#opened();
    if (!Inspector.isNeeded(this.plan)) {
      this.#choose(connection, null);
      return;
    }
    new Inspector(connection, this.plan, connection.socket.localPort ?? 0, (first) => {
      if (first === null) this.#forget(connection);
      else this.#choose(connection, first);
    });
  }

  #choose(connection: Connection, first: FirstBytes | null): void {
    const facts = new Facts(connection, first, this.#environment.nextConnectionId());
    if (this.plan.useOriginalDst && !this.#isOwnPort(facts.destinationPort)) facts.isDestinationRestored = true;
    const decision = decideConnection(this.plan, facts, null);
    if (decision.kind === 'none') {
      this.stats.noFilterChain.increment();
      this.#refuse(connection);
      return;
    }
    const { chain } = decision;
    const bytes = first?.bytes ?? noBytes;
    if (chain.tls === null) {
      this.#serve(connection, chain, facts, '', bytes);
      return;
    }
    const context = this.#environment.tlsContexts.server(chain.tls);
    if (context === null) {
      this.#environment.log('debug', `listener ${this.plan.name}: no certificate yet for ${facts.serverName || 'a TLS connection'}`);
      this.#refuse(connection);
      return;
    }
    this.#secure(connection, chain, facts, { context, bytes });
  }

  #isOwnPort(port: number): boolean {
    return this.plan.addresses.some((address) => address.kind === 'tcp' && address.port === port);
  }

  #secure(connection: Connection, chain: FilterChainPlan, facts: Facts, first: { context: TlsServerContext; bytes: Buffer }): void {
    const { context, bytes } = first;
    this.#connections.delete(connection);
    handshake(connection.detach(bytes), { chain, facts, context, stats: this.stats.tls }, (socket, problem) => {
      if (socket === null) {
        this.#closed();
        if (problem !== '') this.#environment.log('debug', `listener ${this.plan.name}: ${problem}`);
        return;
      }
      const secured = Connection.secure(socket);
      this.#connections.add(secured);
      this.#serve(secured, chain, facts, typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '', noBytes);
    });
  }

  #serve(connection: Connection, chain: FilterChainPlan, facts: Facts, alpn: string, bytes: Buffer): void {
    const verdict = decideNetwork(chain, facts, null);
    if (!verdict.allowed) {
      this.stats.rbacDenied.increment();
      this.#refuse(connection);
      return;
    }
    if (chain.http === null && chain.tcp === null) {
      this.#refuse(connection);
      return;
    }
    const refusal = this.#limits.admit(chain);
    if (refusal !== null) {
      this.stats.limited.increment();
      if (refusal.afterMs > 0) setTimeout(() => connection.destroy(), refusal.afterMs).unref();
      else connection.destroy();
      connection.owner = this.#forgetting(connection);
      return;
    }
    const place = { chain, facts, alpn };
    if (verdict.unasked.length > 0) this.#environment.authorization.countDisabled(verdict.unasked);
    if (chain.tcp !== null && verdict.metadata !== null) facts.metadata = verdict.metadata;
    if (verdict.check === null) this.#serveChain(connection, place, bytes);
    else this.#authorize(connection, place, { verdict, bytes });
  }

  #serveChain(connection: Connection, { chain, facts, alpn }: Place, bytes: Buffer): void {
    if (chain.http !== null) this.#serveHttp(connection, chain, facts, alpn, bytes);
    else this.#serveTcp(connection, chain, facts, alpn, bytes);
  }

  /** Has the connection wait for what authorization services say of it. */
  #authorize(connection: Connection, place: Place, { verdict, bytes }: { verdict: NetworkVerdict; bytes: Buffer }): void {
    const { chain, facts } = place;
    const leave = (): void => {
      this.#limits.release(chain);
      this.#forget(connection);
    };
    const gate = new ConnectionGate(connection, bytes, leave);
    const judged = authorizeConnection(this.#environment.authorization, { chain, facts, verdict });
    judged.catch(failedToJudge).then((judgement) => {
      if (gate.isGone) return;
      if (chain.tcp !== null) facts.metadata = judgement.metadata;
      if (judgement.refusal === null) gate.open((held) => this.#serveChain(connection, place, held));
      else if (chain.tcp !== null) this.#tcpProxy(connection, { ...place, tcp: chain.tcp }).refuse(judgement.refusal, gate.heldBytes);
      else {
        leave();
        connection.destroy();
      }
    });
  }

  #serveHttp(connection: Connection, chain: FilterChainPlan, facts: Facts, alpn: string, bytes: Buffer): void {
    const manager = chain.http;
    if (manager === null) return;
    const place = { facts, chain, manager, listener: this.plan };
    const connections = this.#connectionsOf(chain);
    const start = (isHttp2: boolean, first: Buffer): void => {
      const connectionManager = new ConnectionManager(this.#environment.http, connections, place);
      const codec = connectionManager.serve(connection, isHttp2, alpn === bridgeAlpn);
      connections.http.add(codec);
      this.#chains.set(codec, chain);
      if (first.length > 0) codec.onData(first, first.length);
    };
    if (manager.codec === 'HTTP1') start(false, bytes);
    else if (manager.codec === 'HTTP2' || alpn === 'h2' || alpn === 'istio-h2' || alpn === bridgeAlpn) start(true, bytes);
    else if (alpn !== '') start(false, bytes);
    else {
      const { idleTimeoutMs, maxConnectionDurationMs } = manager.common;
      const waits = [idleTimeoutMs, maxConnectionDurationMs].filter((ms) => ms > 0);
      const onGone = (): void => {
        this.#limits.release(chain);
        this.#forget(connection);
      };
      const detector = new PrefaceDetector(connection, bytes, { onProtocol: start, onGone });
      detector.start(this.#environment.http.timers, waits.length > 0 ? Math.min(...waits) : 0);
    }
  }

  #serveTcp(connection: Connection, chain: FilterChainPlan, facts: Facts, alpn: string, bytes: Buffer): void {
    if (chain.tcp !== null) this.#tcpProxy(connection, { facts, chain, tcp: chain.tcp, alpn }).start(bytes);
  }

  #tcpProxy(connection: Connection, place: Omit<TcpPlace, 'listener'>): TcpProxy {
    const { chain } = place;
    const connections = this.#connectionsOf(chain);
    const proxy = new TcpProxy(connection, { ...place, listener: this.plan }, this.#environment.tcp, () => {
      connections.tcp.delete(proxy);
      this.#limits.release(chain);
      this.#forget(connection);
    });
    connections.tcp.add(proxy);
    return proxy;
  }

  #refuse(connection: Connection): void {
    this.#forget(connection);
    connection.reset();
  }

  #forget(connection: Connection): void {
    if (this.#connections.delete(connection)) this.#closed();
  }

  #forgetting(connection: Connection): ConnectionOwner {
    return { onData() {}, onDrain() {}, onEnd: () => connection.destroy(), onClose: () => this.#forget(connection) };
  }

  #opened(): void {
    this.stats.active++;
    this.#environment.limits.opened();
  }

  #closed(): void {
    this.stats.countClosed();
    this.#environment.limits.closed();
  }

  #connectionsOf(chain: FilterChainPlan): ChainConnections {
    const key = chainKey(chain);
    const known = this.#byChain.get(key);
    if (known !== undefined) return known;
    const made = new ChainConnections(chain, this);
    this.#byChain.set(key, made);
    return made;
  }
}

const noBytes = Buffer.alloc(0);

/** A mistake of ours lets nobody in. */
function failedToJudge(error: unknown): Judgement {
  reportMistake('authorizing a connection', error);
  return { refusal: { flag: '', details: '', terminationDetails: '' }, metadata: null };
}
