import type { ResourceSet } from '../resource/kinds.ts';
import { kindKey } from '../resource/kinds.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { defaultResources } from './default-resources.ts';

/** What is analysed, and what was done to it first. */
export interface AnalysisInput {
  readonly set: ResourceSet;
  /** Resources that were added because every installation has them. */
  readonly added: ReadonlySet<Resource>;
  /** Cluster by resource, for those of a named cluster. */
  readonly clusterByResource: ReadonlyMap<Resource, string>;
}

/** Namespaces that Istio leaves alone. */
const ignoredNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/**
 * The resources of all clusters as one set in one order, whatever order they came in. Of several with one name the last one counts, and those of no
 * cluster before those of a cluster.
 */
export function prepareInput(
  set: ResourceSet,
  clusters: Readonly<Record<string, ResourceSet>>,
  settings: { readonly meshConfig: MeshConfig; readonly rootNamespace: string },
): AnalysisInput {
  const byName = new Map<string, Resource>();
  const clusterByResource = new Map<Resource, string>();
  const defaults = defaultResources(settings.meshConfig, settings.rootNamespace);
  for (const resource of defaults) byName.set(keyOf(resource), resource);
  for (const name of Object.keys(clusters).sort().reverse()) {
    for (const resource of clusters[name]?.all ?? []) {
      clusterByResource.set(resource, name);
      if (!isIgnored(resource)) byName.set(keyOf(resource), resource);
    }
  }
  for (const resource of set.all) if (!isIgnored(resource)) byName.set(keyOf(resource), resource);
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource);
  return { set: createResourceSet(sorted), added: new Set(defaults), clusterByResource };
}

function keyOf({ ref }: Resource): string {
  return `${kindKey(ref.group, ref.kind) ?? `${ref.group}/${ref.kind}`}/${ref.namespace}/${ref.name}`;
}

function isIgnored({ ref }: Resource): boolean {
  return ignoredNamespaces.has(ref.kind === 'Namespace' && ref.group === '' ? ref.name : ref.namespace);
}
