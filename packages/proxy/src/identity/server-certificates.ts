import { createHash, hkdfSync, X509Certificate } from 'node:crypto';
import type tls from 'node:tls';
import type { DownstreamTlsPlan } from '@weft/core/plan/tls-plan';
import { parseSubjectAltNames } from './peer-certificate.ts';
import type { PeerValidation } from './verify-peer.ts';

/** A certificate chain with its key, PEM. */
export interface CertificatePair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

interface Known {
  readonly pair: CertificatePair;
  readonly names: readonly string[];
  readonly keyType: string;
}

/** The certificates of a server, and which of them answer to a name: an exact one before a wildcard, the first where none fits. */
export class ServerCertificates {
  #known: readonly Known[];
  #make: (pairs: readonly CertificatePair[]) => tls.SecureContext;
  #contexts: Map<string, tls.SecureContext> = new Map();
  /** For clients that name no server. */
  readonly first: tls.SecureContext;

  /** Throws when a certificate cannot be used. */
  constructor(pairs: readonly CertificatePair[], make: (pairs: readonly CertificatePair[]) => tls.SecureContext) {
    this.#make = make;
    this.#known = pairs.length < 2 ? [] : pairs.map(readPair);
    this.first = pairs.length < 2 ? make(pairs) : this.#contextOf(this.#known);
  }

  /** True when the name matters. */
  get isChoice(): boolean {
    return this.#known.length > 1;
  }

  /** The context for a server name in lower case, `''` for none. */
  forName(serverName: string): tls.SecureContext {
    if (!this.isChoice) return this.first;
    const wildcard = serverName.includes('.') ? `*${serverName.slice(serverName.indexOf('.'))}` : '';
    for (const name of [serverName, wildcard]) {
      const found = name === '' ? [] : this.#known.filter(({ names }) => names.includes(name));
      if (found.length > 0) return this.#contextOf(found);
    }
    return this.first;
  }

  /** One certificate of each kind of key: the client's abilities decide among those. */
  #contextOf(candidates: readonly Known[]): tls.SecureContext {
    const byKeyType = new Map<string, Known>();
    for (const candidate of candidates) if (!byKeyType.has(candidate.keyType)) byKeyType.set(candidate.keyType, candidate);
    const chosen = [...byKeyType.values()];
    const key = chosen.map((candidate) => this.#known.indexOf(candidate)).join();
    const known = this.#contexts.get(key);
    if (known !== undefined) return known;
    const made = this.#make(chosen.map(({ pair }) => pair));
    this.#contexts.set(key, made);
    return made;
  }
}

function readPair(pair: CertificatePair): Known {
  const certificate = new X509Certificate(pair.cert);
  const { dns } = parseSubjectAltNames(certificate.subjectAltName ?? '');
  const common = /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1];
  const names = dns.length > 0 || common === undefined ? dns : [common];
  return { pair, names: names.map((name) => name.toLowerCase()), keyType: certificate.publicKey.asymmetricKeyType ?? '' };
}

/** All that decides whether a session of one context may be resumed in another: who is served, and who is let in. */
export function contextFingerprint(
  plan: DownstreamTlsPlan,
  validation: PeerValidation | null,
  { pairs, roots }: { pairs: readonly CertificatePair[]; roots: string | null },
): Buffer {
  const { minVersion, maxVersion, cipherSuites, requireClientCertificate } = plan;
  const context = validation?.context;
  const names = context?.subjectAltNames.map(({ type, matcher: { kind, value, ignoreCase } }) => [type, kind, value, ignoreCase]);
  const pins = [context?.certificateHashes, context?.certificateSpki, context?.allowExpired, context?.acceptUntrusted];
  const told = [
    minVersion,
    maxVersion,
    cipherSuites,
    requireClientCertificate,
    roots,
    names,
    pins,
    context?.spiffe?.map((each) => each.trustDomain),
  ];
  const hash = createHash('sha256').update(JSON.stringify(told));
  for (const { cert } of pairs) hash.update(cert);
  return hash.digest();
}

/** Keys of the session tickets (48 bytes): the same wherever secret and context are the same. */
export function ticketKeys(secret: Uint8Array, fingerprint: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, fingerprint, 'weft session tickets', 48));
}
