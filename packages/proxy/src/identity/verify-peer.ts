import { createHash, type X509Certificate } from 'node:crypto';
import type tls from 'node:tls';
import type { ValidationContextPlan } from '@weft/core/plan/tls-plan';
import { parseSubjectAltNames } from './peer-certificate.ts';
import { checkTrustDomain } from './spiffe-trust.ts';

/** How a peer is judged, with its trust roots resolved. Null roots: nothing is verified. */
export interface PeerValidation {
  readonly context: ValidationContextPlan;
  readonly hasRoots: boolean;
}

/** Reasons to turn a peer away for other than its chain. */
export const verifyProblems = {
  noCertificate: 'peer did not return a certificate',
  names: 'CERTIFICATE_VERIFY_FAILED: verify cert failed: SAN matcher',
  hostName: 'CERTIFICATE_VERIFY_FAILED: verify cert failed: verify SAN list',
  hashes: 'CERTIFICATE_VERIFY_FAILED: verify cert failed: cert hash and spki',
};

/** Judges the certificate that the peer showed in this handshake or the resumed one. Answers null when it is acceptable, else the reason. */
export function checkPeer(
  socket: tls.TLSSocket,
  certificate: X509Certificate | null,
  validation: PeerValidation | null,
  options: { isRequired: boolean },
): string | null {
  if (certificate === null) return options.isRequired ? verifyProblems.noCertificate : null;
  if (validation === null) return null;
  const context = validation.context;
  if (validation.hasRoots && !context.acceptUntrusted) {
    const reason = verificationError(socket);
    if (reason !== null && !(context.allowExpired && reason === 'CERT_HAS_EXPIRED')) return `CERTIFICATE_VERIFY_FAILED: ${reason}`;
  }
  return checkNames(certificate, context) ?? (context.spiffe === null ? null : checkTrustDomain(socket, certificate, context.spiffe));
}

interface WithTlsHandle {
  readonly ssl?: { verifyError?(): (Error & { code?: string }) | null } | null;
}

/** OpenSSL's verdict on the chain. Node sets `authorized` only on sockets made by `tls.connect` and `tls.Server`, so the handle is asked. */
function verificationError(socket: tls.TLSSocket): string | null {
  const { ssl } = socket as unknown as WithTlsHandle;
  if (typeof ssl?.verifyError !== 'function') return socket.authorized ? null : String(socket.authorizationError ?? 'unknown');
  const error = ssl.verifyError();
  return error ? (error.code ?? error.message) : null;
}

/** Judges a certificate's names and hashes. Answers null when they are acceptable, else the reason. */
export function checkNames(certificate: X509Certificate, context: ValidationContextPlan): string | null {
  if (context.subjectAltNames.length > 0 && !matchesSan(certificate, context)) {
    return verifyProblems.names;
  }
  return isPinned(certificate, context) ? null : verifyProblems.hashes;
}

/** Where hashes are given, of the certificate or of its key, one of them has to fit. */
function isPinned(certificate: X509Certificate, { certificateHashes, certificateSpki }: ValidationContextPlan): boolean {
  if (certificateHashes.length === 0 && certificateSpki.length === 0) return true;
  if (certificateHashes.includes(certificate.fingerprint256.replaceAll(':', '').toLowerCase())) return true;
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return certificateSpki.includes(createHash('sha256').update(key).digest('base64'));
}

function matchesSan(certificate: X509Certificate, context: ValidationContextPlan): boolean {
  const names = parseSubjectAltNames(certificate.subjectAltName ?? '');
  return context.subjectAltNames.some(({ type, matcher }) => {
    switch (type) {
      case 'URI':
        return names.uris.some(matcher.matches);
      case 'DNS':
        return names.dns.some((name) => matcher.matches(name) || (matcher.kind === 'exact' && matchesWildcard(name, matcher.value)));
      case 'EMAIL':
        return names.emails.some(matcher.matches);
      case 'IP_ADDRESS':
        return names.ips.some(matcher.matches);
      case 'ANY':
        return [...names.uris, ...names.dns, ...names.emails, ...names.ips].some(matcher.matches);
      default:
        return false;
    }
  });
}

function matchesWildcard(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return false;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot).toLowerCase() === pattern.slice(1).toLowerCase();
}
