import type { ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import { entryVisibility } from './entry-visibility.ts';
import { serviceFromKubernetes } from './kubernetes-service.ts';
import type { MeshParts } from './mesh.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Service } from './service.ts';
import { entryExports, servicesFromEntry } from './service-entry.ts';

/** What services depend on beside their own resources. */
export interface ServiceInputs {
  readonly settings: MeshSettings;
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** All services, oldest first; and which resource each came from. */
export function resolveServices(
  set: ResourceSet,
  { settings, namespaceLabels }: ServiceInputs,
  kept: MeshParts | null,
): { readonly servicesWritten: readonly Service[]; readonly servicesByResource: ReadonlyMap<Resource, readonly Service[]> } {
  const servicesByResource = new Map<Resource, readonly Service[]>();
  for (const resource of set.ofKind('Service')) {
    servicesByResource.set(resource, kept?.servicesByResource.get(resource) ?? [serviceFromKubernetes(resource, settings)]);
  }
  for (const resource of set.ofKind('ServiceEntry')) {
    const visibility = entryVisibility(settings.meshConfig, namespaceLabels.get(resource.ref.namespace) ?? {});
    const before = kept?.servicesByResource.get(resource);
    const isSame = before !== undefined && before[0]?.exportTo.join() === entryExports(resource, settings, visibility).join();
    servicesByResource.set(resource, isSame ? before : servicesFromEntry(resource, settings, visibility));
  }
  return { servicesWritten: [...servicesByResource.values()].flat().sort(compareServices), servicesByResource };
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
