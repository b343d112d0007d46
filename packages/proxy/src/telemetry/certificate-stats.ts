import { createHash, X509Certificate } from 'node:crypto';
import type { CommonTlsPlan } from '@weft/core/plan/tls-plan';
import type { StatSample } from './stat-sample.ts';
import type { StatScope } from './stat-scope.ts';

/** A TLS configuration, the scope of the cluster or listener that uses it, and what it shows and trusts at the moment. */
export interface CertificateUse {
  readonly scope: StatScope;
  readonly plan: CommonTlsPlan;
  readonly chains: readonly string[];
  readonly roots: string;
}

/** Envoy names what no discovered secret named by a hash of that missing name. */
const unnamed = createHash('sha256').update('').digest('hex').slice(0, 8);
const maxKnown = 1000;
const endByPem: Map<string, number> = new Map();

/** When the certificates in use end, as gauges of their clusters and listeners. */
export function certificateSamples(uses: readonly CertificateUse[]): StatSample[] {
  return uses.flatMap(({ scope, plan, chains, roots }) => {
    const own = chains.map((pem, index) => ({
      pem,
      name: plan.certificateSecrets[index - plan.certificates.length] ?? `unnamed_cert_${unnamed}`,
    }));
    const { validation } = plan;
    const trusted = 'secret' in validation ? validation.secret : `unnamed_ca_cert_${unnamed}`;
    return [...own, ...(roots === '' ? [] : [{ pem: roots, name: trusted }])].flatMap(({ pem, name }) => {
      const endsAt = endOf(pem);
      return endsAt === null ? [] : [sampleOf(scope, name, endsAt)];
    });
  });
}

/** Seconds since 1970 when the first certificate of a PEM text ends; null where that cannot be read. */
export function endOf(pem: string): number | null {
  const known = endByPem.get(pem);
  if (known !== undefined) return known;
  try {
    const endsAt = Math.floor(new Date(new X509Certificate(pem).validTo).getTime() / 1000);
    if (endByPem.size >= maxKnown) endByPem.clear();
    endByPem.set(pem, endsAt);
    return endsAt;
  } catch {
    return null;
  }
}

function sampleOf({ prefix, extractedPrefix, labels }: StatScope, certificate: string, value: number): StatSample {
  return {
    name: `${prefix}ssl.certificate.${certificate}.expiration_unix_time_seconds`,
    extractedName: `${extractedPrefix}ssl.certificate.expiration_unix_time_seconds`,
    labels: [['envoy.tls_certificate', certificate], ...labels],
    isCustom: false,
    kind: 'gauge',
    value,
    histogram: null,
  };
}
