import type { AddressJson, CidrRangeJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import { parseCidr } from '../base/addresses.ts';

/** An IP address with a port, or a Unix socket for `unix://` paths and port 0 with an absolute path. */
export function socketAddress(address: string, port: number): AddressJson {
  if (address.startsWith('unix://')) return { pipe: { path: address.slice('unix://'.length) } };
  if (port === 0 && address.startsWith('/')) return { pipe: { path: address } };
  return { socketAddress: { address, portValue: port } };
}

/** Networks as Envoy matches them, sorted; the one that holds every address is no condition. */
export function cidrRanges(cidrs: readonly string[]): CidrRangeJson[] {
  return [...cidrs].sort().flatMap((text) => {
    const cidr = parseCidr(text);
    if (cidr === null || cidr.bytes.every((byte) => byte === 0)) return [];
    const slash = text.indexOf('/');
    return [{ addressPrefix: slash < 0 ? text : text.slice(0, slash), prefixLen: cidr.prefixLength }];
  });
}
