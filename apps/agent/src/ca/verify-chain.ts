import { X509Certificate } from 'node:crypto';

/** One certificate of a chain that was looked at, leaf first. */
export interface ChainLink {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly serial: string;
  readonly isAuthority: boolean;
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface ChainVerdict {
  readonly valid: boolean;
  /** The workload's identity, when the leaf has exactly one. */
  readonly spiffeId: string | null;
  readonly links: readonly ChainLink[];
  readonly problems: readonly string[];
}

/** Certificates in a PEM text, in order. @throws when there is none, or one cannot be read */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('no certificate in PEM form');
  return blocks.map((block) => new X509Certificate(block));
}

/** Whether a workload's chain leads to one of the roots, is current, and names one identity as the mesh's proxies demand it. */
export function verifyChain(chain: readonly X509Certificate[], roots: readonly X509Certificate[], nowMs: number): ChainVerdict {
  const problems: string[] = [];
  const path = pathToRoot(chain, roots, problems);
  for (const certificate of path) {
    if (Date.parse(certificate.validFrom) > nowMs)
      problems.push(`${nameOf(certificate)} is not valid before ${iso(certificate.validFrom)}`);
    if (Date.parse(certificate.validTo) <= nowMs) problems.push(`${nameOf(certificate)} expired on ${iso(certificate.validTo)}`);
  }
  for (const authority of path.slice(1)) if (!authority.ca) problems.push(`${nameOf(authority)} may not sign: it is no authority`);
  const [leaf] = chain;
  const names = leaf ? uriNames(leaf) : [];
  if (leaf?.ca) problems.push('the first certificate is an authority, not a workload');
  if (names.length !== 1) problems.push(`expected one SPIFFE identity in the first certificate, found ${names.length}`);
  return { valid: problems.length === 0, spiffeId: names.length === 1 ? (names[0] ?? null) : null, links: path.map(linkOf), problems };
}

function pathToRoot(chain: readonly X509Certificate[], roots: readonly X509Certificate[], problems: string[]): readonly X509Certificate[] {
  const path: X509Certificate[] = [];
  let current = chain[0];
  while (current) {
    const child: X509Certificate = current;
    path.push(child);
    if (roots.some((root) => root.fingerprint256 === child.fingerprint256)) return path;
    const issuer: X509Certificate | undefined = [...roots, ...chain].find((each) => !path.includes(each) && isIssuer(each, child));
    if (!issuer) problems.push(`${nameOf(child)} is signed by none of the roots and of the chain's certificates`);
    current = issuer;
  }
  return path;
}

function isIssuer(issuer: X509Certificate, child: X509Certificate): boolean {
  return child.checkIssued(issuer) && child.verify(issuer.publicKey);
}

function linkOf(certificate: X509Certificate): ChainLink {
  return {
    subject: certificate.subject ?? '',
    issuer: certificate.issuer ?? '',
    names: (certificate.subjectAltName ?? '').split(', ').filter(Boolean),
    serial: certificate.serialNumber.toLowerCase(),
    isAuthority: certificate.ca,
    notBefore: iso(certificate.validFrom),
    notAfter: iso(certificate.validTo),
  };
}

function uriNames(certificate: X509Certificate): readonly string[] {
  return [...(certificate.subjectAltName ?? '').matchAll(/URI:(spiffe:\/\/[^,\s]+)/g)].map((match) => match[1] ?? '');
}

function nameOf(certificate: X509Certificate): string {
  return uriNames(certificate)[0] ?? (certificate.subject || `serial ${certificate.serialNumber.toLowerCase()}`);
}

const iso = (date: string): string => new Date(date).toISOString();
