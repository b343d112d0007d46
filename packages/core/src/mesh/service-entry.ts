import { isIp, parseCidr } from '../base/addresses.ts';
import type { ServiceEntry } from '../resource/kinds.ts';
import type { EntryVisibility } from './entry-visibility.ts';
import { resolveExports } from './exports.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { parseProtocol } from './port-protocol.ts';
import type { Service, ServicePort, ServiceResolution } from './service.ts';
import { trafficDistribution, trafficDistributionAnnotation } from './traffic-distribution.ts';
import { withHash } from './with-hash.ts';

const resolutions: Readonly<Record<string, ServiceResolution>> = {
  NONE: 'passthrough',
  STATIC: 'client-side',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns-round-robin',
  DYNAMIC_DNS: 'dynamic-dns',
};

/** The services of a ServiceEntry, one for each of its hosts. Automatic addresses are handed out later, for the whole mesh at once. */
export function servicesFromEntry(resource: ServiceEntry, settings: MeshSettings, visibility: EntryVisibility): Service[] {
  const { namespace } = resource.ref;
  const spec = resource.spec ?? {};
  const hosts = [...new Set((spec.hosts ?? []).map((host) => host.toLowerCase()))];
  const addresses = (spec.addresses ?? []).flatMap((address) => virtualAddress(address));
  const ports = (spec.ports ?? []).flatMap((port) => servicePort(port));
  return hosts.map((hostname) =>
    withHash({
      key: `${namespace}/${hostname}`,
      hostname,
      namespace,
      name: hostname,
      registry: 'External' as const,
      ref: resource.ref,
      createdAt: resource.createdAt,
      ports,
      resolution: resolutions[spec.resolution ?? 'NONE'] ?? 'passthrough',
      addresses,
      autoAddresses: null,
      isHeadless: false,
      isMeshExternal: (spec.location ?? 'MESH_EXTERNAL') === 'MESH_EXTERNAL',
      exportTo: entryExports(resource, settings, visibility),
      labels: resource.labels,
      annotations: resource.annotations,
      selector: spec.workloadSelector?.labels && Object.keys(spec.workloadSelector.labels).length > 0 ? spec.workloadSelector.labels : null,
      subjectAltNames: [...(spec.subjectAltNames ?? [])].sort(),
      externalName: null,
      trafficDistribution: trafficDistribution(resource.annotations[trafficDistributionAnnotation]),
      externalAddresses: [],
      publishNotReadyAddresses: false,
      isNodeLocal: false,
    }),
  );
}

/** The namespaces that see the services of a ServiceEntry: those it says, unless the mesh lets fewer see it. */
export function entryExports(resource: ServiceEntry, settings: MeshSettings, visibility: EntryVisibility): readonly string[] {
  const { namespace } = resource.ref;
  if (visibility !== 'PUBLIC') return visibility === 'NONE' ? [] : [namespace];
  return resolveExports(resource.spec?.exportTo, namespace, settings.meshConfig.defaultServiceExportTo);
}

function servicePort(port: NonNullable<NonNullable<ServiceEntry['spec']>['ports']>[number]): ServicePort[] {
  if (typeof port?.number !== 'number') return [];
  return [
    {
      name: port.name ?? '',
      number: port.number,
      protocol: parseProtocol(port.protocol ?? ''),
      targetPort: port.targetPort ? port.targetPort : null,
      nodePort: null,
    },
  ];
}

/** An address or network; a network of one address becomes that address, anything else is dropped. */
function virtualAddress(text: string): string[] {
  if (isIp(text)) return [text];
  const cidr = parseCidr(text);
  if (cidr === null) return [];
  return cidr.prefixLength === cidr.bytes.length * 8 ? [text.slice(0, text.indexOf('/'))] : [text];
}
