import type { Cluster_TransportSocketMatchJson, ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { TransportSocketJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { UpstreamTlsContextJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { Subset } from '../mesh/destination-rule.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import type { ClientTls } from '../mesh/traffic-policy.ts';
import { outboundServerName } from '../snapshot/names.ts';
import { hasExtension } from './listener-class.ts';
import { credentialSecret, credentialUri, exactNames, workloadSecret } from './sds.ts';
import type { EffectivePolicy } from './traffic-policy.ts';
import { typedConfig } from './typed-config.ts';

/** How a cluster secures its connections. */
export interface ClusterTls {
  readonly fields: Pick<ClusterJson, 'transportSocket' | 'transportSocketMatches'>;
  /** The server name follows the request's host. */
  readonly usesAutoSni: boolean;
  readonly usesAutoSanValidation: boolean;
}

export interface TlsRequest {
  readonly service: ServiceView;
  readonly port: ServicePort;
  readonly subset: Subset | null;
  readonly policy: EffectivePolicy;
  readonly type: string;
  readonly isHttp2: boolean;
}

const plain: ClusterTls = { fields: {}, usesAutoSni: false, usesAutoSanValidation: false };
const rawBuffer: TransportSocketJson = {
  name: 'envoy.transport_sockets.raw_buffer',
  typedConfig: typedConfig('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer', {}),
};
const metadataExchange = 'istio.metadata_exchange';
const tlsSocketName = 'envoy.transport_sockets.tls';
const tlsVersions = { tlsMinimumProtocolVersion: 'TLSv1_2', tlsMaximumProtocolVersion: 'TLSv1_3' } as const;

/**
 * TLS of a cluster: as the DestinationRule says; else mutual TLS to those endpoints that take it (automatic mTLS), unless the service is outside the mesh or
 * its namespace has mTLS switched off.
 */
export function upstreamTls(view: ProxyView, request: TlsRequest): ClusterTls {
  const tls = request.policy.tls;
  const made = tls ? explicitTls(view, request, tls) : automaticTls(view, request);
  const { proxyProtocol } = request.policy;
  return proxyProtocol ? { ...made, fields: withProxyProtocol(made.fields, proxyProtocol.version ?? 'V1') } : made;
}

function automaticTls(view: ProxyView, request: TlsRequest): ClusterTls {
  const { service, endpoints } = request.service;
  if (service.isMeshExternal || !view.settings.meshConfig.enableAutoMtls || endpoints.namespaceMtls === 'DISABLE') return plain;
  const isForwarded = service.resolution === 'passthrough' || request.type === 'ORIGINAL_DST';
  const socket = tlsSocket(mutualContext(view, request, { sni: '', subjectAltNames: undefined }));
  if (!isForwarded) return { ...plain, fields: { transportSocketMatches: socketMatches(socket) } };
  // The host is known only when a connection comes, so all of them must take mTLS or none is offered it.
  const served = endpoints.endpoints.filter((endpoint) => endpoint.portName === request.port.name);
  if (served.length === 0 || served.some((endpoint) => endpoint.tlsMode !== 'istio')) return plain;
  return {
    ...plain,
    fields: request.type === 'ORIGINAL_DST' ? { transportSocket: socket } : { transportSocketMatches: socketMatches(socket) },
  };
}

function explicitTls(view: ProxyView, request: TlsRequest, tls: ClientTls): ClusterTls {
  const { service, policy } = request.service;
  switch (tls.mode ?? 'DISABLE') {
    case 'ISTIO_MUTUAL':
      return {
        ...plain,
        fields: { transportSocket: tlsSocket(mutualContext(view, request, { sni: tls.sni ?? '', subjectAltNames: tls.subjectAltNames })) },
      };
    case 'SIMPLE':
    case 'MUTUAL':
      return originatedTls(view, {
        tls,
        names: tls.subjectAltNames ?? (service.registry === 'External' ? service.subjectAltNames : []),
        isHttp2: request.isHttp2,
        // Secrets are given to gateways, and to the sidecars that a rule selects; other sidecars would wait for them in vain.
        takesSecrets: view.node.type !== 'sidecar' || policy?.workloadSelector !== null,
      });
    default:
      return plain;
  }
}

/** TLS between workloads of the mesh: own certificate, SPIFFE identities of the service's endpoints. */
function mutualContext(
  view: ProxyView,
  request: TlsRequest,
  given: { readonly sni: string; readonly subjectAltNames: readonly string[] | undefined },
): UpstreamTlsContextJson {
  const { service, endpoints } = request.service;
  const names = given.subjectAltNames ?? endpoints.identities;
  // Offering the exchange of metadata obliges a client to send its own first.
  const meshAlpn = hasExtension(view, metadataExchange) ? ['istio-peer-exchange', 'istio'] : ['istio'];
  return {
    commonTlsContext: { ...workloadContext(names), alpnProtocols: request.isHttp2 ? [...meshAlpn, 'h2'] : meshAlpn },
    sni: given.sni || outboundServerName(service.hostname, request.port.number, request.subset?.name ?? ''),
  };
}

/** The workload's own certificate, for servers with one of these names under the roots of the mesh. */
function workloadContext(names: readonly string[]): NonNullable<UpstreamTlsContextJson['commonTlsContext']> {
  return {
    tlsParams: tlsVersions,
    tlsCertificateSdsSecretConfigs: [workloadSecret('default')],
    combinedValidationContext: {
      defaultValidationContext: names.length > 0 ? { matchTypedSubjectAltNames: exactNames(names) } : {},
      validationContextSdsSecretConfig: workloadSecret('ROOTCA'),
    },
  };
}

/** TLS that a client originates, by its settings. */
export interface OriginatedTls {
  readonly tls: ClientTls;
  /** Names that the server's certificate must have one of. */
  readonly names: readonly string[];
  readonly isHttp2: boolean;
  readonly takesSecrets: boolean;
}

/** TLS to a server outside the mesh's identities. */
export function originatedTls(view: ProxyView, { tls, names, isHttp2, takesSecrets }: OriginatedTls): ClusterTls {
  const isMutual = tls.mode === 'MUTUAL';
  const fromSecret = tls.credentialName ?? '';
  const secrets = [fromSecret, tls.caCertCredentialName ?? ''].filter((name) => name !== '' && !/^(?:configmap|invalid):/.test(name));
  if (secrets.length > 0 && !takesSecrets) return plain;
  if (isMutual && fromSecret === '' && (!tls.clientCertificate || !tls.privateKey)) return plain;
  const defaults = view.settings.meshConfig.tlsDefaults;
  const validation = validationContext(tls, names);
  const certificate =
    fromSecret === ''
      ? workloadSecret(`file-cert:${tls.clientCertificate}~${tls.privateKey}`)
      : credentialSecret(credentialUri(fromSecret));
  const context: UpstreamTlsContextJson = {
    commonTlsContext: {
      tlsParams: {
        ...tlsVersions,
        ...(defaults.cipherSuites?.length ? { cipherSuites: [...defaults.cipherSuites] } : {}),
        ...(defaults.ecdhCurves?.length ? { ecdhCurves: [...defaults.ecdhCurves] } : {}),
      },
      ...(isHttp2 ? { alpnProtocols: ['h2'] } : {}),
      ...(isMutual ? { tlsCertificateSdsSecretConfigs: [certificate] } : {}),
      ...validation,
    },
    ...(tls.sni ? { sni: tls.sni } : {}),
  };
  return {
    fields: { transportSocket: tlsSocket(context) },
    usesAutoSni: !tls.sni,
    usesAutoSanValidation: !tls.sni && (tls.subjectAltNames ?? []).length === 0 && tls.insecureSkipVerify !== true,
  };
}

/**
 * TLS to a service that proxies themselves send to, as for a DestinationRule: with files, or with the workload's own certificate. Null when it is asked for and
 * cannot be had, as with secrets, which are for the services of a mesh: what is to be secret must not go out in plain text.
 */
export function remoteServiceTls(view: ProxyView, tls: ClientTls, isHttp2: boolean): ClusterTls['fields'] | null {
  const names = tls.subjectAltNames ?? [];
  if (tls.mode !== 'ISTIO_MUTUAL') {
    if (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL') return {};
    const made = originatedTls(view, { tls, names, isHttp2, takesSecrets: false });
    return made === plain ? null : made.fields;
  }
  const commonTlsContext = { ...workloadContext(names), ...(isHttp2 ? { alpnProtocols: ['h2'] } : {}) };
  return { transportSocket: tlsSocket({ commonTlsContext, ...(tls.sni ? { sni: tls.sni } : {}) }) };
}

function validationContext(tls: ClientTls, names: readonly string[]): UpstreamTlsContextJson['commonTlsContext'] {
  if (tls.insecureSkipVerify === true) return { validationContext: {} };
  const authority = tls.caCertCredentialName
    ? credentialUri(tls.caCertCredentialName)
    : tls.credentialName
      ? `${credentialUri(tls.credentialName)}-cacert`
      : null;
  const root = authority ? credentialSecret(authority) : workloadSecret(`file-root:${tls.caCertificates || 'system'}`);
  return {
    combinedValidationContext: {
      defaultValidationContext: {
        ...(names.length > 0 ? { matchTypedSubjectAltNames: exactNames(names) } : {}),
        ...(tls.caCrl ? { crl: { filename: tls.caCrl } } : {}),
      },
      validationContextSdsSecretConfig: root,
    },
  };
}

/** mTLS for endpoints that are marked as taking it, plain text for the others. */
function socketMatches(socket: TransportSocketJson): Cluster_TransportSocketMatchJson[] {
  return [
    { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: socket },
    { name: 'tlsMode-disabled', match: {}, transportSocket: rawBuffer },
  ];
}

function tlsSocket(context: UpstreamTlsContextJson): TransportSocketJson {
  return { name: tlsSocketName, typedConfig: typedConfig('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', context) };
}

function withProxyProtocol(fields: ClusterTls['fields'], version: 'V1' | 'V2'): ClusterTls['fields'] {
  const wrap = (transportSocket: TransportSocketJson): TransportSocketJson => ({
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    typedConfig: typedConfig('envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport', {
      config: version === 'V1' ? {} : { version },
      transportSocket,
    }),
  });
  if (!fields.transportSocketMatches) return { transportSocket: wrap(fields.transportSocket ?? rawBuffer) };
  return {
    transportSocketMatches: fields.transportSocketMatches.map((match) => ({
      ...match,
      transportSocket: wrap(match.transportSocket ?? rawBuffer),
    })),
  };
}
