import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TrustDomainPlan } from '@weft/core/plan/tls-plan';
import { loadX509 } from '../io/load-library.ts';
import { parseSubjectAltNames } from './peer-certificate.ts';
import { readData } from './read-data.ts';

/** PEM of the roots of all trust domains. */
export function bundleBytes(domains: readonly TrustDomainPlan[]): string {
  return domains.map(({ bundle }) => readData(bundle)?.toString('latin1') ?? '').join('\n');
}

/**
 * Judges by whose authority a peer speaks: the chain that was verified against all roots has to end in one of its own trust domain, or a
 * domain could vouch for the names of another. Answers null when it does. A resumed session has no chain: it was judged when it was made.
 */
export function checkTrustDomain(socket: TLSSocket, certificate: X509Certificate, domains: readonly TrustDomainPlan[]): string | null {
  if (!isLeaf(certificate)) return 'CERTIFICATE_VERIFY_FAILED: an X.509 SVID must not be able to sign certificates, and has to say so';
  const [uri = ''] = parseSubjectAltNames(certificate.subjectAltName ?? '').uris;
  const name = /^spiffe:\/\/([^/]+)\//.exec(uri)?.[1];
  const domain = domains.find(({ trustDomain }) => trustDomain === name);
  if (domain === undefined) return `CERTIFICATE_VERIFY_FAILED: no trust bundle for '${name ?? uri}'`;
  if (socket.isSessionReused()) return null;
  const root = rootOf(socket.getPeerCertificate(true));
  const isOwn = certificatesOf(domain).some(({ raw }) => root !== null && raw.equals(root));
  return isOwn ? null : `CERTIFICATE_VERIFY_FAILED: the chain does not end in the trust bundle of '${domain.trustDomain}'`;
}

/** As the SPIFFE standard asks and Envoy checks: no authority, and key usages without those of one. */
function isLeaf(certificate: X509Certificate): boolean {
  const { KeyUsageFlags, KeyUsagesExtension, X509Certificate: PeculiarCertificate } = loadX509();
  const usages = new PeculiarCertificate(certificate.raw).getExtension(KeyUsagesExtension)?.usages;
  return !certificate.ca && usages !== undefined && (usages & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) === 0;
}

/** The last certificate of a chain, DER; null without one. */
function rootOf(leaf: DetailedPeerCertificate): Buffer | null {
  let at = leaf;
  for (let depth = 0; depth < 20 && at.issuerCertificate !== undefined && at.issuerCertificate !== at; depth++) at = at.issuerCertificate;
  return at.raw ?? null;
}

const certificatesByDomain = new WeakMap<TrustDomainPlan, readonly X509Certificate[]>();

function certificatesOf(domain: TrustDomainPlan): readonly X509Certificate[] {
  const known = certificatesByDomain.get(domain);
  if (known !== undefined) return known;
  const pem = readData(domain.bundle)?.toString('latin1') ?? '';
  const found = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((text) => new X509Certificate(text));
  certificatesByDomain.set(domain, found);
  return found;
}
