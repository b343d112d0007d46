import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { parseSubjectAltNames, type SubjectAltNames } from '../../identity/peer-certificate.ts';
import type { LogEntry } from '../log-entry.ts';
import { type OperatorTable, type OperatorValue, orMissing, plain } from './operator.ts';

/** Who a TLS connection's ends are; Node's objects are asked only when a log wants them. */
export function certificateOperators(side: 'DOWNSTREAM' | 'UPSTREAM', socketOf: (entry: LogEntry) => TLSSocket | null): OperatorTable {
  const peer = (read: (certificate: X509Certificate) => OperatorValue) =>
    plain((entry) => {
      const certificate = socketOf(entry)?.getPeerX509Certificate();
      return certificate === undefined ? null : read(certificate);
    });
  const local = (read: (certificate: X509Certificate) => OperatorValue) =>
    plain((entry) => {
      const certificate = socketOf(entry)?.getX509Certificate();
      return certificate === undefined ? null : read(certificate);
    });
  const names = (kind: keyof SubjectAltNames) => (certificate: X509Certificate) =>
    orMissing(parseSubjectAltNames(certificate.subjectAltName ?? '')[kind].join(','));
  const both = (end: 'PEER' | 'LOCAL', certificate: typeof peer): OperatorTable => ({
    [`${side}_${end}_URI_SAN`]: certificate(names('uris')),
    [`${side}_${end}_DNS_SAN`]: certificate(names('dns')),
    [`${side}_${end}_IP_SAN`]: certificate(names('ips')),
    [`${side}_${end}_EMAIL_SAN`]: certificate(names('emails')),
    [`${side}_${end}_SUBJECT`]: certificate(({ subject }) => orMissing(distinguishedName(subject))),
    [`${side}_${end}_ISSUER`]: certificate(({ issuer }) => orMissing(distinguishedName(issuer))),
  });
  return {
    ...both('PEER', peer),
    ...both('LOCAL', local),
    [`${side}_PEER_SERIAL`]: peer(serial),
    [`${side}_PEER_FINGERPRINT_256`]: peer(fingerprint256),
    [`${side}_PEER_FINGERPRINT_1`]: peer(fingerprint1),
    [`${side}_PEER_CERT`]: peer((certificate) => urlEncodedPem(certificate)),
    [`${side}_PEER_CERT_V_START`]: peer(({ validFrom }) => new Date(validFrom).toISOString()),
    [`${side}_PEER_CERT_V_END`]: peer(({ validTo }) => new Date(validTo).toISOString()),
    [`${side}_TLS_CIPHER`]: plain((entry) => socketOf(entry)?.getCipher()?.name),
    [`${side}_TLS_VERSION`]: plain((entry) => socketOf(entry)?.getProtocol()),
    [`${side}_TLS_SESSION_ID`]: plain(() => null),
    [`${side}_TLS_GROUP`]: plain((entry) => groupOf(socketOf(entry))),
    [`${side}_PEER_CHAIN_FINGERPRINTS_1`]: peer((certificate) => chainOf(certificate).map(fingerprint1).join(',')),
    [`${side}_PEER_CHAIN_FINGERPRINTS_256`]: peer((certificate) => chainOf(certificate).map(fingerprint256).join(',')),
    [`${side}_PEER_CHAIN_SERIALS`]: peer((certificate) => chainOf(certificate).map(serial).join(',')),
    [`${side}_PEER_ISSUER_FINGERPRINT_256`]: peer(({ issuerCertificate }) =>
      issuerCertificate ? fingerprint256(issuerCertificate) : null,
    ),
    [`${side}_PEER_ISSUER_SERIAL`]: peer(({ issuerCertificate }) => (issuerCertificate ? serial(issuerCertificate) : null)),
  };
}

function serial({ serialNumber }: X509Certificate): string {
  return serialNumber.toLowerCase();
}

function fingerprint1({ fingerprint }: X509Certificate): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function fingerprint256({ fingerprint256: text }: X509Certificate): string {
  return text.replaceAll(':', '').toLowerCase();
}

/** A certificate and those that vouch for it, as far as the peer showed them. */
function chainOf(certificate: X509Certificate): X509Certificate[] {
  const chain = [certificate];
  for (let next = certificate.issuerCertificate; next !== undefined && chain.length < maxChain; next = next.issuerCertificate) {
    if (next.fingerprint256 === chain.at(-1)?.fingerprint256) break;
    chain.push(next);
  }
  return chain;
}

const maxChain = 10;

/** What the keys were agreed on with; Node tells clients only. */
function groupOf(socket: TLSSocket | null): string | null {
  const key = socket?.getEphemeralKeyInfo() ?? null;
  return key !== null && 'name' in key && typeof key.name === 'string' ? key.name : null;
}

/** Node has one attribute a line, first the widest; RFC 2253 has them the other way round. */
function distinguishedName(text: string): string {
  return (text ?? '').split('\n').reverse().join(',');
}

function urlEncodedPem(certificate: X509Certificate): string {
  return encodeURIComponent(certificate.toString()).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
