import { stableHash } from '../base/stable-hash.ts';
import type { KindKey, ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import { allocateAddresses } from './auto-addresses.ts';
import { resolveDestinationPolicies } from './destination-policies.ts';
import { discovered } from './discovered.ts';
import { type GatewayApiTranslation, translateGatewayApi } from './gateway-api/translate.ts';
import type { Mesh, MeshParts } from './mesh.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { resolveNetworkGateways } from './network-gateways.ts';
import { indexPeerAuthentications } from './peer-authentication.ts';
import { resolveAllEndpoints } from './resolve-endpoints.ts';
import { resolveServices } from './resolve-services.ts';
import { resolveAllWorkloads } from './resolve-workloads.ts';
import { groupBy, reuseList } from './reuse.ts';
import type { VirtualServiceRules } from './virtual-service.ts';
import { resolveVirtualServices } from './virtual-services.ts';
import { wellFormed } from './well-formed.ts';

/** What all resources mean together. Parts that do not differ from `previous` are the same objects, so that what is made from them can be kept too. */
export function resolveMesh(given: ResourceSet, settings: MeshSettings, previous: Mesh | null): Mesh {
  const settingsHash = stableHash(settings);
  const kept: MeshParts | null = previous?.parts.settingsHash === settingsHash ? previous.parts : null;
  const { set, isWellFormed } = wellFormed(discovered(given, settings.meshConfig.discoverySelectors), kept?.isWellFormed);
  const virtualServiceResources = reuseList(set.ofKind('VirtualService'), kept?.virtualServiceResources);
  const peerAuthenticationResources = reuseList(set.ofKind('PeerAuthentication'), kept?.peerAuthenticationResources);

  const gatewayApi = gatewayApiOf(set, settings);
  const destinationRuleResources = reuseList(
    [...set.ofKind('DestinationRule'), ...gatewayApi.destinationRules],
    kept?.destinationRuleResources,
  );
  const virtualServices =
    kept && virtualServiceResources === kept.virtualServiceResources
      ? kept.virtualServices
      : resolveVirtualServices(virtualServiceResources, settings);
  const namespaceLabels = new Map(set.ofKind('Namespace').map((resource) => [resource.ref.name, resource.labels]));
  const peerAuthentications =
    kept && previous && peerAuthenticationResources === kept.peerAuthenticationResources
      ? previous.policyIndex.peerAuthentications
      : indexPeerAuthentications(set, settings.rootNamespace);
  const serviceResources = reuseList<Resource>(
    [...set.ofKind('Service'), ...set.ofKind('ServiceEntry'), ...set.ofKind('Namespace')],
    kept?.serviceResources,
  );
  const hasSameServices = kept !== null && serviceResources === kept.serviceResources;
  const resolved = hasSameServices ? kept : resolveServices(set, { settings, namespaceLabels }, kept);
  const services =
    hasSameServices && previous
      ? previous.services
      : reuseList(allocateAddresses(resolved.servicesWritten, kept?.allocatedByService), previous?.services);
  const placed = resolveAllWorkloads(set, { settings, namespaceLabels }, kept);
  const workloads = reuseList(placed.workloads, previous?.workloads);
  const found = resolveAllEndpoints(
    set,
    { settings, services, workloadsByNamespace: placed.workloadsByNamespace, peerAuthentications },
    kept,
  );

  const networkGateways = resolveNetworkGateways(services, settings, set);

  return {
    settings,
    resources: set,
    namespaceLabels,
    policyIndex: { set, settings, peerAuthentications, gateways: [...set.ofKind('Gateway'), ...gatewayApi.gateways] },
    networkGateways: networkGateways.gateways,
    networkGatewayNames: networkGateways.names,
    services,
    ...(previous?.services === services
      ? { serviceByKey: previous.serviceByKey, servicesByHostname: previous.servicesByHostname }
      : {
          serviceByKey: new Map([...services].reverse().map((service) => [service.key, service])),
          servicesByHostname: groupBy(services, (service) => service.hostname),
        }),
    endpointsByService: found.endpointsByService,
    workloads,
    workloadByName: new Map([...workloads].reverse().map((workload) => [`${workload.namespace}/${workload.name}`, workload])),
    workloadsByAddress: groupBy(
      workloads.flatMap((workload) => workload.addresses.map((address) => ({ address, workload }))),
      (entry) => entry.address,
      (entry) => entry.workload,
    ),
    virtualServices: reuseList(byAge(virtualServices, gatewayApi.virtualServices), previous?.virtualServices),
    destinationPoliciesByNamespace:
      kept && previous && destinationRuleResources === kept.destinationRuleResources
        ? previous.destinationPoliciesByNamespace
        : resolveDestinationPolicies(destinationRuleResources, settings),
    parts: {
      settingsHash,
      isWellFormed,
      serviceResources,
      servicesWritten: resolved.servicesWritten,
      servicesByResource: resolved.servicesByResource,
      allocatedByService: hasSameServices
        ? kept.allocatedByService
        : new Map(resolved.servicesWritten.map((service, index) => [service, services[index] ?? service])),
      workloadByResource: placed.workloadByResource,
      workloadsByNamespace: placed.workloadsByNamespace,
      placeInputs: placed.placeInputs,
      endpointsByService: found.endpointsByService,
      endpointInputs: found.endpointInputs,
      virtualServiceResources,
      virtualServices,
      destinationRuleResources,
      peerAuthenticationResources,
    },
  };
}

/** Both lists as one, oldest first; what is equally old keeps its order. */
function byAge(written: readonly VirtualServiceRules[], translated: readonly VirtualServiceRules[]): readonly VirtualServiceRules[] {
  const age = ({ createdAt }: VirtualServiceRules) => createdAt ?? 0;
  return translated.length === 0 ? written : [...written, ...translated].sort((a, b) => age(a) - age(b));
}

const gatewayApiKinds: readonly KindKey[] = ['KubernetesGateway', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'BackendTLSPolicy'];

/** What the Gateway API resources come to; meshes without any pay nothing for it. */
function gatewayApiOf(
  set: ResourceSet,
  settings: MeshSettings,
): Pick<GatewayApiTranslation, 'gateways' | 'virtualServices' | 'destinationRules'> {
  if (gatewayApiKinds.every((kind) => set.ofKind(kind).length === 0)) return { gateways: [], virtualServices: [], destinationRules: [] };
  return translateGatewayApi(set, settings.domain);
}
