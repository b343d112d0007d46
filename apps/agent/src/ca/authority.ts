import { createPrivateKey, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { WeftError } from '../api/weft-error.ts';

x509.cryptoProvider.set(webcrypto as never);

const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
export const defaultTtlMs = dayMs;
export const maxTtlMs = 90 * dayMs;
const clockSkewMs = 120_000;
const rootYears = 10;

/** The names of the files of a plugged-in authority, as Istio's `cacerts` secret has them. */
const pluggedFiles = ['ca-cert.pem', 'ca-key.pem', 'root-cert.pem', 'cert-chain.pem'] as const;

export interface IssuedCertificate {
  readonly leafPem: string;
  /** Leaf, intermediates one by one, and the root bundle as the last element. */
  readonly chain: readonly string[];
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Signs workload certificates. */
export interface Authority {
  readonly rootPem: string;
  readonly intermediates: readonly string[];
  readonly signing: x509.X509Certificate;
  readonly notAfter: number;
  readonly fingerprint: string;
  readonly isPluggedIn: boolean;
  /** A certificate for the identity and the key of the request; names in the request are ignored. @throws CsrError */
  sign(csrPem: string, spiffeId: string, ttlMs: number): Promise<IssuedCertificate>;
  /** A certificate for a key of our own, with DNS names: for the agent's server. */
  issueServer(publicKey: webcrypto.CryptoKey, dnsNames: readonly string[], ttlMs: number): Promise<IssuedCertificate>;
}

/** A certificate request that cannot be granted. */
export class CsrError extends Error {}

export interface AuthorityOptions {
  /** Where the self-signed authority keeps its files. */
  readonly directory: string;
  /** Directory with a plugged-in authority, or null. */
  readonly pluggedIn: string | null;
  readonly now: () => number;
}

/** Loads the plugged-in authority, else the one of the data directory, which is made at first. @throws WeftError */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const directory = options.pluggedIn ?? options.directory;
  const present = pluggedFiles.filter((name) => existsSync(join(directory, name)));
  if (options.pluggedIn !== null && present.length < pluggedFiles.length) throw incomplete(directory, present);
  if (options.pluggedIn === null && present.length === 0) await createSelfSigned(options);
  else if (options.pluggedIn === null && present.length < pluggedFiles.length) throw incomplete(directory, present);
  return load(directory, options.pluggedIn !== null, options.now);
}

function incomplete(directory: string, present: readonly string[]): WeftError {
  const missing = pluggedFiles.filter((name) => !present.includes(name));
  return new WeftError(
    'INVALID',
    `${directory}: the certificate authority needs ${pluggedFiles.join(', ')}; ${missing.join(', ')} missing`,
  );
}

async function createSelfSigned({ directory, now }: AuthorityOptions): Promise<void> {
  const keys = (await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: 'O=cluster.local',
    notBefore: new Date(now() - clockSkewMs),
    notAfter: new Date(now() + rootYears * 365 * dayMs),
    signingAlgorithm: curve,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pem = `${root.toString('pem')}\n`;
  writeOnce(join(directory, 'root-cert.pem'), pem, 0o644);
  writeOnce(join(directory, 'cert-chain.pem'), pem, 0o644);
  writeOnce(join(directory, 'ca-cert.pem'), pem, 0o644);
  writeOnce(join(directory, 'ca-key.pem'), x509.PemConverter.encode(key, 'PRIVATE KEY'), 0o600);
}

function writeOnce(path: string, text: string, mode: number): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}

async function load(directory: string, isPluggedIn: boolean, now: () => number): Promise<Authority> {
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const signing = new x509.X509Certificate(read('ca-cert.pem'));
  const rootPem = ensureNewline(read('root-cert.pem'));
  const root = new x509.X509Certificate(rootPem);
  const key = await importKey(read('ca-key.pem'), signing, join(directory, 'ca-key.pem'));
  const isRoot = signing.equal(root);
  const intermediates = isRoot ? [] : splitPem(read('cert-chain.pem')).filter((pem) => !new x509.X509Certificate(pem).equal(root));
  const notAfter = signing.notAfter.getTime();
  if (notAfter <= now())
    throw new WeftError('INVALID', `${directory}/ca-cert.pem: the certificate authority expired on ${signing.notAfter.toISOString()}`);
  const issue = (request: { publicKey: x509.PublicKeyType; names: x509.SubjectAlternativeNameExtension; ttlMs: number }) =>
    issueLeaf({ ...request, signing, key, notAfterMax: notAfter, now: now(), chainTail: [...intermediates, rootPem] });
  return {
    rootPem,
    intermediates,
    signing,
    notAfter,
    fingerprint: Buffer.from(await root.getThumbprint('SHA-256')).toString('hex'),
    isPluggedIn,
    sign: async (csrPem, spiffeId, ttlMs) => {
      if (ttlMs > maxTtlMs) throw new CsrError(`requested lifetime ${ttlMs / dayMs} days is more than ${maxTtlMs / dayMs} days`);
      const csr = await readCsr(csrPem);
      const names = new x509.SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId }], true);
      return issue({ publicKey: csr.publicKey, names, ttlMs: ttlMs > 0 ? ttlMs : defaultTtlMs });
    },
    issueServer: (publicKey, dnsNames, ttlMs) => {
      const names = new x509.SubjectAlternativeNameExtension(
        dnsNames.map((value) => (/^[\d.]+$|:/.test(value) ? { type: 'ip' as const, value } : { type: 'dns' as const, value })),
        true,
      );
      return issue({ publicKey: publicKey as never, names, ttlMs });
    },
  };
}

async function readCsr(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  try {
    const csr = new x509.Pkcs10CertificateRequest(pem);
    if (await csr.verify()) return csr;
  } catch (error) {
    throw new CsrError(`not a certificate signing request: ${(error as Error).message}`);
  }
  throw new CsrError('the signature of the certificate signing request does not verify');
}

async function issueLeaf(request: {
  readonly publicKey: x509.PublicKeyType;
  readonly names: x509.SubjectAlternativeNameExtension;
  readonly ttlMs: number;
  readonly signing: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
  readonly notAfterMax: number;
  readonly now: number;
  readonly chainTail: readonly string[];
}): Promise<IssuedCertificate> {
  const notBefore = request.now - clockSkewMs;
  const notAfter = Math.min(request.now + request.ttlMs, request.notAfterMax);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    issuer: request.signing.subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingAlgorithm: request.key.algorithm as never,
    publicKey: request.publicKey,
    signingKey: request.key as never,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(request.signing.publicKey),
      request.names,
    ],
  });
  const leafPem = `${leaf.toString('pem')}\n`;
  return { leafPem, chain: [leafPem, ...request.chainTail], serial: leaf.serialNumber, notBefore, notAfter };
}

async function importKey(pem: string, certificate: x509.X509Certificate, file: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  const algorithm = certificate.publicKey.algorithm as { name: string; namedCurve?: string };
  const parameters = algorithm.name === 'ECDSA' ? { ...algorithm, hash: 'SHA-256' } : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  try {
    return await webcrypto.subtle.importKey('pkcs8', der, parameters as never, false, ['sign']);
  } catch (error) {
    throw new WeftError('INVALID', `${file}: not a usable private key: ${(error as Error).message}`);
  }
}

function splitPem(text: string): readonly string[] {
  return (text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(ensureNewline);
}

const ensureNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);

/** 128 random bits, positive. */
function randomSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}
