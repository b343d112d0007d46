import { stableHash } from '../base/stable-hash.ts';
import type { Service } from './service.ts';
import { withHash } from './with-hash.ts';

/** Addresses per network: 240.240.0.0/16 without its first and last address. */
const poolSize = 65_534;

/**
 * Gives every ServiceEntry host without addresses one from 240.240.0.0/16 and 2001:2::/48. The address follows from the host's name alone, unless two names
 * fall on the same one: then the name that sorts first keeps it and the other takes the next free one. So edits and duplicates of other hosts rarely move it.
 */
export function allocateAddresses(services: readonly Service[], known: ReadonlyMap<Service, Service> | undefined): readonly Service[] {
  const hosts = [...new Set(services.filter(needsAddress).map((service) => service.hostname))].sort();
  if (hosts.length === 0) return services;
  const slotByHost = assignSlots(hosts);
  return services.map((service) => {
    const slot = needsAddress(service) ? slotByHost.get(service.hostname) : undefined;
    if (slot === undefined) return service;
    const autoAddresses = addressesOf(slot);
    const before = known?.get(service);
    if (before?.autoAddresses?.ipv4 === autoAddresses.ipv4) return before;
    const { hash: _, ...rest } = service;
    return withHash({ ...rest, autoAddresses });
  });
}

/** NONE forwards to wherever the client connects, so an invented address would lead nowhere; wildcards have no name to resolve. */
function needsAddress(service: Service): boolean {
  return (
    service.registry === 'External' &&
    service.addresses.length === 0 &&
    service.resolution !== 'passthrough' &&
    service.resolution !== 'dynamic-dns' &&
    !service.hostname.startsWith('*')
  );
}

function assignSlots(hosts: readonly string[]): ReadonlyMap<string, number> {
  const taken = new Set<number>();
  const slotByHost = new Map<string, number>();
  for (const host of hosts) {
    if (taken.size >= poolSize) break;
    let slot = Number.parseInt(stableHash(host).slice(-8), 36) % poolSize;
    while (taken.has(slot)) slot = (slot + 1) % poolSize;
    taken.add(slot);
    slotByHost.set(host, slot);
  }
  return slotByHost;
}

function addressesOf(slot: number): { readonly ipv4: string; readonly ipv6: string } {
  const index = slot + 1;
  return { ipv4: `240.240.${index >> 8}.${index & 0xff}`, ipv6: `2001:2::f0f0:${index.toString(16)}` };
}
