import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { PeerCertificate } from '@weft/core/plan/facts';

/** Who the other side of a TLS connection is. */
export interface PeerIdentity {
  readonly certificate: PeerCertificate;
  /** First URI name, e.g. `spiffe://cluster.local/ns/a/sa/b`; `''` without. */
  readonly uri: string;
}

/** The peer's certificate as Node's object; null when it showed none or it cannot be parsed. */
export function peerX509(socket: TLSSocket): X509Certificate | null {
  try {
    return socket.getPeerX509Certificate() ?? null;
  } catch {
    return null;
  }
}

/** What policies read of a certificate. */
export function identityOf(certificate: X509Certificate, verified: boolean): PeerIdentity {
  const read = new ReadCertificate(certificate, verified);
  return { uri: read.uriSans[0] ?? '', certificate: read };
}

/** A certificate's names are always asked for; what only logs print is read when it is. */
class ReadCertificate implements PeerCertificate {
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  readonly verified: boolean;
  readonly #certificate: X509Certificate;

  constructor(certificate: X509Certificate, verified: boolean) {
    const names = parseSubjectAltNames(certificate.subjectAltName ?? '');
    this.uriSans = names.uris;
    this.dnsSans = names.dns;
    this.verified = verified;
    this.#certificate = certificate;
  }

  get subject(): string {
    return rfc2253(this.#certificate.subject);
  }

  get issuer(): string {
    return rfc2253(this.#certificate.issuer);
  }

  get serial(): string {
    return this.#certificate.serialNumber.toLowerCase();
  }

  get sha256(): string {
    return this.#certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  }

  get pem(): string {
    return this.#certificate.toString();
  }

  get chainPem(): string {
    let chain = '';
    for (let next: X509Certificate | undefined = this.#certificate; next !== undefined; next = next.issuerCertificate)
      chain += next.toString();
    return chain;
  }
}

/** Subject alternative names by kind. */
export interface SubjectAltNames {
  readonly uris: readonly string[];
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  readonly ips: readonly string[];
}

/** Parses Node's `URI:…, DNS:…` text, in which names that hold special characters are quoted as JSON. */
export function parseSubjectAltNames(text: string): SubjectAltNames {
  const names = { uris: [] as string[], dns: [] as string[], emails: [] as string[], ips: [] as string[] };
  for (const entry of splitEntries(text)) {
    const colon = entry.indexOf(':');
    const value = unquote(entry.slice(colon + 1));
    const kind = entry.slice(0, colon);
    if (kind === 'URI') names.uris.push(value);
    else if (kind === 'DNS') names.dns.push(value);
    else if (kind === 'email') names.emails.push(value);
    else if (kind === 'IP Address') names.ips.push(value);
  }
  return names;
}

function splitEntries(text: string): string[] {
  const entries: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (isQuoted && char === '\\') i++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && char === ',' && text[i + 1] === ' ') {
      entries.push(text.slice(start, i));
      start = i + 2;
    }
  }
  if (start < text.length) entries.push(text.slice(start));
  return entries;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}

/** Node prints one attribute per line, first to last; Envoy prints RFC 2253, last to first. */
function rfc2253(name: string | undefined): string {
  return (name ?? '').split('\n').filter(Boolean).reverse().join(',');
}
