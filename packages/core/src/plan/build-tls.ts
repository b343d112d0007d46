import type { DataSourceJson, WatchedDirectoryJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type {
  CertificateValidationContextJson,
  TlsCertificateJson,
  TlsParameters_TlsProtocolJson,
} from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { SecretJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type {
  CommonTlsContextJson,
  DownstreamTlsContextJson,
  UpstreamTlsContextJson,
} from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { SPIFFECertValidatorConfigJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config_pb';
import { buildDataSource } from './build-data-source.ts';
import { buildStringMatcher } from './build-matcher.ts';
import { messageName } from './read.ts';
import type {
  CommonTlsPlan,
  DataSourcePlan,
  DownstreamTlsPlan,
  SanMatcher,
  SecretPlan,
  TlsCertificatePlan,
  TrustDomainPlan,
  UpstreamTlsPlan,
  ValidationContextPlan,
  ValidationPlan,
} from './tls-plan.ts';

/** TLS as a server. */
export function buildDownstreamTls(json: DownstreamTlsContextJson): DownstreamTlsPlan {
  return {
    ...buildCommon(json.commonTlsContext ?? {}, 'TLSv1.3'),
    requireClientCertificate: json.requireClientCertificate ?? false,
    requireSni: json.requireSni ?? false,
    fullScanCertsOnSniMismatch: json.fullScanCertsOnSniMismatch ?? false,
    disableStatelessSessionResumption: json.disableStatelessSessionResumption ?? false,
  };
}

/** TLS as a client. Envoy's default maximum for clients is TLS 1.2 unless the parameters say more. */
export function buildUpstreamTls(json: UpstreamTlsContextJson): UpstreamTlsPlan {
  const newer = json as { readonly autoHostSni?: boolean; readonly autoSniSanValidation?: boolean };
  return {
    ...buildCommon(json.commonTlsContext ?? {}, 'TLSv1.2'),
    sni: json.sni ?? '',
    autoHostSni: newer.autoHostSni ?? false,
    autoSniSanValidation: newer.autoSniSanValidation ?? false,
    maxSessionKeys: json.maxSessionKeys ?? 1,
  };
}

/** A secret. */
export function buildSecret(json: SecretJson): SecretPlan {
  const name = json.name ?? '';
  if (json.tlsCertificate) return { name, kind: 'certificate', certificate: buildCertificate(json.tlsCertificate) };
  if (json.validationContext) return { name, kind: 'validation', context: buildValidationContext(json.validationContext) };
  if (json.genericSecret) return { name, kind: 'generic', secret: buildDataSource(json.genericSecret.secret) };
  return { name, kind: 'unsupported' };
}

type Version = CommonTlsPlan['minVersion'];

const versions: Readonly<Record<string, Version>> = { TLSv1_0: 'TLSv1', TLSv1_1: 'TLSv1.1', TLSv1_2: 'TLSv1.2', TLSv1_3: 'TLSv1.3' };

/** The groups for key exchange that Envoy agrees to unless told otherwise, best first. */
const usualCurves = ['X25519MLKEM768', 'X25519', 'P-256'];

function buildCommon(json: CommonTlsContextJson, defaultMaximum: Version): CommonTlsPlan {
  const parameters = json.tlsParams ?? {};
  return {
    minVersion: version(parameters.tlsMinimumProtocolVersion, 'TLSv1.2'),
    maxVersion: version(parameters.tlsMaximumProtocolVersion, defaultMaximum),
    cipherSuites: parameters.cipherSuites ?? [],
    curves: parameters.ecdhCurves?.length ? parameters.ecdhCurves : usualCurves,
    alpn: json.alpnProtocols ?? [],
    certificates: (json.tlsCertificates ?? []).map(buildCertificate),
    certificateSecrets: (json.tlsCertificateSdsSecretConfigs ?? []).map((secret) => secret.name ?? ''),
    validation: buildValidation(json),
  };
}

function version(protocol: TlsParameters_TlsProtocolJson | undefined, fallback: Version): Version {
  return versions[protocol ?? ''] ?? fallback;
}

function buildCertificate(json: TlsCertificateJson): TlsCertificatePlan {
  const read = (source: DataSourceJson | undefined): DataSourcePlan | null => watchedSource(source, json.watchedDirectory);
  return {
    certificateChain: read(json.certificateChain),
    privateKey: read(json.privateKey),
    pkcs12: read(json.pkcs12),
    password: read(json.password),
  };
}

/** A file is watched through its own directory setting, else through that of the message it stands in. */
function watchedSource(json: DataSourceJson | undefined, directory: WatchedDirectoryJson | undefined): DataSourcePlan | null {
  const source = buildDataSource(json);
  return source?.kind === 'file' ? { ...source, watchedDirectory: source.watchedDirectory ?? directory?.path ?? null } : source;
}

function buildValidation(json: CommonTlsContextJson): ValidationPlan {
  if (json.combinedValidationContext) {
    const { defaultValidationContext, validationContextSdsSecretConfig } = json.combinedValidationContext;
    return {
      kind: 'combined',
      context: buildValidationContext(defaultValidationContext ?? {}),
      secret: validationContextSdsSecretConfig?.name ?? '',
    };
  }
  if (json.validationContextSdsSecretConfig) return { kind: 'secret', secret: json.validationContextSdsSecretConfig.name ?? '' };
  return json.validationContext ? { kind: 'inline', context: buildValidationContext(json.validationContext) } : { kind: 'none' };
}

function buildValidationContext(json: CertificateValidationContextJson): ValidationContextPlan {
  const typed = (json.matchTypedSubjectAltNames ?? []).map(
    ({ sanType, matcher }): SanMatcher => ({ type: sanTypes[sanType ?? ''] ?? 'ANY', matcher: buildStringMatcher(matcher ?? {}) }),
  );
  const untyped = (json.matchSubjectAltNames ?? []).map((matcher): SanMatcher => ({ type: 'ANY', matcher: buildStringMatcher(matcher) }));
  return {
    trustedCa: watchedSource(json.trustedCa, json.watchedDirectory),
    crl: watchedSource(json.crl, json.watchedDirectory),
    subjectAltNames: typed.length > 0 ? typed : untyped,
    certificateHashes: (json.verifyCertificateHash ?? []).map((hash) => hash.replaceAll(':', '').toLowerCase()),
    certificateSpki: json.verifyCertificateSpki ?? [],
    allowExpired: json.allowExpiredCertificate ?? false,
    acceptUntrusted: json.trustChainVerification === 'ACCEPT_UNTRUSTED',
    requireSignedCertificateTimestamp: json.requireSignedCertificateTimestamp ?? false,
    systemRoots: json.systemRootCerts !== undefined,
    spiffe: buildTrustDomains(json),
  };
}

const spiffeValidator = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

/** The SPIFFE validator's trust domains; null without it. */
function buildTrustDomains({ customValidatorConfig }: CertificateValidationContextJson): TrustDomainPlan[] | null {
  const config = customValidatorConfig?.typedConfig as (SPIFFECertValidatorConfigJson & { readonly '@type'?: string }) | undefined;
  if (config === undefined || messageName(config['@type']) !== spiffeValidator) return null;
  return (config.trustDomains ?? []).map(({ name = '', trustBundle }) => ({ trustDomain: name, bundle: buildDataSource(trustBundle) }));
}

const sanTypes: Readonly<Record<string, SanMatcher['type']>> = {
  EMAIL: 'EMAIL',
  DNS: 'DNS',
  URI: 'URI',
  IP_ADDRESS: 'IP_ADDRESS',
  OTHER_NAME: 'OTHER_NAME',
};
