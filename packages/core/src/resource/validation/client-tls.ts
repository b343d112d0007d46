import type { DestinationRuleSpec } from '../kinds.ts';
import type { Report } from './report.ts';

type ClientTls = NonNullable<NonNullable<DestinationRuleSpec['trafficPolicy']>['tls']>;

const configMapScheme = 'configmap://';

/** Checks TLS settings towards an upstream, as a resource of some namespace has them; `''` when it has none. */
export function checkClientTls(tls: ClientTls | undefined, namespace: string, path: string, report: Report): void {
  if (!tls) return;
  checkConfigMap(tls.credentialName, namespace, `${path}.credentialName`, report);
  const own = tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL';
  if (tls.insecureSkipVerify && own) {
    const names =
      tls.mode === 'SIMPLE'
        ? (['caCertificates', 'credentialName', 'subjectAltNames'] as const)
        : (['caCertificates', 'subjectAltNames'] as const);
    const used = names.filter((name) => (name === 'subjectAltNames' ? tls[name] != null : tls[name]));
    if (used.length > 0) report.error(path, `insecureSkipVerify excludes ${used.join(', ')}`);
  }
  if (own && tls.credentialName) {
    const used = (['clientCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const).filter((name) => tls[name]);
    if (used.length > 0) report.error(path, `credentialName excludes ${used.join(', ')}`);
    return;
  }
  if (tls.mode === 'MUTUAL') {
    if (!tls.clientCertificate) report.error(`${path}.clientCertificate`, 'is required for mode MUTUAL without credentialName');
    if (!tls.privateKey) report.error(`${path}.privateKey`, 'is required for mode MUTUAL without credentialName');
  }
  if (tls.mode === 'ISTIO_MUTUAL') {
    const used = (['clientCertificate', 'privateKey', 'caCertificates', 'credentialName'] as const).filter((name) => tls[name]);
    if (used.length > 0) report.warn(path, `mode ISTIO_MUTUAL uses Istio's own certificates; ${used.join(', ')} will be ignored`);
  }
}

/** Authorities may come from a ConfigMap, `configmap://namespace/name` or `configmap://name`, of the resource's own namespace. */
function checkConfigMap(credentialName: unknown, namespace: string, path: string, report: Report): void {
  if (typeof credentialName !== 'string' || !credentialName.startsWith(configMapScheme)) return;
  const parts = credentialName.slice(configMapScheme.length).split('/');
  const named = parts.length > 1 ? parts[0] : namespace;
  if (parts.length > 2 || parts.includes('')) report.error(path, `expected ${configMapScheme}namespace/name, found "${credentialName}"`);
  else if (namespace !== '' && named !== namespace)
    report.error(path, `a ConfigMap must be of the resource's own namespace ${namespace}, found "${named}"`);
}
