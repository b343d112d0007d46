import type net from 'node:net';
import { decideConnection } from '@weft/core/engine/decide-connection';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { TlsServerContext } from '../identity/tls-contexts.ts';
import { Connection } from '../io/connection.ts';
import type { ListenerStats } from '../telemetry/listener-stats.ts';
import type { ChainConnections } from './chain-connections.ts';
import { type ChainListener, ChainServer } from './chain-server.ts';
import { Facts } from './connection-facts.ts';
import type { Drain } from './drain.ts';
import { handshake } from './handshake.ts';
import { type FirstBytes, Inspector } from './inspector.ts';
import type { ListenerEnvironment } from './listener-environment.ts';
import { ListenerSockets } from './listener-sockets.ts';

/** One listener at run time: its bound sockets and the connections that came through them. */
export class Listener implements ChainListener {
  plan: ListenerPlan;
  readonly stats: ListenerStats;
  #drain: Drain | null = null;
  #environment: ListenerEnvironment;
  #sockets: ListenerSockets;
  /** When each was accepted. */
  #connections: Map<Connection, number> = new Map();
  #server: ChainServer;

  constructor(plan: ListenerPlan, environment: ListenerEnvironment, stats: ListenerStats) {
    this.plan = plan;
    this.#environment = environment;
    this.stats = stats;
    this.#sockets = new ListenerSockets((socket) => this.#onSocket(socket));
    this.#server = new ChainServer(this, environment);
  }

  /** Binds all addresses; rejects with a clear message when one cannot be. */
  bind(): Promise<void> {
    return this.#sockets.bind(this.plan, this.#environment);
  }

  /** Addresses actually bound (port 0 resolved). */
  get boundAddresses(): readonly { readonly address: string; readonly port: number }[] {
    return this.#sockets.addresses;
  }

  /** The filter chains of its plan, and removed ones whose connections may live on. */
  get chains(): readonly FilterChainPlan[] {
    return [...chainsOf(this.plan), ...this.#server.leaving];
  }

  /** Chains that were removed and have connections left. */
  get drainingChains(): number {
    return this.#server.leaving.length;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Hands the bound sockets to the listener that replaces this one, so that no connection attempt is refused in between. */
  handOver(successor: Listener): void {
    successor.#sockets = this.#sockets;
    successor.#sockets.handTo((socket) => successor.#onSocket(socket));
    this.#sockets = new ListenerSockets(() => {});
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
    this.#server.drainIdle();
  }

  closeServers(): void {
    this.#sockets.close();
  }

  destroyConnections(): void {
    for (const connection of this.#connections.keys()) connection.destroy();
    this.#server.destroy();
  }

  /** Ends what is left of a chain that was removed. */
  dropChain(connections: ChainConnections): void {
    this.#server.drop(connections);
  }

  /**
   * Takes a plan that differs in its filter chains only. Connections of chains that are no more drain; the others do not notice. Answers
   * the connections that are to leave.
   */
  replaceChains(plan: ListenerPlan, drain: Drain): readonly ChainConnections[] {
    this.plan = plan;
    return this.#server.keepOnly(chainsOf(plan), drain);
  }

  forget(connection: Connection): void {
    const acceptedAt = this.#connections.get(connection);
    if (acceptedAt === undefined) return;
    this.#connections.delete(connection);
    this.#closed(acceptedAt);
  }

  refuse(connection: Connection): void {
    this.forget(connection);
    connection.reset();
  }

  #onSocket(socket: net.Socket): void {
    const { limits } = this.#environment;
    if (!limits.isGlobalFree || !limits.isListenerFree(this.plan.name)) {
      this.stats.count(limits.isGlobalFree ? 'downstream_cx_overflow' : 'downstream_global_cx_overflow');
      socket.destroy();
      return;
    }
    const connection = Connection.accept(socket);
    this.#connections.set(connection, this.#environment.http.now());
    this.#opened();
    if (!Inspector.isNeeded(this.plan)) {
      this.#choose(connection, null);
      return;
    }
    this.stats.inspecting++;
    new Inspector(connection, this.plan, connection.socket.localPort ?? 0, this.stats, (first) => {
      this.stats.inspecting--;
      if (first === null) this.forget(connection);
      else this.#choose(connection, first);
    });
  }

  #choose(connection: Connection, first: FirstBytes | null): void {
    const facts = new Facts(connection, first, this.#environment.nextConnectionId());
    if (this.plan.useOriginalDst && !this.#isOwnPort(facts.destinationPort)) facts.isDestinationRestored = true;
    const decision = decideConnection(this.plan, facts, null);
    if (decision.kind === 'none') {
      this.stats.count('no_filter_chain_match');
      this.refuse(connection);
      return;
    }
    const { chain } = decision;
    const bytes = first?.bytes ?? noBytes;
    if (chain.tls === null) {
      this.#server.serve(connection, { chain, facts, alpn: '' }, bytes);
      return;
    }
    const context = this.#environment.tlsContexts.server(chain.tls);
    if (context === null) {
      this.#environment.log('debug', `listener ${this.plan.name}: no certificate yet for ${facts.serverName || 'a TLS connection'}`);
      this.refuse(connection);
      return;
    }
    this.#secure(connection, chain, facts, { context, bytes });
  }

  #isOwnPort(port: number): boolean {
    return this.plan.addresses.some((address) => address.kind === 'tcp' && address.port === port);
  }

  #secure(connection: Connection, chain: FilterChainPlan, facts: Facts, first: { context: TlsServerContext; bytes: Buffer }): void {
    const { context, bytes } = first;
    const acceptedAt = this.#connections.get(connection) ?? 0;
    this.#connections.delete(connection);
    handshake(connection.detach(bytes), { chain, facts, context, stats: this.stats }, (socket, problem) => {
      if (socket === null) {
        this.#closed(acceptedAt);
        if (problem !== '') this.#environment.log('debug', `listener ${this.plan.name}: ${problem}`);
        return;
      }
      const secured = Connection.secure(socket);
      this.#connections.set(secured, acceptedAt);
      const alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '';
      this.#server.serve(secured, { chain, facts, alpn }, noBytes);
    });
  }

  #opened(): void {
    this.stats.countOpened();
    this.#environment.limits.opened(this.plan.name);
  }

  #closed(acceptedAt: number): void {
    this.stats.countClosed(this.#environment.http.now() - acceptedAt);
    this.#environment.limits.closed(this.plan.name);
  }
}

const noBytes = Buffer.alloc(0);

function chainsOf({ filterChains, defaultFilterChain }: ListenerPlan): readonly FilterChainPlan[] {
  return defaultFilterChain === null ? filterChains : [...filterChains, defaultFilterChain];
}
