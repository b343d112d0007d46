import type net from 'node:net';
import tls from 'node:tls';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import { identityOf, peerX509 } from '../identity/peer-certificate.ts';
import type { TlsServerContext } from '../identity/tls-contexts.ts';
import { checkPeer, verifyProblems } from '../identity/verify-peer.ts';
import type { ListenerStats } from '../telemetry/listener-stats.ts';
import { bridgeAlpn } from '../upstream/transport.ts';
import type { Facts } from './connection-facts.ts';
import { rememberDownstreamTls } from './downstream-tls.ts';

/** What a handshake goes by. */
export interface HandshakeSetup {
  readonly chain: FilterChainPlan;
  /** Filled in with what the handshake tells. */
  readonly facts: Facts;
  readonly context: TlsServerContext;
  readonly stats: ListenerStats;
}

const handshakeTimeoutMs = 15_000;

/**
 * Handshakes as a server. `done` is called once: with the socket when the client may come in, with null and the reason (`''` for a handshake
 * that failed, or took longer than the chain allows) when it was turned away.
 */
export function handshake(raw: net.Socket, setup: HandshakeSetup, done: (socket: tls.TLSSocket | null, problem: string) => void): void {
  const { chain, facts, context } = setup;
  const stats = setup.stats.tls;
  const isRequired = context.asksForCertificate && context.plan.requireClientCertificate;
  const socket = new tls.TLSSocket(raw, {
    isServer: true,
    secureContext: context.certificates.forName(facts.serverName),
    requestCert: context.asksForCertificate,
    // OpenSSL's part of it alone: a client without a certificate gets the alert that says so. Whom to trust is judged below.
    rejectUnauthorized: isRequired,
    ...nameOptions(context, facts),
    ...alpnOptions(chain, facts),
  });
  const limitMs = chain.transportConnectTimeoutMs > 0 ? chain.transportConnectTimeoutMs : handshakeTimeoutMs;
  const timer = setTimeout(() => {
    setup.stats.count('downstream_cx_transport_socket_connect_timeout');
    socket.destroy();
  }, limitMs);
  let isOver = false;
  const finish = (problem: string | null): void => {
    clearTimeout(timer);
    if (isOver) return;
    isOver = true;
    socket.removeListener('close', fail);
    socket.removeListener('error', fail);
    if (problem === null) done(socket, '');
    else {
      socket.on('error', () => {});
      socket.destroy();
      done(null, problem);
    }
  };
  const fail = (error: unknown): void => {
    const isNameless = (error as NodeJS.ErrnoException | null)?.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
    if (isNameless) stats.countRefusal(verifyProblems.noCertificate);
    else stats.countFailure(error instanceof Error ? error : null);
    finish(isNameless ? verifyProblems.noCertificate : '');
  };
  raw.on('error', () => socket.destroy());
  socket.once('error', fail);
  // The time ran out, or the client left: neither need be an error.
  socket.once('close', fail);
  socket.once('secure', () => {
    const certificate = peerX509(socket);
    const problem = checkPeer(socket, certificate, context.validation, { isRequired });
    if (problem !== null) stats.countRefusal(problem);
    else {
      stats.countHandshake(socket, certificate !== null);
      facts.isTls = true;
      facts.peerCertificate = certificate === null ? null : identityOf(certificate, context.validation?.hasRoots === true).certificate;
      facts.localCertificate = context.certificate ?? localCertificate(socket);
      rememberDownstreamTls(facts, socket);
      facts.tlsVersion = socket.getProtocol() ?? '';
    }
    finish(problem);
  });
}

/** Without an inspector the name is learned in the handshake: the certificate is chosen then, where there is a choice. */
function nameOptions({ certificates }: TlsServerContext, facts: Facts): Pick<tls.TLSSocketOptions, 'SNICallback'> {
  if (facts.serverName !== '' || !certificates.isChoice) return {};
  return { SNICallback: (name, done) => done(null, certificates.forName(name.toLowerCase())) };
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
