import { webcrypto } from 'node:crypto';
import { type Authority, defaultTtlMs } from './authority.ts';

export interface ServerCertificate {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly ca: Buffer;
  readonly notAfter: number;
}

const names = ['istiod.istio-system.svc', 'istiod.istio-system.svc.cluster.local', 'localhost', '127.0.0.1', '::1'];

/** A fresh certificate for the agent's own TLS port. */
export async function issueServerCertificate(authority: Authority): Promise<ServerCertificate> {
  const curve = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = (await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const issued = await authority.issueServer(keys.publicKey, names, defaultTtlMs);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
  return {
    certificate: Buffer.from([issued.leafPem, ...authority.intermediates].join('')),
    privateKey: Buffer.from(pem),
    ca: Buffer.from(authority.rootPem),
    notAfter: issued.notAfter,
  };
}
