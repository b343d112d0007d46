import { createPrivateKey, X509Certificate } from 'node:crypto';
import { buildSecret } from '@weft/core/plan/build-tls';
import { findProblems } from '@weft/core/plan/find-problems';
import type { TlsCertificatePlan } from '@weft/core/plan/tls-plan';
import { readData } from './read-data.ts';

/** What is wrong with a secret in protojson form; null when it can be used. Files are read where it is used, and again when they change. */
export function checkSecret(json: object): string | null {
  const secret = buildSecret(json);
  if (secret.kind === 'unsupported') return 'want a TLS certificate, a validation context or a generic secret';
  const [problem] = findProblems(json);
  if (problem !== undefined) return problem;
  try {
    if (secret.kind === 'certificate') checkCertificate(secret.certificate);
    if (secret.kind === 'validation' && secret.context.trustedCa?.kind === 'inline') checkRoots(readData(secret.context.trustedCa));
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Throws unless the certificate can be read and the key is its own. */
function checkCertificate({ certificateChain, privateKey, pkcs12 }: TlsCertificatePlan): void {
  if (pkcs12 !== null) return;
  if (certificateChain === null || privateKey === null) throw new Error('a TLS certificate needs a certificate chain and a private key');
  if (certificateChain.kind !== 'inline' || privateKey.kind !== 'inline') return;
  checkPair(readData(certificateChain) ?? noBytes, readData(privateKey) ?? noBytes);
}

/** Throws unless both are PEM and belong together. */
export function checkPair(chain: Buffer, key: Buffer): void {
  const certificate = new X509Certificate(chain);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('the private key is not that of the certificate');
}

function checkRoots(bytes: Buffer | undefined): void {
  if (bytes !== undefined) new X509Certificate(bytes);
}

const noBytes = Buffer.alloc(0);
