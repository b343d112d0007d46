import { X509Certificate } from 'node:crypto';
import type { CommonTlsPlan } from '@weft/core/plan/tls-plan';
import { parseSubjectAltNames } from '../identity/peer-certificate.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** `/certs`: what each certificate in force says, by the TLS configuration of a listener or a cluster that shows or trusts it. */
export function certificates(proxy: ProxyInside): unknown {
  const found = tlsPlans(proxy).flatMap((plan) => {
    const { chains, roots } = proxy.tlsContexts.pemOf(plan);
    const chain = chains.flatMap(describeFirst);
    const authorities = describeFirst(roots);
    if (chain.length === 0 && authorities.length === 0) return [];
    return [{ ca_cert: authorities, cert_chain: chain }];
  });
  return { certificates: found };
}

function tlsPlans({ clusters, listeners }: ProxyInside): CommonTlsPlan[] {
  const chains = listeners.all.flatMap(({ plan }) => [
    ...plan.filterChains,
    ...(plan.defaultFilterChain === null ? [] : [plan.defaultFilterChain]),
  ]);
  const served = chains.flatMap(({ tls }) => (tls === null ? [] : [tls]));
  const transports = clusters.all().flatMap(({ plan }) => [plan.transport, ...plan.transportMatches.map(({ transport }) => transport)]);
  return [...served, ...transports.flatMap((transport) => (transport.kind === 'tls' ? [transport.tls] : []))];
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
