import type { TransportSocketJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type {
  CertificateValidationContextJson,
  TlsParametersJson,
} from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { CommonTlsContextJson, DownstreamTlsContextJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { ServerTls } from '../mesh/gateway-servers.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import { trustDomains } from './ext-authz.ts';
import { credentialSecret, credentialUri, workloadSecret } from './sds.ts';
import { typedConfig } from './typed-config.ts';

/** Protocols offered to mesh clients: HTTP chains take HTTP, TCP chains also take the exchange of workload metadata. */
const httpAlpn = ['h2', 'http/1.1'];
const tcpAlpn = ['istio-peer-exchange', ...httpAlpn];

const meshCipherSuites = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

const knownCipherSuites: ReadonlySet<string> = new Set([
  ...meshCipherSuites,
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]);

/** Stands for the workload's own certificate where a credential is named. */
const builtInCredential = 'builtin://';

/** TLS of the mesh itself: the workload's own certificate, a client certificate required and checked against the mesh's trust domains. */
export function meshTransportSocket(view: ProxyView, traffic: 'http' | 'tcp'): TransportSocketJson {
  return transportSocket({
    commonTlsContext: {
      tlsParams: meshTlsParameters(view),
      ...meshCertificates(view),
      alpnProtocols: traffic === 'http' ? [...httpAlpn] : [...tcpAlpn],
    },
    requireClientCertificate: true,
    disableStatelessSessionResumption: true,
  });
}

/** TLS as a Gateway server or a Sidecar ingress listener asks for it; null for modes that do not terminate TLS. */
export function serverTransportSocket(view: ProxyView, tls: ServerTls, traffic: 'http' | 'tcp'): TransportSocketJson | null {
  const mode = tls.mode ?? 'SIMPLE';
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') return null;
  const offered = tls.alpnProtocols?.length ? [...tls.alpnProtocols] : null;
  const alpnProtocols = offered ?? (traffic === 'http' ? [...httpAlpn] : []);
  const alpn = alpnProtocols.length > 0 ? { alpnProtocols } : {};
  const tlsParams = serverTlsParameters(view, tls);
  if (mode === 'ISTIO_MUTUAL') {
    return transportSocket({
      commonTlsContext: {
        tlsParams,
        ...meshCertificates(view),
        alpnProtocols: offered ?? (traffic === 'http' ? [...httpAlpn] : [...tcpAlpn]),
      },
      requireClientCertificate: true,
      disableStatelessSessionResumption: true,
    });
  }
  const isMutual = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  return transportSocket({
    commonTlsContext: { tlsParams, ...serverCertificates(tls), ...(isMutual && clientValidation(tls)), ...alpn },
    requireClientCertificate: mode === 'MUTUAL',
    disableStatelessSessionResumption: true,
  });
}

function transportSocket(context: DownstreamTlsContextJson): TransportSocketJson {
  const { requireClientCertificate, ...rest } = context;
  const config = { ...rest, ...(requireClientCertificate !== undefined && { requireClientCertificate }) };
  return {
    name: 'envoy.transport_sockets.tls',
    typedConfig: typedConfig('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', config),
  };
}

/** Mesh traffic is TLS 1.2 or later; the mesh configuration can ask for 1.3. */
function meshTlsParameters(view: ProxyView): TlsParametersJson {
  const { minProtocolVersion, ecdhCurves } = view.settings.meshConfig.meshMTLS;
  return {
    tlsMinimumProtocolVersion: minProtocolVersion === 'TLSV1_3' ? 'TLSv1_3' : 'TLSv1_2',
    tlsMaximumProtocolVersion: 'TLSv1_3',
    cipherSuites: [...meshCipherSuites],
    ...(ecdhCurves && ecdhCurves.length > 0 && { ecdhCurves: [...ecdhCurves] }),
  };
}

/** What the server says, else the mesh's defaults, which are not for the mesh's own mutual TLS. */
function serverTlsParameters(view: ProxyView, tls: ServerTls): TlsParametersJson {
  const defaults: MeshConfig['tlsDefaults'] = tls.mode === 'ISTIO_MUTUAL' ? {} : view.settings.meshConfig.tlsDefaults;
  const known = (names: readonly string[] | undefined) => [...new Set((names ?? []).filter((suite) => knownCipherSuites.has(suite)))];
  const own = known(tls.cipherSuites);
  const suites = own.length > 0 ? own : known(defaults.cipherSuites);
  const curves = tls.ecdhCurves?.length ? tls.ecdhCurves : (defaults.ecdhCurves ?? []);
  return {
    tlsMinimumProtocolVersion: tlsVersion(tls.minProtocolVersion) ?? tlsVersion(defaults.minProtocolVersion) ?? 'TLSv1_2',
    ...(tlsVersion(tls.maxProtocolVersion) !== null && { tlsMaximumProtocolVersion: tlsVersion(tls.maxProtocolVersion) ?? 'TLSv1_3' }),
    ...(suites.length > 0 && { cipherSuites: suites }),
    ...(curves.length > 0 && { ecdhCurves: [...curves] }),
  };
}

function tlsVersion(version: string | undefined): NonNullable<TlsParametersJson['tlsMinimumProtocolVersion']> | null {
  switch (version) {
    case 'TLSV1_0':
      return 'TLSv1_0';
    case 'TLSV1_1':
      return 'TLSv1_1';
    case 'TLSV1_2':
      return 'TLSv1_2';
    case 'TLSV1_3':
      return 'TLSv1_3';
    default:
      return null;
  }
}

/** The workload's own certificate and the mesh's roots, by secret discovery from the agent beside the proxy. */
function meshCertificates(view: ProxyView): CommonTlsContextJson {
  const matchTypedSubjectAltNames = trustDomains(view).map((domain) => ({
    sanType: 'URI' as const,
    matcher: { prefix: `spiffe://${domain}/` },
  }));
  return {
    tlsCertificateSdsSecretConfigs: [workloadSecret('default')],
    combinedValidationContext: {
      defaultValidationContext: { matchTypedSubjectAltNames },
      validationContextSdsSecretConfig: workloadSecret('ROOTCA'),
    },
  };
}

function serverCertificates(tls: ServerTls): CommonTlsContextJson {
  if (tls.credentialName === builtInCredential) return { tlsCertificateSdsSecretConfigs: [workloadSecret('default')] };
  const credentials = tls.credentialName ? [tls.credentialName] : [...(tls.credentialNames ?? [])];
  if (credentials.length > 0) return { tlsCertificateSdsSecretConfigs: credentials.map((name) => credentialSecret(credentialUri(name))) };
  const files = tls.tlsCertificates?.length
    ? tls.tlsCertificates
    : [{ serverCertificate: tls.serverCertificate, privateKey: tls.privateKey }];
  return {
    tlsCertificateSdsSecretConfigs: files.map((pair) =>
      workloadSecret(`file-cert:${pair?.serverCertificate ?? ''}~${pair?.privateKey ?? ''}`),
    ),
  };
}

/** A secret `<name>-cacert` holds the roots that client certificates are checked against; the server of the secret falls back to the credential itself. */
function clientValidation(tls: ServerTls): CommonTlsContextJson {
  const [first] = tls.credentialName ? [tls.credentialName] : (tls.credentialNames ?? []);
  const names = subjectAltNames(tls);
  const authority = tls.caCertCredentialName ? credentialUri(tls.caCertCredentialName) : first ? `${credentialUri(first)}-cacert` : null;
  const secret = authority === null ? workloadSecret(`file-root:${tls.caCertificates ?? ''}`) : credentialSecret(authority);
  return { combinedValidationContext: { defaultValidationContext: names, validationContextSdsSecretConfig: secret } };
}

function subjectAltNames(tls: ServerTls): CertificateValidationContextJson {
  const names = tls.subjectAltNames ?? [];
  return {
    ...(names.length > 0 && {
      matchTypedSubjectAltNames: names.flatMap((exact) => [
        { sanType: 'URI' as const, matcher: { exact } },
        { sanType: 'DNS' as const, matcher: { exact } },
      ]),
    }),
    ...(tls.verifyCertificateHash?.length && { verifyCertificateHash: [...tls.verifyCertificateHash] }),
    ...(tls.verifyCertificateSpki?.length && { verifyCertificateSpki: [...tls.verifyCertificateSpki] }),
    ...(tls.caCrl && { crl: { filename: tls.caCrl } }),
    ...(tls.insecureSkipVerify && { trustChainVerification: 'ACCEPT_UNTRUSTED' as const }),
  };
}
