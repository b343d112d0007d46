import type { NetworkGateway } from '../mesh/network-gateways.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { type LocalityGroup, totalWeight, type WeightedEndpoint } from './locality-group.ts';

/**
 * Replaces endpoints of other networks by those networks' gateways, which take mutual TLS and route it by server name; endpoints there without mTLS cannot be
 * reached and are left out. Weights are scaled so that they divide evenly among gateways.
 */
export function throughGateways(view: ProxyView, groups: readonly LocalityGroup[]): readonly LocalityGroup[] {
  const { node } = view;
  const gateways = view.networkGateways.filter((gateway) => isReachable(gateway, node.ips));
  if (gateways.length === 0)
    return groups.map((group) => ({ ...group, endpoints: group.endpoints.filter((endpoint) => endpoint.address !== '') }));
  const scale = weightScale(gateways);
  return groups.map((group) => {
    const direct: WeightedEndpoint[] = [];
    const weightByGateway = new Map<NetworkGateway, number>();
    for (const endpoint of group.endpoints) {
      const scaled = { ...endpoint, weight: Math.min(4_294_967_295, endpoint.weight * scale) };
      const chosen = gatewaysFor(gateways, endpoint);
      if (isSameNetwork(endpoint.network, node.network) || chosen.length === 0) {
        if (endpoint.address !== '') direct.push(scaled);
      } else if (endpoint.takesMtls) {
        for (const gateway of chosen)
          weightByGateway.set(gateway, (weightByGateway.get(gateway) ?? 0) + Math.floor(scaled.weight / chosen.length));
      }
    }
    const remote = gateways.flatMap((gateway) => {
      const weight = weightByGateway.get(gateway);
      return weight === undefined ? [] : [gatewayEndpoint(gateway, Math.max(1, weight))];
    });
    const endpoints = [...direct, ...remote];
    return { ...group, endpoints, weight: totalWeight(endpoints) };
  });
}

/** A proxy can only connect to addresses of its own families. */
function isReachable(gateway: NetworkGateway, ips: readonly string[]): boolean {
  return ips.some((ip) => ip.includes(':') === gateway.address.includes(':'));
}

/** Without a network on either side everything counts as near. */
function isSameNetwork(network: string, own: string): boolean {
  return network === '' || own === '' || network === own;
}

/** Those of the endpoint's own cluster before others of its network. */
function gatewaysFor(gateways: readonly NetworkGateway[], endpoint: WeightedEndpoint): readonly NetworkGateway[] {
  const inNetwork = gateways.filter((gateway) => gateway.network === endpoint.network);
  const inCluster = inNetwork.filter((gateway) => gateway.cluster !== '' && gateway.cluster === endpoint.endpoint?.cluster);
  return inCluster.length > 0 ? inCluster : inNetwork;
}

function gatewayEndpoint(gateway: NetworkGateway, weight: number): WeightedEndpoint {
  return {
    endpoint: null,
    address: gateway.address,
    port: gateway.port,
    network: gateway.network,
    weight,
    takesMtls: true,
    labels: { 'topology.istio.io/network': gateway.network, ...(gateway.cluster ? { 'topology.istio.io/cluster': gateway.cluster } : {}) },
  };
}

/** Least common multiple of the numbers of gateways per network. */
function weightScale(gateways: readonly NetworkGateway[]): number {
  const counts = new Map<string, number>();
  for (const { network } of gateways) counts.set(network, (counts.get(network) ?? 0) + 1);
  return [...counts.values()].reduce((scale, count) => (scale * count) / greatestDivisor(scale, count), 1);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
