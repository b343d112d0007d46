import type { ProxyNode } from '../mesh/proxy-node.ts';
import type { Service } from '../mesh/service.ts';

/** Virtual addresses of a service: its own, else those handed out automatically, which only proxies that answer DNS can use. */
export function serviceAddresses(service: Service, node: ProxyNode): readonly string[] {
  if (service.addresses.length > 0) return service.addresses;
  return service.autoAddresses && node.capturesDns ? [service.autoAddresses.ipv4, service.autoAddresses.ipv6] : [];
}

/** Those of the addresses that a proxy's own address family can listen on; all when there is none of it. */
export function listenAddresses(service: Service, node: ProxyNode): readonly string[] {
  const addresses = serviceAddresses(service, node);
  const families = new Set(node.ips.map(isV6));
  const own = addresses.filter((address) => families.has(isV6(address)));
  return own.length > 0 ? own : addresses;
}

/** The address that stands for all of a proxy's own. */
export function wildcardOf(node: ProxyNode): string {
  return hasOnlyV6(node) ? '::' : '0.0.0.0';
}

/** The loopback address of a proxy's family. */
export function loopbackOf(node: ProxyNode): string {
  return hasOnlyV6(node) ? '::1' : '127.0.0.1';
}

function hasOnlyV6(node: ProxyNode): boolean {
  return node.ips.length > 0 && node.ips.every(isV6);
}

function isV6(address: string): boolean {
  return address.includes(':');
}
