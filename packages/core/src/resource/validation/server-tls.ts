import type { GatewaySpec } from '../kinds.ts';
import type { Report } from './report.ts';

type Server = NonNullable<GatewaySpec['servers']>[number];
type ServerTls = NonNullable<Server['tls']>;

const certificateModes: ReadonlySet<string> = new Set(['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL']);
const passthroughModes: ReadonlySet<string> = new Set(['PASSTHROUGH', 'AUTO_PASSTHROUGH']);
const cipherSuites: ReadonlySet<string> = new Set([
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
  'ALL',
]);

/** Checks the TLS settings of a Gateway's server or of a Sidecar's ingress listener. */
export function checkServerTls(tls: ServerTls | undefined, path: string, report: Report): void {
  if (!tls) return;
  checkCiphers(tls, path, report);
  checkSources(tls, path, report);
  const mode = tls.mode ?? 'PASSTHROUGH';
  if (mode === 'ISTIO_MUTUAL') {
    for (const field of ['serverCertificate', 'privateKey', 'caCertificates', 'credentialName', 'caCrl'] as const) {
      if (tls[field]) report.error(`${path}.${field}`, "must not be set for mode ISTIO_MUTUAL, which uses Istio's own certificates");
    }
    for (const field of ['credentialNames', 'tlsCertificates'] as const) {
      if (tls[field]?.length)
        report.error(`${path}.${field}`, "must not be set for mode ISTIO_MUTUAL, which uses Istio's own certificates");
    }
    return;
  }
  if (passthroughModes.has(mode) && hasCertificates(tls)) report.warn(path, `mode ${mode} uses no certificates; those given are ignored`);
  if (!certificateModes.has(mode)) return;
  if (tls.caCrl) {
    if (tls.credentialName || tls.credentialNames?.length)
      report.warn(`${path}.caCrl`, 'has no effect beside credentialName: the credential itself holds the revocation list');
    else if (mode === 'SIMPLE') report.error(`${path}.caCrl`, 'must not be set for mode SIMPLE, which asks for no client certificate');
  }
  if (tls.credentialName || tls.credentialNames?.length) return;
  if (tls.tlsCertificates?.length) checkCertificateList(tls, path, report);
  else {
    if (!tls.serverCertificate) report.error(`${path}.serverCertificate`, `is required for mode ${mode} without credentialName`);
    if (!tls.privateKey) report.error(`${path}.privateKey`, `is required for mode ${mode} without credentialName`);
  }
  if (mode !== 'SIMPLE' && !tls.caCertificates && !tls.caCertCredentialName) {
    report.error(`${path}.caCertificates`, `is required for mode ${mode} without credentialName`);
  }
}

/** Whether any certificate, key or credential is named. */
export function hasCertificates(tls: ServerTls): boolean {
  const single = ['serverCertificate', 'privateKey', 'caCertificates', 'caCrl', 'credentialName', 'caCertCredentialName'] as const;
  return single.some((field) => tls[field]) || (tls.credentialNames?.length ?? 0) > 0 || (tls.tlsCertificates?.length ?? 0) > 0;
}

function checkCiphers(tls: ServerTls, path: string, report: Report): void {
  if ((tls.minProtocolVersion === 'TLSV1_0' || tls.minProtocolVersion === 'TLSV1_1') && !tls.cipherSuites?.length) {
    report.warn(`${path}.minProtocolVersion`, 'TLS below 1.2 needs cipherSuites: the default ones are not compatible');
  }
  const seen = new Set<string>();
  for (const [index, suite] of (tls.cipherSuites ?? []).entries()) {
    if (!isCipherSuite(suite)) report.warn(`${path}.cipherSuites[${index}]`, `the cipher suite "${suite}" is unknown and will be ignored`);
    else if (seen.has(suite)) report.warn(`${path}.cipherSuites[${index}]`, `the cipher suite "${suite}" is listed twice`);
    seen.add(suite);
  }
}

/** What begins with neither a letter nor a digit is an operator of OpenSSL's cipher lists, which Envoy understands. */
function isCipherSuite(suite: string): boolean {
  return !/^[\p{L}\p{N}]/u.test(suite) || cipherSuites.has(suite);
}

/** Certificates come from one place: a secret, several secrets, a pair of files, or several pairs. */
function checkSources(tls: ServerTls, path: string, report: Report): void {
  const sources = [
    tls.credentialName ? 'credentialName' : '',
    tls.credentialNames?.length ? 'credentialNames' : '',
    tls.serverCertificate && tls.privateKey ? 'serverCertificate' : '',
    tls.tlsCertificates?.length ? 'tlsCertificates' : '',
  ].filter((name) => name !== '');
  if (sources.length > 1) report.rule(path, `expected certificates from one source, found ${sources.join(' and ')}`);
  if ((tls.tlsCertificates?.length ?? 0) > 2)
    report.warn(`${path}.tlsCertificates`, 'Envoy takes at most two certificates, one RSA and one ECDSA');
}

function checkCertificateList(tls: ServerTls, path: string, report: Report): void {
  for (const [index, pair] of (tls.tlsCertificates ?? []).entries()) {
    for (const field of ['serverCertificate', 'privateKey'] as const) {
      if (!pair[field]) report.error(`${path}.tlsCertificates[${index}].${field}`, 'is required');
    }
  }
}
