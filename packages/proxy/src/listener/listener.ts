import net from 'node:net';
import tls from 'node:tls';
import { decideConnection } from '@weft/core/engine/decide-connection';
import { decideNetwork } from '@weft/core/engine/decide-network';
import type { AddressPlan } from '@weft/core/plan/cluster-plan';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import { ConnectionManager, type HttpConnection, type HttpConnectionObserver } from '../http/connection-manager.ts';
import type { HttpContext } from '../http/exchange-view.ts';
import { identityOf, peerX509 } from '../identity/peer-certificate.ts';
import type { TlsContexts, TlsServerContext } from '../identity/tls-contexts.ts';
import { checkPeer } from '../identity/verify-peer.ts';
import { Connection } from '../io/connection.ts';
import { TcpProxy, type TcpProxyContext } from '../tcp/tcp-proxy.ts';
import type { ListenerStats } from '../telemetry/listener-stats.ts';
import { bridgeAlpn } from '../upstream/transport.ts';
import { Facts } from './connection-facts.ts';
import { rememberDownstreamTls } from './downstream-tls.ts';
import type { Drain } from './drain.ts';
import { type FirstBytes, Inspector } from './inspector.ts';
import { PrefaceDetector } from './preface-detector.ts';

/** What a listener uses of the proxy it belongs to. */
export interface ListenerEnvironment {
  readonly http: HttpContext;
  readonly tcp: TcpProxyContext;
  readonly tlsContexts: TlsContexts;
  readonly nextConnectionId: () => number;
  readonly log: (level: 'warn' | 'info' | 'debug', message: string) => void;
  /** Certificates of this proxy, for XFCC and logs. */
  readonly reusePort: boolean;
}

/** One listener at run time: its bound sockets and the connections that came through them. */
export class Listener implements HttpConnectionObserver {
  plan: ListenerPlan;
  #drain: Drain | null = null;
  readonly stats: ListenerStats;
  #environment: ListenerEnvironment;
  #servers: net.Server[] = [];
  #connections: Set<Connection> = new Set();
  #http: Set<HttpConnection> = new Set();
  #tcp: Set<TcpProxy> = new Set();

  constructor(plan: ListenerPlan, environment: ListenerEnvironment, stats: ListenerStats) {
    this.plan = plan;
    this.#environment = environment;
    this.stats = stats;
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
    for (const connection of this.#http) if (connection.isIdle) connection.drain();
  }

  closeServers(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  destroyConnections(): void {
    for (const connection of this.#connections) connection.destroy();
    for (const proxy of this.#tcp) proxy.close();
    for (const connection of this.#http) connection.connection.destroy();
  }

  onHttpConnectionClosed(connection: HttpConnection): void {
    this.#http.delete(connection);
    this.#connections.delete(connection.connection);
    this.stats.countClosed();
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
    const connection = Connection.accept(socket);
    this.#connections.add(connection);
    this.stats.connections.increment();
    this.stats.active++;
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
    if (bytes.length > 0) this.#secure(connection, chain, facts, context, bytes);
    else this.#secureLater(connection, chain, facts, context);
  }

  #isOwnPort(port: number): boolean {
    return this.plan.addresses.some((address) => address.kind === 'tcp' && address.port === port);
  }

  #secureLater(connection: Connection, chain: FilterChainPlan, facts: Facts, context: TlsServerContext): void {
    this.#secure(connection, chain, facts, context, noBytes);
  }

  #secure(connection: Connection, chain: FilterChainPlan, facts: Facts, context: TlsServerContext, bytes: Buffer): void {
    const isUninspected = bytes.length === 0;
    const secureContext = context.certificates.forName(facts.serverName, context.plan.requireSni && !isUninspected);
    if (secureContext === null) {
      this.stats.tlsErrors.increment();
      this.#refuse(connection);
      return;
    }
    const raw = connection.detach(bytes);
    this.#connections.delete(connection);
    const socket = new tls.TLSSocket(raw, {
      isServer: true,
      secureContext,
      requestCert: context.asksForCertificate,
      rejectUnauthorized: false,
      ...nameOptions(context, facts),
      ...alpnOptions(chain, facts),
    });
    const timer = setTimeout(
      () => socket.destroy(),
      chain.transportConnectTimeoutMs > 0 ? chain.transportConnectTimeoutMs : handshakeTimeoutMs,
    );
    let isOver = false;
    const fail = (): void => {
      clearTimeout(timer);
      if (isOver) return;
      isOver = true;
      this.stats.tlsErrors.increment();
      this.stats.countClosed();
      socket.destroy();
    };
    raw.on('error', () => socket.destroy());
    socket.once('error', fail);
    // The time ran out, or the client left: neither need be an error.
    socket.once('close', fail);
    socket.once('secure', () => {
      clearTimeout(timer);
      socket.removeListener('error', fail);
      socket.removeListener('close', fail);
      const certificate = peerX509(socket);
      const problem = checkPeer(socket, certificate, context.validation, { isRequired: context.plan.requireClientCertificate });
      if (problem !== null) {
        this.#environment.log('debug', `listener ${this.plan.name}: ${problem}`);
        socket.on('error', () => {});
        fail();
        return;
      }
      facts.peerCertificate = certificate === null ? null : identityOf(certificate, context.validation?.hasRoots === true).certificate;
      facts.localCertificate = context.certificate ?? localCertificate(socket);
      this.#onSecured(socket, chain, facts);
    });
  }

  #onSecured(socket: tls.TLSSocket, chain: FilterChainPlan, facts: Facts): void {
    this.stats.handshakes.increment();
    facts.isTls = true;
    rememberDownstreamTls(facts, socket);
    facts.tlsVersion = socket.getProtocol() ?? '';
    const connection = Connection.secure(socket);
    this.#connections.add(connection);
    this.#serve(connection, chain, facts, typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '', noBytes);
  }

  #serve(connection: Connection, chain: FilterChainPlan, facts: Facts, alpn: string, bytes: Buffer): void {
    const verdict = decideNetwork(chain, facts, null);
    if (!verdict.allowed) {
      this.stats.rbacDenied.increment();
      this.#refuse(connection);
      return;
    }
    if (chain.http !== null) this.#serveHttp(connection, chain, facts, alpn, bytes);
    else if (chain.tcp !== null) this.#serveTcp(connection, chain, facts, alpn, bytes);
    else this.#refuse(connection);
  }

