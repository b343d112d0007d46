import type { MetadataJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { Subset } from '../mesh/destination-rule.ts';
import type { ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import { configPath } from './provenance.ts';

/** What telemetry and explanations read off a cluster: the services behind it, the rule that shaped it. */
export function clusterMetadata({ service, policy }: ServiceView, port: ServicePort, subset: Subset | null): MetadataJson {
  const [oldest] = policy?.refs ?? [];
  const tlsMode = (subset?.trafficPolicy?.tls ?? policy?.trafficPolicy?.tls)?.mode;
  const offersOwnAlpn = tlsMode !== 'SIMPLE' && tlsMode !== 'MUTUAL';
  return {
    filterMetadata: {
      istio: {
        ...(offersOwnAlpn ? {} : { alpn_override: 'false' }),
        ...(oldest ? { config: configPath(subset?.ref ?? oldest) } : {}),
        default_original_port: port.number,
        ...(service.isMeshExternal ? { external: true } : {}),
        services: [{ host: service.hostname, name: service.name, namespace: service.namespace }],
        ...(subset ? { subset: subset.name } : {}),
      },
      ...(subset ? { weft: { path: subset.path } } : {}),
    },
  };
}
