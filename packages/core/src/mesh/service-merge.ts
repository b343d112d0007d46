import type { Service } from './service.ts';
import { withHash } from './with-hash.ts';

/** The service with the one port of that number, or null when it has none. */
export function onlyPort(service: Service, number: number): Service | null {
  const ports = service.ports.filter((port) => port.number === number).slice(0, 1);
  return ports.length === 0 ? null : withPorts(service, ports);
}

/** The service with the ports of these numbers; with all ports when none are named; null when it has none of them. */
export function onlyPorts(service: Service, numbers: ReadonlySet<number>): Service | null {
  if (numbers.size === 0) return service;
  const ports = service.ports.filter((port) => numbers.has(port.number));
  return ports.length === 0 ? null : withPorts(service, ports);
}

/** Of services with one host name, those of one namespace: the client's own before all, Kubernetes before ServiceEntries, else the first given. */
export function uniqueByHostname(services: readonly Service[], namespace: string): readonly Service[] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const current = chosen.get(service.hostname);
    if (!current || (current.namespace !== service.namespace && isPreferred(service, current, namespace)))
      chosen.set(service.hostname, service);
  }
  const byHostname = new Map<string, Service>();
  for (const service of services) if (chosen.get(service.hostname)?.namespace === service.namespace) mergeInto(byHostname, service);
  return [...byHostname.values()];
}

function isPreferred(candidate: Service, current: Service, namespace: string): boolean {
  if (candidate.namespace === namespace) return true;
  return current.namespace !== namespace && current.registry !== 'Kubernetes' && candidate.registry === 'Kubernetes';
}

/**
 * Adds a service to those of a proxy. For a host that is there already a Kubernetes service replaces a ServiceEntry, never the reverse; ports are added only
 * when both are alike in namespace, resolution, labels, selection and visibility.
 */
export function mergeInto(byHostname: Map<string, Service>, service: Service): void {
  const existing = byHostname.get(service.hostname);
  if (!existing) {
    byHostname.set(service.hostname, service);
    return;
  }
  if (existing === service || (existing.registry === 'Kubernetes' && service.registry !== 'Kubernetes')) return;
  if (existing.registry !== 'Kubernetes' && service.registry === 'Kubernetes') {
    byHostname.set(service.hostname, service);
    return;
  }
  if (!canMerge(existing, service)) return;
  const known = new Set(existing.ports.map((port) => port.number));
  const added = service.ports.filter((port) => !known.has(port.number));
  if (added.length > 0) byHostname.set(service.hostname, withPorts(existing, [...existing.ports, ...added]));
}

function canMerge(a: Service, b: Service): boolean {
  return (
    a.namespace === b.namespace &&
    a.resolution === b.resolution &&
    sameRecord(a.labels, b.labels) &&
    sameRecord(a.selector ?? {}, b.selector ?? {}) &&
    a.exportTo.join() === b.exportTo.join()
  );
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function withPorts(service: Service, ports: Service['ports']): Service {
  if (ports.length === service.ports.length && ports.every((port, index) => port === service.ports[index])) return service;
  const { hash: _, ...rest } = service;
  return withHash({ ...rest, ports });
}
