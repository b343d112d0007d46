import type { ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import { serviceFromKubernetes } from './kubernetes-service.ts';
import type { MeshParts } from './mesh.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Service } from './service.ts';
import { servicesFromEntry } from './service-entry.ts';

/** All services, oldest first; and which resource each came from. */
export function resolveServices(
  set: ResourceSet,
  settings: MeshSettings,
  kept: MeshParts | null,
): { readonly services: readonly Service[]; readonly servicesByResource: ReadonlyMap<Resource, readonly Service[]> } {
  const servicesByResource = new Map<Resource, readonly Service[]>();
  for (const resource of set.ofKind('Service')) {
    servicesByResource.set(resource, kept?.servicesByResource.get(resource) ?? [serviceFromKubernetes(resource, settings)]);
  }
  for (const resource of set.ofKind('ServiceEntry')) {
    servicesByResource.set(resource, kept?.servicesByResource.get(resource) ?? servicesFromEntry(resource, settings));
  }
  const services = [...servicesByResource.values()].flat().sort(compareServices);
  return { services, servicesByResource };
}

function compareServices(a: Service, b: Service): number {
  return (
    (a.createdAt ?? 0) - (b.createdAt ?? 0) ||
    compareText(`${a.name}.${a.namespace}`, `${b.name}.${b.namespace}`) ||
    compareText(a.registry === 'Kubernetes' ? '' : a.ref.name, b.registry === 'Kubernetes' ? '' : b.ref.name)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
