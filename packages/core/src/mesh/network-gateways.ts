import type { MeshSettings } from './mesh-settings.ts';
import type { Service } from './service.ts';

/** An address through which the endpoints of a network are reached from other networks. */
export interface NetworkGateway {
  readonly network: string;
  /** Cluster of the gateway, `''` when it serves the network whatever the cluster. */
  readonly cluster: string;
  readonly address: string;
  readonly port: number;
}

const defaultGatewayPort = 15443;

/** The gateways of all networks: those that MeshNetworks lists, and services labelled with the network they lead into. */
export function resolveNetworkGateways(services: readonly Service[], settings: MeshSettings): readonly NetworkGateway[] {
  const gateways = new Map<string, NetworkGateway>();
  const add = (gateway: NetworkGateway) => gateways.set(`${gateway.network} ${gateway.address} ${gateway.port}`, gateway);
  for (const [network, { gateways: listed }] of Object.entries(settings.meshNetworks.networks ?? {})) {
    for (const gateway of listed ?? []) {
      const port = gateway.port ?? defaultGatewayPort;
      if (gateway.address) add({ network, cluster: '', address: gateway.address, port });
      const named = gateway.registryServiceName?.toLowerCase();
      if (!named) continue;
      for (const service of services.filter((candidate) => candidate.hostname === named)) {
        for (const address of service.externalAddresses) add({ network, cluster: settings.clusterId, address, port });
      }
    }
  }
  for (const service of services) {
    const network = service.labels['topology.istio.io/network'];
    if (!network) continue;
    const port = Number(service.labels['networking.istio.io/gatewayPort'] ?? defaultGatewayPort);
    for (const address of service.externalAddresses) add({ network, cluster: settings.clusterId, address, port });
  }
  return [...gateways.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, gateway]) => gateway);
}
