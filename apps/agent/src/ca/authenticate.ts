import { X509Certificate } from 'node:crypto';
import { parseSpiffe, type SpiffeIdentity } from '@weft/core/base/spiffe';
import type { AnyCall } from '../xds/ads-service.ts';
import { verifyToken } from './tokens.ts';

export interface Credentials {
  readonly tokenKey: Uint8Array;
  readonly trustDomain: () => string;
  /** PEM of the certificate that signs workloads' certificates. */
  readonly signingPem: string;
  readonly now: () => number;
}

/**
 * Who makes a gRPC call: from the client certificate of the connection, else from a bearer token; null without either.
 * @throws when there are credentials and they are wrong
 */
export async function authenticate(call: AnyCall, credentials: Credentials): Promise<SpiffeIdentity | null> {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate?.raw) return identityOf(certificate.raw, credentials);
  const [header] = call.metadata.get('authorization');
  if (header === undefined) return null;
  const token = /^Bearer (.+)$/i.exec(String(header))?.[1];
  if (!token) throw new Error('request authenticate failure: the authorization metadata holds no bearer token');
  try {
    const subject = await verifyToken(credentials.tokenKey, token);
    return { trustDomain: credentials.trustDomain(), ...subject };
  } catch (error) {
    throw new Error(`request authenticate failure: ${(error as Error).message}`);
  }
}

/** The TLS layer takes any certificate, so that callers with a token need none: here it is decided whether it is one of ours. */
function identityOf(raw: Buffer, { signingPem, now }: Credentials): SpiffeIdentity {
  const leaf = new X509Certificate(raw);
  const signing = new X509Certificate(signingPem);
  const isOurs = leaf.checkIssued(signing) && leaf.verify(signing.publicKey);
  const isCurrent = Date.parse(leaf.validFrom) <= now() && now() < Date.parse(leaf.validTo);
  const uri = /URI:(spiffe:\/\/[^,\s]+)/.exec(leaf.subjectAltName ?? '')?.[1];
  const identity = uri === undefined ? null : parseSpiffe(uri);
  if (!isOurs || !isCurrent || !identity)
    throw new Error('request authenticate failure: the client certificate is not a current one of this mesh');
  return identity;
}