  #serveHttp(connection: Connection, chain: FilterChainPlan, facts: Facts, alpn: string, bytes: Buffer): void {
    const manager = chain.http;
    if (manager === null) return;
    const place = { facts, chain, manager, listener: this.plan };
    const start = (isHttp2: boolean, first: Buffer): void => {
      const connectionManager = new ConnectionManager(this.#environment.http, this, place);
      const codec = connectionManager.serve(connection, isHttp2, alpn === bridgeAlpn);
      this.#http.add(codec);
      if (first.length > 0) codec.onData(first, first.length);
    };
    if (manager.codec === 'HTTP1') start(false, bytes);
    else if (manager.codec === 'HTTP2' || alpn === 'h2' || alpn === 'istio-h2' || alpn === bridgeAlpn) start(true, bytes);
    else if (alpn !== '') start(false, bytes);
    else {
      const { idleTimeoutMs, maxConnectionDurationMs } = manager.common;
      const waits = [idleTimeoutMs, maxConnectionDurationMs].filter((ms) => ms > 0);
      const owner = { onProtocol: start, onGone: () => this.#forget(connection) };
      new PrefaceDetector(connection, bytes, owner).start(this.#environment.http.timers, waits.length > 0 ? Math.min(...waits) : 0);
    }
  }

  #serveTcp(connection: Connection, chain: FilterChainPlan, facts: Facts, alpn: string, bytes: Buffer): void {
    if (chain.tcp === null) return;
    const proxy = new TcpProxy(connection, { facts, chain, tcp: chain.tcp, listener: this.plan, alpn }, this.#environment.tcp, () => {
      this.#tcp.delete(proxy);
      this.#forget(connection);
    });
    this.#tcp.add(proxy);
    proxy.start(bytes);
  }

  #refuse(connection: Connection): void {
    this.#forget(connection);
    connection.reset();
  }

  #forget(connection: Connection): void {
    if (this.#connections.delete(connection)) this.stats.countClosed();
  }
}

const noBytes = Buffer.alloc(0);
const handshakeTimeoutMs = 15_000;

function listenOptions(address: AddressPlan): net.ListenOptions {
  if (address.kind === 'pipe') return { path: address.path };
  if (address.kind === 'tcp') return { host: address.host, port: address.port };
  throw new Error(`a listener cannot bind the internal address ${address.listener}`);
}

function bindError(name: string, address: AddressPlan, error: NodeJS.ErrnoException): string {
  const where = address.kind === 'tcp' ? `${address.host}:${address.port}` : address.kind === 'pipe' ? address.path : address.listener;
  const why =
    error.code === 'EADDRINUSE' ? 'the port is taken by another process' : error.code === 'EACCES' ? 'not permitted' : error.message;
  return `listener ${name} cannot bind ${where}: ${why}`;
}

/** Without an inspector the name is learned in the handshake: the certificate is chosen then, where there is a choice. */
function nameOptions({ certificates, plan }: TlsServerContext, facts: Facts): Pick<tls.TLSSocketOptions, 'SNICallback'> {
  if (facts.serverName !== '' || !(certificates.isChoice || plan.requireSni)) return {};
  return {
    SNICallback: (name, done) => {
      const context = certificates.forName(name.toLowerCase(), plan.requireSni);
      if (context === null) done(new Error(`no certificate for ${name}`));
      else done(null, context);
    },
  };
}

/** The server's choice among the offered protocols; two Weft sidecars agree on the multiplexed bridge. */
function alpnOptions(chain: FilterChainPlan, facts: Facts): Pick<tls.TLSSocketOptions, 'ALPNProtocols'> {
  const own = chain.tls?.alpn ?? [];
  const mayBridge = chain.http !== null && chain.http.codec !== 'HTTP1';
  const offered = facts.applicationProtocols;
  // What the client offers is known where the TLS inspector ran; elsewhere OpenSSL chooses, by our order.
  if (offered.length === 0) return own.length === 0 ? {} : { ALPNProtocols: mayBridge ? [bridgeAlpn, ...own] : [...own] };
  if (mayBridge && offered.includes(bridgeAlpn)) return { ALPNProtocols: [bridgeAlpn] };
  const chosen = own.find((name) => offered.includes(name));
  // No overlap is no error: BoringSSL then goes on without ALPN, OpenSSL would fail the handshake.
  return chosen === undefined ? {} : { ALPNProtocols: [chosen] };
}

function localCertificate(socket: tls.TLSSocket): Facts['localCertificate'] {
  try {
    const certificate = socket.getX509Certificate();
    return certificate === undefined ? null : identityOf(certificate, true).certificate;
  } catch {
    return null;
  }
}
