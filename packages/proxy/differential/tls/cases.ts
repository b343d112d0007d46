import { createHash, X509Certificate } from 'node:crypto';
import { AuthorityForTest, type PairForTest } from '../../src/identity/certificates-for-test.ts';

/** How a client comes. */
export interface Visitor {
  readonly name: string;
  readonly pair?: PairForTest;
  /** `''` sends none. */
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  /** Groups for key exchange, best first. */
  readonly groups?: string;
}

/** One TLS configuration of a listener, and who visits it. */
export interface TlsCase {
  readonly name: string;
  /** A `DownstreamTlsContext`. */
  readonly tls: object;
  readonly visitors: readonly Visitor[];
}

const inline = (text: string): object => ({ inlineString: text });
const certificates = (...pairs: PairForTest[]): object[] =>
  pairs.map(({ cert, key }) => ({ certificateChain: inline(cert), privateKey: inline(key) }));

/** All cases; certificates are made anew for each run. */
export async function tlsCases(): Promise<readonly TlsCase[]> {
  const [ours, theirs] = [await AuthorityForTest.create('ours'), await AuthorityForTest.create('theirs')];
  const own = await ours.issue({ dns: ['a.test'] });
  const uri = 'spiffe://ours/ns/a/sa/b';
  const friend = await ours.issue({ uris: [uri], dns: ['friend.test'] });
  const stranger = await theirs.issue({ uris: [uri] });
  const late = await ours.issue({ uris: [uri], livesSeconds: -60 });
  const clients: readonly Visitor[] = [
    { name: 'without a certificate' },
    { name: 'friend', pair: friend },
    { name: 'stranger', pair: stranger },
    { name: 'late', pair: late },
  ];
  const trusted = { trustedCa: inline(ours.root) };
  const both = { trustedCa: inline(`${ours.root}${theirs.root}`) };
  const certificate = new X509Certificate(friend.cert);
  const hash = certificate.fingerprint256;
  const spki = createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  const judged = (name: string, validationContext: object | null, more: object = {}): TlsCase => ({
    name,
    tls: { commonTlsContext: { tlsCertificates: certificates(own), ...(validationContext && { validationContext }) }, ...more },
    visitors: clients,
  });
  const required = { requireClientCertificate: true };
  const san = (sanType: string, matcher: object): object => ({ ...trusted, matchTypedSubjectAltNames: [{ sanType, matcher }] });
  const spiffe = (name: string): object => ({
    customValidatorConfig: {
      name: 'envoy.tls.cert_validator.spiffe',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig',
        trustDomains: [{ name, trustBundle: inline(ours.root) }],
      },
    },
  });
  const named = [own, await ours.issue({ dns: ['*.wild.test'] }), await ours.issue({ dns: ['b.wild.test'] })];
  const names: readonly Visitor[] = ['a.test', 'b.wild.test', 'c.wild.test', 'c.d.wild.test', 'other.test', ''].map((serverName) => ({
    name: `server name '${serverName}'`,
    serverName,
  }));
  const versions: readonly Visitor[] = [
    { name: 'TLS 1.2', maxVersion: 'TLSv1.2' },
    { name: 'TLS 1.3', minVersion: 'TLSv1.3' },
    { name: 'AES 256', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    { name: 'AES 128', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  ];
  const groups = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'P-521', 'X448', 'P-384:P-256'];
  const exchanges: readonly Visitor[] = groups.map((group) => ({ name: `exchanges by ${group}`, groups: group, minVersion: 'TLSv1.3' }));
  const parameters = (tlsParams: object): TlsCase => ({
    name: `parameters ${JSON.stringify(tlsParams)}`,
    tls: { commonTlsContext: { tlsParams, tlsCertificates: certificates(own) } },
    visitors: versions,
  });
  return [
    judged('no validation', null),
    judged('no validation, required', null, required),
    judged('optional', trusted),
    judged('required', trusted, required),
    judged('two roots', both, required),
    judged('expired allowed', { ...trusted, allowExpiredCertificate: true }, required),
    judged('untrusted accepted', { ...trusted, trustChainVerification: 'ACCEPT_UNTRUSTED' }, required),
    judged('URI exact', san('URI', { exact: uri }), required),
    judged('URI prefix', san('URI', { prefix: 'spiffe://ours/' }), required),
    judged('URI regex', san('URI', { safeRegex: { regex: 'spiffe://.*/sa/c' } }), required),
    judged('DNS exact', san('DNS', { exact: 'friend.test' }), required),
    judged('DNS suffix', san('DNS', { suffix: '.other' }), required),
    judged('hash', { ...trusted, verifyCertificateHash: [hash] }, required),
    judged('hash alone', { verifyCertificateHash: [hash.replaceAll(':', '').toLowerCase()] }, required),
    judged('key', { ...trusted, verifyCertificateSpki: [spki] }, required),
    judged('hash or key', { ...trusted, verifyCertificateHash: ['00'.repeat(32)], verifyCertificateSpki: [spki] }, required),
    judged('SPIFFE trust domain', spiffe('ours'), required),
    judged('SPIFFE other trust domain', spiffe('theirs'), required),
    { name: 'certificate by name', tls: { commonTlsContext: { tlsCertificates: certificates(...named) } }, visitors: names },
    {
      name: 'certificate by name, strict',
      tls: { commonTlsContext: { tlsCertificates: certificates(own) }, requireSni: true },
      visitors: names,
    },
    parameters({}),
    { ...parameters({}), name: 'usual key exchange', visitors: exchanges },
    { ...parameters({ ecdhCurves: ['P-384', 'X25519'] }), visitors: exchanges },
    parameters({ tlsMinimumProtocolVersion: 'TLSv1_3', tlsMaximumProtocolVersion: 'TLSv1_3' }),
    parameters({ tlsMaximumProtocolVersion: 'TLSv1_2' }),
    parameters({ cipherSuites: ['[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]'] }),
    {
      name: 'application protocols',
      tls: { commonTlsContext: { tlsCertificates: certificates(own), alpnProtocols: ['h2', 'http/1.1'] } },
      visitors: [[], ['http/1.1'], ['http/1.1', 'h2'], ['unknown']].map((alpn) => ({ name: `offers ${alpn.join()}`, alpn })),
    },
  ];
}
