import type { TransportSocketJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type {
  CommonTlsContextJson,
  DownstreamTlsContextJson,
  UpstreamTlsContextJson,
} from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { mtlsSettingForPort } from '../mesh/peer-authentication.ts';
import type { ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import { outboundServerName } from '../snapshot/names.ts';
import type { EffectivePolicy } from './traffic-policy.ts';
import { typedConfig } from './typed-config.ts';

interface UpstreamRequest {
  readonly name: string;
  readonly port: ServicePort;
  readonly policy: EffectivePolicy;
}

/**
 * Mutual TLS of a gRPC client: as the DestinationRule says, else where every endpoint takes mTLS and the namespace insists on it. gRPC decides for a cluster as a
 * whole, so a mixed one stays plain text.
 */
export function grpcUpstreamTls(view: ServiceView, { port, policy }: UpstreamRequest): TransportSocketJson | null {
  const { service, endpoints } = view;
  const mode = policy.tls?.mode;
  const served = endpoints.endpoints.filter((endpoint) => endpoint.portName === port.name);
  const isAutomatic =
    endpoints.namespaceMtls === 'STRICT' &&
    !service.isMeshExternal &&
    served.length > 0 &&
    served.every((endpoint) => endpoint.acceptsMtls);
  if (mode === undefined ? !isAutomatic : mode !== 'ISTIO_MUTUAL') return null;
  const names = policy.tls?.subjectAltNames ?? endpoints.identities;
  const context: UpstreamTlsContextJson = {
    commonTlsContext: commonTls(names),
    sni: policy.tls?.sni || outboundServerName(service.hostname, port.number),
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typedConfig: typedConfig('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', context),
  };
}

/** Mutual TLS of a gRPC server where it is demanded; null for plain text, since gRPC cannot take both on one port. */
export function grpcDownstreamTls(view: ProxyView, port: number): TransportSocketJson | null {
  if (mtlsSettingForPort(view.policies.security.peerAuthentication, port).mode !== 'STRICT') return null;
  const context: DownstreamTlsContextJson = { commonTlsContext: commonTls([]), requireClientCertificate: true };
  return {
    name: 'envoy.transport_sockets.tls',
    typedConfig: typedConfig('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', context),
  };
}

/** Certificates from the providers of the client's bootstrap, named in the field that old gRPC versions read and in the one that new ones do. */
function commonTls(names: readonly string[]): CommonTlsContextJson {
  const certificate = { instanceName: 'default', certificateName: 'default' };
  const authority = { instanceName: 'default', certificateName: 'ROOTCA' };
  return {
    tlsCertificateCertificateProviderInstance: certificate,
    tlsCertificateProviderInstance: certificate,
    combinedValidationContext: {
      defaultValidationContext: {
        caCertificateProviderInstance: authority,
        // gRPC reads this older form only.
        ...(names.length > 0 ? { matchSubjectAltNames: names.map((exact) => ({ exact })) } : {}),
      },
      validationContextCertificateProviderInstance: authority,
    },
  };
}
