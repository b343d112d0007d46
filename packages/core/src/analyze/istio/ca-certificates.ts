import type { DestinationRule, DestinationRuleSpec } from '../../resource/kinds.ts';
import type { AnalysisSettings, ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, scalar } from '../fields.ts';
import { fact } from '../proof.ts';

type TlsSettings = NonNullable<NonNullable<DestinationRuleSpec['trafficPolicy']>['tls']>;

/** Clients that speak TLS to a server without verifying whose certificate it shows. */
export const caCertificatesAnalyzer: ResourceAnalyzer = {
  name: 'destinationrule.CaCertificateAnalyzer',
  scope: 'resource',
  inputs: ['DestinationRule'],
  isDefault: true,
  check(resource, context, report) {
    const rule = resource as DestinationRule;
    const spec = object(rule.spec);
    const policy = object(spec.trafficPolicy);
    const selectsWorkloads = spec.workloadSelector !== undefined && spec.workloadSelector !== null;
    const tls = object(policy.tls);
    if (isUnverified(tls, selectsWorkloads, context)) {
      const path = 'spec.trafficPolicy.tls.caCertificates';
      report({
        type: 'NoServerCertificateVerificationDestinationLevel',
        resource,
        path,
        identity: '',
        message: `TLS to ${scalar(spec.host)} is ${tls.mode} but names no caCertificates: the server's certificate is not verified. Set caCertificates or credentialName.`,
        proof: [fact(resource, 'spec.trafficPolicy.tls.mode', `is ${tls.mode}`), fact(resource, path, 'is not set')],
      });
    }
    for (const [index, level] of objects(policy.portLevelSettings)) {
      const portTls = object(level.tls);
      if (!isUnverified(portTls, selectsWorkloads, context)) continue;
      const number = scalar(object(level.port).number);
      const path = `spec.trafficPolicy.portLevelSettings[${index}].tls.caCertificates`;
      report({
        type: 'NoServerCertificateVerificationPortLevel',
        resource,
        path,
        identity: number,
        message: `TLS to port ${number || '?'} of ${scalar(spec.host)} is ${portTls.mode} but names no caCertificates: the server's certificate is not verified. Set caCertificates or credentialName.`,
        proof: [fact(resource, path, 'is not set')],
      });
    }
  },
};

/**
 * Istio's analyzer takes a missing caCertificates for "unverified". Since 1.21 proxies then trust the authorities of their operating system, unless
 * `verifyCertificateAtClient` or the rule turns that off; only what really goes unverified is reported when nobody asked for the analyzer by name.
 */
function isUnverified(tls: Partial<TlsSettings>, selectsWorkloads: boolean, context: AnalysisSettings): boolean {
  if (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL') return false;
  if (tls.caCertificates || (tls.credentialName && selectsWorkloads)) return false;
  return context.exact || tls.insecureSkipVerify === true || !context.meshConfig.verifyCertificateAtClient;
}
