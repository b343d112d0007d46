import type { ResourceSet } from '../resource/kinds.ts';
import { kindKey } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';

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
 * cluster before those of a cluster; `defaults` are there unless something else has their name.
 */
export function prepareInput(
  set: ResourceSet,
  clusters: Readonly<Record<string, ResourceSet>>,
  defaults: readonly Resource[],
): AnalysisInput {
  const byName = new Map<string, Resource>();
  const clusterByResource = new Map<Resource, string>();
  for (const resource of defaults) byName.set(keyOf(resource), resource);
  for (const name of Object.keys(clusters).sort().reverse()) {
    for (const resource of clusters[name]?.all ?? []) {
      clusterByResource.set(resource, name);
      if (!isIgnored(resource)) byName.set(keyOf(resource), resource);
    }
  }
  for (const resource of set.all) if (!isIgnored(resource)) byName.set(keyOf(resource), resource);
  const sorted: Resource[] = [];
  for (const key of [...byName.keys()].sort()) {
    const resource = byName.get(key);
    if (resource) sorted.push(resource);
  }
  return { set: createResourceSet(sorted), added: new Set(defaults), clusterByResource };
}

/** Keys by resource: most of a mesh is the same objects from one analysis to the next. */
const keys = new WeakMap<Resource, string>();

function keyOf(resource: Resource): string {
  const known = keys.get(resource);
  if (known !== undefined) return known;
  const { group, kind, namespace, name } = resource.ref;
  const key = `${kindKey(group, kind) ?? `${group}/${kind}`}/${namespace}/${name}`;
  keys.set(resource, key);
  return key;
}

function isIgnored({ ref }: Resource): boolean {
  return ignoredNamespaces.has(ref.kind === 'Namespace' && ref.group === '' ? ref.name : ref.namespace);
}
