import { X509Certificate } from 'node:crypto';
import { parseSubjectAltNames } from '../identity/peer-certificate.ts';
import type { ProxyInside } from './proxy-inside.ts';

interface SecretJson {
  readonly name?: string;
  readonly tlsCertificate?: { readonly certificateChain?: DataSource };
  readonly validationContext?: { readonly trustedCa?: DataSource };
}

interface DataSource {
  readonly inlineBytes?: string;
  readonly inlineString?: string;
  readonly filename?: string;
}

/** `/certs`: what each certificate in force says, by the secret that holds it. */
export function certificates(proxy: ProxyInside): unknown {
  const found = (proxy.store.snapshot().secrets as readonly SecretJson[]).flatMap(({ tlsCertificate, validationContext }) => {
    const chain = describeAll(tlsCertificate?.certificateChain);
    const authorities = describeAll(validationContext?.trustedCa);
    if (chain.length === 0 && authorities.length === 0) return [];
    return [{ ...(authorities.length > 0 && { ca_cert: authorities }), ...(chain.length > 0 && { cert_chain: chain }) }];
  });
  const own = proxy.identity?.status;
  return { certificates: own ? [...found, own] : found };
}

function describeAll(source: DataSource | undefined): object[] {
  const text = source?.inlineString ?? (source?.inlineBytes === undefined ? '' : Buffer.from(source.inlineBytes, 'base64').toString());
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((pem) => {
    try {
      return [describe(new X509Certificate(pem))];
    } catch {
      return [];
    }
  });
}

const dayMs = 86_400_000;

function describe(certificate: X509Certificate): object {
  const { uris, dns, ips } = parseSubjectAltNames(certificate.subjectAltName ?? '');
  const expires = new Date(certificate.validTo);
  return {
    path: '<inline>',
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: [...uris.map((uri) => ({ uri })), ...dns.map((name) => ({ dns: name })), ...ips.map((ip) => ({ ip_address: ip }))],
    days_until_expiration: String(Math.max(0, Math.floor((expires.getTime() - Date.now()) / dayMs))),
    valid_from: new Date(certificate.validFrom).toISOString(),
    expiration_time: expires.toISOString(),
  };
}
