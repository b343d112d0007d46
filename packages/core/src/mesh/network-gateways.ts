import { isIp } from '../base/addresses.ts';
import { selectsLabels } from '../base/labels.ts';
import type { KubernetesGateway, ResourceSet } from '../resource/kinds.ts';
import { isAutoPassthrough } from './gateway-api/listener-tls.ts';
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
const networkLabel = 'topology.istio.io/network';
const gatewayPortLabel = 'networking.istio.io/gatewayPort';
const nodeSelectorAnnotation = 'traffic.istio.io/nodeSelector';

/** The gateways of all networks. */
export interface NetworkGateways {
  /** At IP addresses: endpoints cannot be names. */
  readonly gateways: readonly NetworkGateway[];
  /** The names that stand in place of addresses, as load balancers of some clouds have; sorted. */
  readonly names: readonly string[];
}

/**
 * The gateways of all networks: those that MeshNetworks lists, and services and Gateways labelled with the network they lead into. One with a name is at
 * each address that `settings.addressesByName` gives for it, and nowhere before it was looked up.
 */
export function resolveNetworkGateways(services: readonly Service[], settings: MeshSettings, set: ResourceSet): NetworkGateways {
  const written = [
    ...listedGateways(services, settings, set),
    ...services.flatMap((service) => labelledService(service, settings, set)),
    ...set.ofKind('KubernetesGateway').flatMap((gateway) => labelledGateway(gateway, settings)),
  ];
  const gateways = written.flatMap((gateway) => addressesOf(gateway.address, settings).map((address) => ({ ...gateway, address })));
  const byKey = new Map(gateways.map((gateway) => [`${gateway.network} ${gateway.address} ${gateway.port}`, gateway]));
  return {
    gateways: [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, gateway]) => gateway),
    names: [...new Set(written.map(({ address }) => address).filter((address) => !isIp(address)))].sort(),
  };
}

function addressesOf(address: string, { addressesByName }: MeshSettings): readonly string[] {
  if (isIp(address)) return [address];
  return Object.hasOwn(addressesByName, address) ? (addressesByName[address] ?? []) : [];
}

/** A service by name is meant in the cluster whose registry is of the network: other clusters have one of the same name. */
function listedGateways(services: readonly Service[], settings: MeshSettings, set: ResourceSet): readonly NetworkGateway[] {
  return Object.entries(settings.meshNetworks.networks ?? {}).flatMap(([network, { gateways, endpoints }]) => {
    const isOwn = (endpoints ?? []).some(({ fromRegistry }) => fromRegistry === settings.clusterId);
    return (gateways ?? []).flatMap((gateway) => {
      const port = gateway.port ?? defaultGatewayPort;
      const named = gateway.registryServiceName?.toLowerCase();
      return [
        ...(gateway.address ? [{ network, cluster: '', address: gateway.address, port }] : []),
        ...services
          .filter((service) => isOwn && service.hostname === named)
          .flatMap((service) => atService(service, { network, port }, settings, set)),
      ];
    });
  });
}

/** A service that has not the port leads nowhere. */
function labelledService(service: Service, settings: MeshSettings, set: ResourceSet): readonly NetworkGateway[] {
  const network = service.labels[networkLabel];
  const port = Number(service.labels[gatewayPortLabel] ?? defaultGatewayPort);
  if (!network || !service.ports.some(({ number }) => number === port)) return [];
  return atService(service, { network, port }, settings, set);
}

/** At the addresses of a service's load balancer, or on its port of the nodes that it names. */
function atService(
  service: Service,
  { network, port }: Pick<NetworkGateway, 'network' | 'port'>,
  { clusterId: cluster }: MeshSettings,
  set: ResourceSet,
): readonly NetworkGateway[] {
  const nodePort = service.ports.find(({ number }) => number === port)?.nodePort ?? null;
  const selector = nodePort === null ? null : nodeSelector(service.annotations[nodeSelectorAnnotation]);
  if (nodePort === null || selector === null) return service.externalAddresses.map((address) => ({ network, cluster, address, port }));
  return set
    .ofKind('Node')
    .filter((node) => selectsLabels(selector, node.labels))
    .flatMap((node) => externalAddresses(node.raw.status))
    .map((address) => ({ network, cluster, address, port: nodePort }));
}

/** The labels of an annotation in JSON; null without one, or when it cannot be read. */
function nodeSelector(text: string | undefined): Readonly<Record<string, string>> | null {
  if (text === undefined) return null;
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, string>) : null;
  } catch {
    return null;
  }
}

function externalAddresses(status: unknown): readonly string[] {
  const { addresses } = (status ?? {}) as { readonly addresses?: unknown };
  const list: readonly unknown[] = Array.isArray(addresses) ? addresses : [];
  return list.flatMap((entry) => {
    const { type, address } = (entry ?? {}) as { readonly type?: unknown; readonly address?: unknown };
    return type === 'ExternalIP' && typeof address === 'string' ? [address] : [];
  });
}

/** A Gateway with the addresses that it is reached by, as for one of another place, and a listener that passes on mesh names. */
function labelledGateway(gateway: KubernetesGateway, { clusterId: cluster }: MeshSettings): readonly NetworkGateway[] {
  const network = gateway.labels[networkLabel];
  if (!network) return [];
  const ports = (gateway.spec?.listeners ?? []).filter((listener) => isAutoPassthrough(gateway, listener)).map(({ port }) => port ?? 0);
  const addresses = (gateway.spec?.addresses ?? []).filter((address) => address?.type === 'IPAddress' || address?.type === 'Hostname');
  return addresses.flatMap((address) => ports.map((port) => ({ network, cluster, address: address?.value ?? '', port })));
}
