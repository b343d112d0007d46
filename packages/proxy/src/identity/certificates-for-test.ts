import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its key, both PEM. */
export interface PairForTest {
  readonly cert: string;
  readonly key: string;
}

/** What a test certificate says. */
export interface LeafForTest {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  /** Relative to now, in seconds; an hour unless given. */
  readonly livesSeconds?: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const provider = webcrypto as unknown as Crypto;

/** A certificate authority that lives as long as a test. */
export class AuthorityForTest {
  readonly root: string;
  #keys: webcrypto.CryptoKeyPair;
  #certificate: x509.X509Certificate;
  #serial = 1;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: x509.X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
    this.root = `${certificate.toString('pem')}\n`;
  }

  static async create(name = 'test'): Promise<AuthorityForTest> {
    const keys = await provider.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: '01',
        name: `O=${name}`,
        notBefore: new Date(Date.now() - 3_600_000),
        // A day and a half: a test may count the whole days left without meeting their boundary.
        notAfter: new Date(Date.now() + 129_600_000),
        signingAlgorithm: algorithm,
        keys: keys as never,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        ],
      },
      provider,
    );
    return new AuthorityForTest(keys, certificate);
  }

  async issue({ uris = [], dns = [], livesSeconds = 3600 }: LeafForTest = {}): Promise<PairForTest> {
    const keys = await provider.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const names = [...uris.map((value) => ({ type: 'url' as const, value })), ...dns.map((value) => ({ type: 'dns' as const, value }))];
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: (++this.#serial).toString(16).padStart(4, '0'),
        subject: '',
        issuer: this.#certificate.subject,
        notBefore: new Date(Date.now() - 7_200_000),
        notAfter: new Date(Date.now() + livesSeconds * 1000),
        signingKey: this.#keys.privateKey,
        publicKey: keys.publicKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names, true)]),
        ],
      },
      provider,
    );
    const pkcs8 = Buffer.from(await provider.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const lines = pkcs8.match(/.{1,64}/g) ?? [];
    return {
      cert: `${certificate.toString('pem')}\n`,
      key: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
    };
  }
}
