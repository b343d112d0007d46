import { cidrContains, parseCidr, parseIp } from '../base/addresses.ts';
import type { MeshSettings } from './mesh-settings.ts';

/** The network that MeshNetworks puts an address of this cluster in: by the cluster's registry, else by the first of its CIDRs that holds it; `''` for none. */
export function meshNetwork({ meshNetworks, clusterId }: MeshSettings, address: string): string {
  const networks = Object.entries(meshNetworks.networks ?? {});
  if (networks.length === 0) return '';
  const ofRegistry = networks.find(([, network]) => network.endpoints?.some((entry) => entry.fromRegistry === clusterId));
  if (ofRegistry) return ofRegistry[0];
  const bytes = parseIp(address);
  if (bytes === null) return '';
  const holds = (text: string | undefined) => {
    const cidr = text ? parseCidr(text) : null;
    return cidr !== null && cidrContains(cidr, bytes);
  };
  return networks.find(([, network]) => network.endpoints?.some((entry) => holds(entry.fromCidr)))?.[0] ?? '';
}
