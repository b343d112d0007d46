import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';

/** One element of `x-forwarded-client-cert`, in Envoy's key order. */
export function formatCertificateHeader(details: HttpConnectionManagerPlan['clientCertDetails'], connection: ConnectionFacts): string {
  const peer = connection.peerCertificate;
  const parts: string[] = [];
  for (const uri of connection.localCertificate?.uriSans ?? []) parts.push(`By=${uri}`);
  parts.push(`Hash=${peer?.sha256 ?? ''}`);
  if (details.cert) parts.push(`Cert="${encodePem(peer?.pem ?? '')}"`);
  if (details.chain) parts.push(`Chain="${encodePem(peer?.chainPem ?? '')}"`);
  if (details.subject) parts.push(`Subject="${(peer?.subject ?? '').replaceAll('"', '\\"')}"`);
  if (details.uri) {
    for (const uri of peer?.uriSans ?? []) parts.push(`URI=${uri}`);
    if ((peer?.uriSans.length ?? 0) === 0) parts.push('URI=');
  }
  if (details.dns) for (const dns of peer?.dnsSans ?? []) parts.push(`DNS=${dns}`);
  return parts.join(';');
}

/** Percent-encodes what PEM holds that an element must not. */
function encodePem(pem: string): string {
  return pem.replace(/[\n +/=]/g, (char) => encodeURIComponent(char));
}
