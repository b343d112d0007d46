import type { MeshConfig, MeshNetworks } from '../resource/mesh-config.ts';

/** What holds for a whole mesh and is not itself a resource among the others. */
export interface MeshSettings {
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  /** Namespace whose policies hold everywhere: `meshConfig.rootNamespace`. */
  readonly rootNamespace: string;
  /** DNS suffix of Kubernetes services, `cluster.local`. */
  readonly domain: string;
  /** Name of the cluster that the resources belong to, `Kubernetes`. */
  readonly clusterId: string;
  /** Namespace of resources that name none, `default`. */
  readonly defaultNamespace: string;
  /** Key sets that were fetched for RequestAuthentication, by the address of `jwksSource`; rules whose keys are not here fall back to the proxy. */
  readonly jwksByUri: Readonly<Record<string, string>>;
  /** IP addresses of the names of gateways between networks, as far as they were looked up. */
  readonly addressesByName: Readonly<Record<string, readonly string[]>>;
}

/** Settings from a mesh configuration; what is left out gets Istio's default. */
export function createMeshSettings(
  meshConfig: MeshConfig,
  meshNetworks: MeshNetworks,
  options: {
    readonly domain?: string;
    readonly clusterId?: string;
    readonly defaultNamespace?: string;
    readonly jwksByUri?: Readonly<Record<string, string>>;
    readonly addressesByName?: Readonly<Record<string, readonly string[]>>;
  } = {},
): MeshSettings {
  return {
    meshConfig,
    meshNetworks,
    rootNamespace: meshConfig.rootNamespace || 'istio-system',
    domain: options.domain ?? 'cluster.local',
    clusterId: options.clusterId ?? 'Kubernetes',
    defaultNamespace: options.defaultNamespace ?? 'default',
    jwksByUri: options.jwksByUri ?? {},
    addressesByName: options.addressesByName ?? {},
  };
}
