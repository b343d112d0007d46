import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import tls from 'node:tls';
import type { ClusterPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { UpstreamTlsPlan } from '@weft/core/plan/tls-plan';
import type { ResetReason } from '../http/stream.ts';
import type { PeerIdentity } from '../identity/peer-certificate.ts';
import { identityOf, peerX509 } from '../identity/peer-certificate.ts';
import type { TlsClientContext } from '../identity/tls-contexts.ts';
import { checkPeer, verifyProblems } from '../identity/verify-peer.ts';
import { Connection } from '../io/connection.ts';
import type { ConnectOptions } from '../io/sockets.ts';
import type { ConnectionIdentity } from './connection-identity.ts';
import { proxyProtocolHeader } from './proxy-protocol-header.ts';
import type { UpstreamHost } from './upstream-host.ts';

/** An upstream connection ready for a codec. */
export interface OpenedConnection {
  readonly connection: Connection;
  readonly isHttp2: boolean;
  /** Negotiated application protocol, `''` for none. */
  readonly alpn: string;
  readonly peer: PeerIdentity | null;
  /** First URI name of the certificate shown to the peer, `''` without. */
  readonly localUri: string;
}

/** Outcome of opening a connection; exactly one is called, unless it is cancelled. */
export interface OpeningCallbacks {
  onOpen(opened: OpenedConnection): void;
  onFailure(reason: ResetReason, details: string): void;
}

/** A connection being opened. */
export interface UpstreamOpening {
  cancel(): void;
}

/** ALPN by which two Weft sidecars agree to multiplex HTTP/1.1 requests over one HTTP/2 connection. */
export const bridgeAlpn = 'weft-h2';

/** What the connection will carry. */
export type Purpose = 'http1' | 'http2' | 'tcp';

/** Opens a connection to a host for HTTP. */
export function openUpstream(
  host: UpstreamHost,
  useHttp2: boolean,
  callbacks: OpeningCallbacks,
  identity: ConnectionIdentity | null = null,
): UpstreamOpening {
  return openHost(host, useHttp2 ? 'http2' : 'http1', callbacks, identity);
}

/** Opens a connection to a host: TCP or Unix socket, then TLS where its transport socket says so, all within the connect timeout. */
export function openHost(
  host: UpstreamHost,
  purpose: Purpose,
  callbacks: OpeningCallbacks,
  identity: ConnectionIdentity | null = null,
): UpstreamOpening {
  return new Opening(host, purpose, callbacks, identity);
}

class Opening implements UpstreamOpening {
  #host: UpstreamHost;
  #purpose: Purpose;
  #callbacks: OpeningCallbacks;
  #identity: ConnectionIdentity | null;
  #beganAt: number;
  #connectedAt = 0;
  #isDone = false;
  #connection: Connection | null = null;
  #tls: tls.TLSSocket | null = null;
  #timer: NodeJS.Timeout;

  constructor(host: UpstreamHost, purpose: Purpose, callbacks: OpeningCallbacks, identity: ConnectionIdentity | null) {
    this.#beganAt = host.cluster.now();
    this.#host = host;
    this.#purpose = purpose;
    this.#callbacks = callbacks;
    this.#identity = identity;
    this.#timer = setTimeout(() => this.#fail('connectTimeout', 'connect timeout'), host.cluster.plan.connectTimeoutMs);
    this.#connect(host.transport);
  }

  cancel(): void {
    this.#fail('connectFailure', 'cancelled');
  }

  #connect(transport: UpstreamTransportPlan): void {
    const options = connectOptions(this.#host);
    if (options === null) {
      queueMicrotask(() => this.#fail('connectFailure', 'unsupported address'));
      return;
    }
    const connection = Connection.connect(options, () => {
      probeWhenIdle(connection, this.#host.cluster.plan.tcpKeepalive);
      this.#onConnected(connection, transport);
    });
    this.#connection = connection;
    connection.owner = {
      onData() {},
      onDrain() {},
      onEnd: () => connection.destroy(),
      onClose: () => this.#fail('connectFailure', describeConnectError(connection.error)),
    };
  }

  #onConnected(connection: Connection, transport: UpstreamTransportPlan): void {
    if (this.#isDone) return;
    if (this.#connectedAt === 0) this.#connectedAt = this.#host.cluster.now();
    if (transport.kind === 'raw') this.#succeed(connection, this.#purpose === 'http2', '', null);
    else if (transport.kind === 'tls') this.#secure(connection, transport.tls);
    else if (transport.kind === 'proxyProtocol') {
      connection.writeOwned(proxyProtocolHeader(transport.version, this.#identity?.downstream ?? null, connection.socket));
      this.#onConnected(connection, transport.inner);
    } else this.#fail('connectFailure', `unsupported transport socket ${transport.typeUrl}`);
  }

  #secure(connection: Connection, plan: UpstreamTlsPlan): void {
    const cluster = this.#host.cluster;
    const context = cluster.tlsContexts.client(plan);
    if (context === null) {
      this.#fail('connectFailure', 'TLS_error: secret not supplied by SDS');
      return;
    }
    const sni = this.#serverName(plan);
    const resumed = context.session(this.#host.address, sni);
    const socket = tls.connect({
      socket: connection.detach(noBytes),
      secureContext: context.secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ALPNProtocols: offeredAlpn(plan, this.#purpose, cluster.plan.protocol.mode),
      ...(sni === '' ? {} : { servername: sni }),
      ...(resumed === null ? {} : { session: resumed.session }),
    });
    this.#tls = socket;
    const shown = (): X509Certificate | null => peerX509(socket) ?? (socket.isSessionReused() ? (resumed?.certificate ?? null) : null);
    socket.on('session', (session: Buffer) => context.rememberSession(this.#host.address, sni, { session, certificate: shown() }));
    socket.once('error', (error) => {
      cluster.stats.tls.countFailure(error);
      this.#fail('connectFailure', `TLS_error: ${error.message}`);
    });
    socket.once('close', () => this.#fail('connectFailure', 'TLS_error: connection closed in handshake'));
    socket.once('secureConnect', () => this.#onSecured(socket, context, shown()));
  }

  #serverName(plan: UpstreamTlsPlan): string {
    const { protocol } = this.#host.cluster.plan;
    const asked = this.#identity?.serverName ?? '';
    if (protocol.autoSni && asked !== '' && isIP(asked) === 0) return asked;
    return plan.sni === '' && plan.autoHostSni ? this.#host.endpoint.hostname : plan.sni;
  }

  /** With automatic verification the certificate has to be for the host that the request names. */
  #nameProblem(certificate: X509Certificate | null): string | null {
    const name = this.#identity?.serverName ?? '';
    if (!this.#host.cluster.plan.protocol.autoSanValidation || name === '') return null;
    const isForName = (isIP(name) === 0 ? certificate?.checkHost(name) : certificate?.checkIP(name)) !== undefined;
    return isForName ? null : verifyProblems.hostName;
  }

  #onSecured(socket: tls.TLSSocket, context: TlsClientContext, certificate: X509Certificate | null): void {
    const problem = checkPeer(socket, certificate, context.validation, { isRequired: true }) ?? this.#nameProblem(certificate);
    if (problem !== null) {
      this.#host.cluster.stats.tls.countRefusal(problem);
      this.#fail('connectFailure', `TLS_error: ${problem}`);
      return;
    }
    this.#host.cluster.stats.tls.countHandshake(socket, certificate !== null);
    const alpn = typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '';
    const isHttp2 = alpn === '' ? this.#purpose === 'http2' : isHttp2Alpn(alpn);
    socket.removeAllListeners('close');
    socket.removeAllListeners('error');
    this.#succeed(
      Connection.secure(socket),
      this.#purpose !== 'tcp' && isHttp2,
      alpn,
      certificate === null ? null : identityOf(certificate, context.validation?.hasRoots === true),
    );
  }

  #succeed(connection: Connection, isHttp2: boolean, alpn: string, peer: PeerIdentity | null): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    const now = this.#host.cluster.now();
    connection.opening = { beganAt: this.#beganAt, connectedAt: connection.isTls ? this.#connectedAt : now, readyAt: now };
    this.#callbacks.onOpen({ connection, isHttp2, alpn, peer, localUri: peer === null ? '' : localUriOf(this.#tls) });
  }

  #fail(reason: ResetReason, details: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    this.#tls?.destroy();
    this.#connection?.destroy();
    this.#callbacks.onFailure(reason, details);
  }
}

const noBytes = Buffer.alloc(0);

function localUriOf(socket: tls.TLSSocket | null): string {
  try {
    const certificate = socket?.getX509Certificate();
    return certificate === undefined ? '' : identityOf(certificate, true).uri;
  } catch {
    return '';
  }
}

/** Linux's own, for what is not said. */
const keepaliveDefaults = { timeSeconds: 7200, intervalSeconds: 75, probes: 9 };

/** Has the kernel ask, on a connection that is silent, whether the peer is still there. */
function probeWhenIdle({ socket }: Connection, keepalive: ClusterPlan['tcpKeepalive']): void {
  if (keepalive === null) return;
  const timeSeconds = keepalive.timeSeconds ?? keepaliveDefaults.timeSeconds;
  const intervalSeconds = keepalive.intervalSeconds ?? keepaliveDefaults.intervalSeconds;
  socket.setKeepAlive(true, timeSeconds * 1000, intervalSeconds * 1000, keepalive.probes ?? keepaliveDefaults.probes);
}

function connectOptions(host: UpstreamHost): ConnectOptions | null {
  const address = host.endpoint.address;
  const localAddress = host.cluster.plan.sourceAddress?.host ?? null;
  if (address.kind === 'pipe') return { host: '', port: 0, path: address.path, localAddress: null };
  if (address.kind !== 'tcp') return null;
  return { host: address.host, port: address.port, path: null, localAddress: localAddress === '0.0.0.0' ? null : localAddress };
}

/** Starts the reasons that only logs tell, not answers to clients. */
export const connectErrorPrefix = 'delayed connect error:';

function describeConnectError(error: NodeJS.ErrnoException | null): string {
  if (error === null) return `${connectErrorPrefix} connection closed`;
  if (error.code === 'ECONNREFUSED') return `${connectErrorPrefix} Connection refused`;
  return `${connectErrorPrefix} ${error.code ?? error.message}`;
}

function isHttp2Alpn(alpn: string): boolean {
  return alpn === 'h2' || alpn === 'istio-h2' || alpn === bridgeAlpn;
}

/** The names to offer. With Istio's mutual TLS the HTTP version is told as Istio's alpn filter does, plus Weft's own bridge. */
function offeredAlpn(plan: UpstreamTlsPlan, purpose: Purpose, mode: string): string[] {
  if (purpose === 'tcp') return [...plan.alpn];
  if (plan.alpn.includes('istio')) {
    return purpose === 'http2' ? ['istio-h2', 'istio', 'h2'] : [bridgeAlpn, 'istio-http/1.1', 'istio', 'http/1.1'];
  }
  if (plan.alpn.length > 0) return [...plan.alpn];
  if (mode === 'auto') return ['h2', 'http/1.1'];
  return purpose === 'http2' ? ['h2'] : [];
}
