import type { TLSSocket } from 'node:tls';
import { verifyProblems } from '../identity/verify-peer.ts';
import type { Counter, DeclaredStats, Registry } from './registry.ts';
import { type StatScope, taggedScope } from './stat-scope.ts';

/** Zero until a handshake counts them; stapling is not done here. */
const tlsStats = (side: 'client' | 'server'): DeclaredStats<null> => ({
  counters: [
    'ssl.connection_error',
    'ssl.fail_verify_cert_hash',
    'ssl.fail_verify_error',
    'ssl.fail_verify_no_cert',
    'ssl.fail_verify_san',
    'ssl.handshake',
    'ssl.no_certificate',
    'ssl.ocsp_staple_failed',
    'ssl.ocsp_staple_omitted',
    'ssl.ocsp_staple_requests',
    'ssl.ocsp_staple_responses',
    'ssl.session_reused',
    ...['downstream_context_secrets_not_ready', 'ssl_context_update_by_sds', 'upstream_context_secrets_not_ready'].map(
      (name) => `${side}_ssl_socket_factory.${name}`,
    ),
  ],
});
const statsOfSide = { client: tlsStats('client'), server: tlsStats('server') };

/** Envoy tags ciphers of listeners and of clusters differently, and has no tag for what else it counts by name at clusters. */
const cipherTags = { client: 'cipher_suite', server: 'envoy.ssl_cipher' };

const failures: ReadonlyMap<string, string> = new Map([
  [verifyProblems.noCertificate, 'fail_verify_no_cert'],
  [verifyProblems.names, 'fail_verify_san'],
  [verifyProblems.hostName, 'fail_verify_san'],
  [verifyProblems.hashes, 'fail_verify_cert_hash'],
]);

/** How the handshakes of a listener or a cluster went, under Envoy's names. */
export class TlsStats {
  readonly #registry: Registry;
  readonly #scope: StatScope;
  readonly #side: 'client' | 'server';
  readonly #tagged: Map<string, Counter> = new Map();

  constructor(registry: Registry, scope: StatScope, side: 'client' | 'server') {
    this.#registry = registry;
    this.#scope = scope;
    this.#side = side;
    registry.declare(scope, statsOfSide[side], null);
  }

  countHandshake(socket: TLSSocket, hasPeerCertificate: boolean): void {
    this.#count('handshake');
    if (socket.isSessionReused()) this.#count('session_reused');
    if (!hasPeerCertificate) this.#count('no_certificate');
    this.#countTagged('ciphers', cipherTags[this.#side], socket.getCipher().name);
    this.#countTagged('versions', 'envoy.ssl_version', socket.getProtocol() ?? 'unknown');
    const curve = curveOf(socket);
    if (curve !== null) this.#countTagged('curves', 'envoy.ssl_curve', curve);
  }

  /** A peer was turned away; `problem` as `checkPeer` puts it. */
  countRefusal(problem: string): void {
    this.#count(failures.get(problem) ?? 'fail_verify_error');
  }

  /** A handshake ended early: that counts where TLS failed, not where the peer left. */
  countFailure(error: NodeJS.ErrnoException | null): void {
    if (error?.code?.startsWith('ERR_SSL_') === true) this.#count('connection_error');
  }

  /** A handshake with new certificates from now on. */
  countUpdate(): void {
    this.#registry.counter(this.#scope, `${this.#side}_ssl_socket_factory.ssl_context_update_by_sds`).value++;
  }

  #count(name: string): void {
    this.#registry.counter(this.#scope, `ssl.${name}`).value++;
  }

  #countTagged(group: string, tag: string, value: string): void {
    const key = `ssl.${group}.${value}`;
    let counter = this.#tagged.get(key);
    if (counter === undefined) {
      counter = this.#registry.counter(taggedScope(this.#scope, `ssl.${group}`, tag, value), '');
      this.#tagged.set(key, counter);
    }
    counter.value++;
  }
}

/** Of a client's socket: Node does not tell servers. */
function curveOf(socket: TLSSocket): string | null {
  const key = socket.getEphemeralKeyInfo();
  return key !== null && 'name' in key && typeof key.name === 'string' ? key.name : null;
}
