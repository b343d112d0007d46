import type { TLSSocket } from 'node:tls';
import { verifyProblems } from '../identity/verify-peer.ts';
import { type Counter, type Registry, type StatScope, taggedScope } from './registry.ts';

/** How the handshakes of a listener or a cluster went, under Envoy's names. */
export class TlsStats {
  readonly #registry: Registry;
  readonly #scope: StatScope;
  readonly #cipherTag: string;
  readonly #handshakes: Counter;
  readonly #resumed: Counter;
  readonly #withoutCertificate: Counter;
  readonly #errors: Counter;
  readonly #untrusted: Counter;
  readonly #refusals: ReadonlyMap<string, Counter>;

  /** `cipherTag`: Envoy tags ciphers of listeners and of clusters differently. */
  constructor(registry: Registry, scope: StatScope, cipherTag: 'envoy.ssl_cipher' | 'cipher_suite') {
    this.#registry = registry;
    this.#scope = scope;
    this.#cipherTag = cipherTag;
    const counter = (name: string): Counter => registry.counter(scope, `ssl.${name}`);
    this.#handshakes = counter('handshake');
    this.#resumed = counter('session_reused');
    this.#withoutCertificate = counter('no_certificate');
    this.#errors = counter('connection_error');
    this.#untrusted = counter('fail_verify_error');
    const san = counter('fail_verify_san');
    this.#refusals = new Map([
      [verifyProblems.noCertificate, counter('fail_verify_no_cert')],
      [verifyProblems.names, san],
      [verifyProblems.hostName, san],
      [verifyProblems.hashes, counter('fail_verify_cert_hash')],
    ]);
  }

  countHandshake(socket: TLSSocket, hasPeerCertificate: boolean): void {
    this.#handshakes.increment();
    if (socket.isSessionReused()) this.#resumed.increment();
    if (!hasPeerCertificate) this.#withoutCertificate.increment();
    this.#countTagged('ssl.ciphers', this.#cipherTag, socket.getCipher().name);
    this.#countTagged('ssl.versions', 'envoy.ssl_version', socket.getProtocol() ?? 'unknown');
  }

  /** A peer was turned away; `problem` as `checkPeer` puts it. */
  countRefusal(problem: string): void {
    (this.#refusals.get(problem) ?? this.#untrusted).increment();
  }

  /** A handshake ended early: that counts where TLS failed, not where the peer left. */
  countFailure(error: NodeJS.ErrnoException | null): void {
    if (error?.code?.startsWith('ERR_SSL_') === true) this.#errors.increment();
  }

  #countTagged(group: string, tag: string, value: string): void {
    this.#registry.counter(taggedScope(this.#scope, group, tag, value), '').increment();
  }
}
