import { defaultMeshConfig, defaultMeshNetworks } from './default-mesh-config.ts';
import type { IstioOperator, ResourceSet } from './kinds.ts';
import type { MeshConfig, MeshNetworks } from './mesh-config.ts';
import { mergeMeshConfig, parseMeshNetworks, readMeshConfigText } from './parse-mesh-config.ts';
import type { ResourceRef } from './resource.ts';

/** What an IstioOperator says about the mesh and the cluster it is installed in. Empty texts where it says nothing. */
export interface Installation {
  readonly ref: ResourceRef;
  readonly profile: string;
  readonly revision: string;
  readonly meshId: string;
  readonly clusterId: string;
  readonly network: string;
  /** `meshConfig` as written, with `values.meshConfig` below it. */
  readonly meshConfig: Readonly<Record<string, unknown>>;
}

/** The settings of a mesh from all the places they are written in. */
export interface MeshSources {
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  readonly meshId: string;
  /** `Kubernetes` when no installation names the cluster. */
  readonly clusterId: string;
  readonly network: string;
  /** What could not be used: the resource, the field in it and why. */
  readonly problems: readonly { readonly ref: ResourceRef; readonly path: string; readonly message: string }[];
}

/** Reads an IstioOperator for the settings that concern a mesh. */
export function readInstallation(resource: IstioOperator): Installation {
  const { spec, ref } = resource;
  const global = field(spec.values, 'global');
  const multiCluster = field(global, 'multiCluster');
  return {
    ref,
    profile: text(spec.profile),
    revision: text(spec.revision),
    meshId: text(read(global, 'meshID')),
    clusterId: text(read(multiCluster, 'clusterName')),
    network: text(read(global, 'network')) || text(read(multiCluster, 'network')),
    meshConfig: { ...field(spec.values, 'meshConfig'), ...field(spec, 'meshConfig') },
  };
}

/**
 * The mesh settings that a set of resources holds: the ConfigMap `istio` in `istio-system` over the first IstioOperator that is not a remote cluster's, over
 * Istio's defaults. Settings that cannot be read are reported and left out.
 */
export function readMeshSources(set: ResourceSet): MeshSources {
  const problems: MeshSources['problems'][number][] = [];
  const installations = set.ofKind('IstioOperator').map(readInstallation);
  const installation = installations.find(({ profile }) => profile !== 'remote') ?? installations[0];
  let meshConfig = defaultMeshConfig;
  const merge = (ref: ResourceRef, path: string, written: Readonly<Record<string, unknown>>): void => {
    const merged = mergeMeshConfig(meshConfig, written);
    if (merged.ok) meshConfig = merged.value;
    else problems.push({ ref, path, message: merged.error.message });
  };
  if (installation) merge(installation.ref, 'spec.meshConfig', installation.meshConfig);
  const map = set.get('ConfigMap', 'istio-system', 'istio');
  const mesh: unknown = map?.raw.data?.mesh;
  if (map && typeof mesh === 'string') {
    const written = readMeshConfigText(mesh);
    if (written.ok) merge(map.ref, 'data.mesh', written.value);
    else problems.push({ ref: map.ref, path: 'data.mesh', message: written.error.message });
  }
  const networks = parseMeshNetworks(text(map?.raw.data?.meshNetworks));
  if (map && !networks.ok) problems.push({ ref: map.ref, path: 'data.meshNetworks', message: networks.error.message });
  return {
    meshConfig,
    meshNetworks: networks.ok ? networks.value : defaultMeshNetworks,
    meshId: installation?.meshId ?? '',
    clusterId: installation?.clusterId || 'Kubernetes',
    network: installation?.network ?? '',
    problems,
  };
}

function read(value: unknown, key: string): unknown {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function field(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = read(value, key);
  return found !== null && typeof found === 'object' && !Array.isArray(found) ? (found as Readonly<Record<string, unknown>>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
