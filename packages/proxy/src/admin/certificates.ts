import { X509Certificate } from 'node:crypto';
import { parseSubjectAltNames } from '../identity/peer-certificate.ts';
import type { CertificateUse } from '../telemetry/certificate-stats.ts';
import { clusterScope } from '../telemetry/cluster-stats.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** `/certs`: what each certificate in force says, by the TLS configuration of a listener or a cluster that shows or trusts it. */
export function certificates(proxy: ProxyInside): unknown {
  const found = certificateUses(proxy).flatMap(({ chains, roots }) => {
    const chain = chains.flatMap(describeFirst);
    const authorities = describeFirst(roots);
    if (chain.length === 0 && authorities.length === 0) return [];
    return [{ ca_cert: authorities, cert_chain: chain }];
  });
  return { certificates: found };
}

type TlsUser = Pick<ProxyInside, 'clusters' | 'listeners' | 'tlsContexts'>;

/** The certificates in force, by the listener or cluster that shows or trusts them. */
export function certificateUses({ clusters, listeners, tlsContexts }: TlsUser): CertificateUse[] {
  const served = listeners.all.flatMap(({ plan, stats }) => {
    const chains = [...plan.filterChains, ...(plan.defaultFilterChain === null ? [] : [plan.defaultFilterChain])];
    return chains.flatMap(({ tls }) => (tls === null ? [] : [{ scope: stats.scope, plan: tls }]));
  });
  const asked = clusters.all().flatMap(({ plan }) => {
    const transports = [plan.transport, ...plan.transportMatches.map(({ transport }) => transport)];
    return transports.flatMap((transport) =>
      transport.kind === 'tls' ? [{ scope: clusterScope(plan.statName), plan: transport.tls }] : [],
    );
  });
  return [...served, ...asked].map((use) => ({ ...use, ...tlsContexts.pemOf(use.plan) }));
}

/** A chain's own certificate, not those that vouch for it. */
function describeFirst(pem: string): object[] {
  try {
    return pem === '' ? [] : [describe(new X509Certificate(pem))];
  } catch {
    return [];
  }
}

const daySeconds = 86_400;

function describe(certificate: X509Certificate): object {
  const { uris, dns, ips } = parseSubjectAltNames(certificate.subjectAltName ?? '');
  const expires = new Date(certificate.validTo);
  // Certificates know whole seconds, and Envoy counts the present in them too.
  const secondsLeft = expires.getTime() / 1000 - Math.floor(Date.now() / 1000);
  return {
    path: '<inline>',
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: [...uris.map((uri) => ({ uri })), ...dns.map((name) => ({ dns: name })), ...ips.map((ip) => ({ ip_address: ip }))],
    days_until_expiration: String(Math.max(0, Math.floor(secondsLeft / daySeconds))),
    valid_from: inSeconds(new Date(certificate.validFrom)),
    expiration_time: inSeconds(expires),
  };
}

function inSeconds(date: Date): string {
  return date.toISOString().replace('.000', '');
}
