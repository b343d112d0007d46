import type { Service as KubernetesService, ServicePortSpec } from '../resource/kubernetes-types.ts';
import { resolveExports } from './exports.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { kubernetesPortProtocol } from './port-protocol.ts';
import type { Service, ServicePort } from './service.ts';
import { trafficDistribution, trafficDistributionAnnotation } from './traffic-distribution.ts';
import { withHash } from './with-hash.ts';

/** The service that a Kubernetes Service is: its host name, addresses, ports with their protocols, and who sees it. */
export function serviceFromKubernetes(resource: KubernetesService, settings: MeshSettings): Service {
  const { namespace, name } = resource.ref;
  const spec = resource.spec ?? {};
  const hostname = `${name}.${namespace}.svc.${settings.domain}`.toLowerCase();
  const isAlias = spec.type === 'ExternalName' && Boolean(spec.externalName);
  const isHeadless = spec.clusterIP === 'None';
  return withHash({
    key: `${namespace}/${hostname}`,
    hostname,
    namespace,
    name,
    registry: 'Kubernetes',
    ref: resource.ref,
    createdAt: resource.createdAt,
    ports: (spec.ports ?? []).flatMap((port) => servicePort(port)),
    resolution: isAlias ? 'alias' : isHeadless ? 'passthrough' : 'client-side',
    addresses: isHeadless ? [] : clusterAddresses(spec.clusterIPs, spec.clusterIP),
    autoAddresses: null,
    isHeadless,
    isMeshExternal: false,
    exportTo: resolveExports(exportAnnotation(resource), namespace, settings.meshConfig.defaultServiceExportTo),
    labels: resource.labels,
    annotations: resource.annotations,
    selector: spec.selector && Object.keys(spec.selector).length > 0 ? spec.selector : null,
    subjectAltNames: accountAnnotations(resource, settings),
    externalName: isAlias ? (spec.externalName ?? '').toLowerCase() : null,
    trafficDistribution: trafficDistribution(resource.annotations[trafficDistributionAnnotation] ?? spec.trafficDistribution),
    externalAddresses: externalAddresses(resource),
    publishNotReadyAddresses: spec.publishNotReadyAddresses === true,
    isNodeLocal: spec.internalTrafficPolicy === 'Local',
  });
}

/** The annotation's names, or undefined when the service has none. */
function exportAnnotation(resource: KubernetesService): readonly string[] | undefined {
  const text = resource.annotations['networking.istio.io/exportTo'];
  return text === undefined || text.trim() === '' ? undefined : text.split(',').map((name) => name.trim());
}

function servicePort(port: ServicePortSpec): ServicePort[] {
  if (typeof port.port !== 'number') return [];
  const name = port.name ?? '';
  const protocol = kubernetesPortProtocol({
    name,
    number: port.port,
    protocol: port.protocol ?? 'TCP',
    appProtocol: port.appProtocol ?? null,
  });
  return [{ name, number: port.port, protocol, targetPort: port.targetPort ?? null, nodePort: port.nodePort ?? null }];
}

function clusterAddresses(clusterIPs: readonly string[] | undefined, clusterIP: string | undefined): string[] {
  const listed = clusterIPs && clusterIPs.length > 0 ? clusterIPs : clusterIP ? [clusterIP] : [];
  return listed.filter((address) => address !== '' && address !== 'None');
}

function accountAnnotations(resource: KubernetesService, settings: MeshSettings): string[] {
  const accounts = splitList(resource.annotations['alpha.istio.io/kubernetes-serviceaccounts']).map(
    (account) => `spiffe://${settings.meshConfig.trustDomain}/ns/${resource.ref.namespace}/sa/${account}`,
  );
  return [...accounts, ...splitList(resource.annotations['alpha.istio.io/canonical-serviceaccounts'])].sort();
}

function splitList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function externalAddresses(resource: KubernetesService): string[] {
  const ingress = resource.raw.status?.loadBalancer?.ingress ?? [];
  const fromStatus = ingress.flatMap((entry) => entry.ip ?? entry.hostname ?? []);
  return [...fromStatus, ...(resource.spec?.externalIPs ?? [])];
}
