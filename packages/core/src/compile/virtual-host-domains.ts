import type { ProxyNode } from '../mesh/proxy-node.ts';
import type { Service } from '../mesh/service.ts';
import { serviceAddresses } from './service-addresses.ts';

/** The `Host` values of a service. `short` are the abbreviations among them, which must not take the name of another service. */
export interface HostDomains {
  readonly all: readonly string[];
  readonly short: ReadonlySet<string>;
}

/**
 * Every `Host` that means a service when a proxy asks for it: its name, with a dot at the end too, and abbreviations, in a client's own namespace down to the bare name, and its addresses.
 * With a port each is followed by its form with the port; without one the routes ignore ports.
 */
export function hostDomains(service: Service, aliases: readonly string[], node: ProxyNode, port: number | null): HostDomains {
  const names: string[] = [];
  const short = new Set<string>();
  for (const hostname of [service.hostname, ...aliases]) {
    addWithPort(names, hostname, port);
    const abbreviations: string[] = [];
    for (const name of shortNames(hostname, node.dnsDomain)) addWithPort(abbreviations, name, port);
    if (hostname.includes('.') && !hostname.startsWith('*')) addWithPort(abbreviations, `${hostname}.`, port);
    for (const name of abbreviations) short.add(name);
    names.push(...abbreviations);
  }
  const ofPods = service.isHeadless ? names.map((name) => `*.${name}`) : [];
  const addresses: string[] = [];
  for (const address of serviceAddresses(service, node)) if (!address.includes('/')) addWithPort(addresses, bracketed(address), port);
  return { all: [...names, ...ofPods, ...addresses], short };
}

/** A name with its port; IPv6 addresses in brackets. */
export function domainName(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

/** An IPv6 address as it stands in URLs. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Abbreviations that the cluster's DNS would complete: `a`, `a.ns`, `a.ns.svc` within the namespace, without the bare name from elsewhere. */
export function shortNames(hostname: string, proxyDomain: string): readonly string[] {
  const marker = proxyDomain.indexOf('.svc.');
  if (marker < 0) return [];
  const suffix = proxyDomain.slice(marker);
  const end = hostname.indexOf('.svc.');
  if (end <= 0 || hostname.slice(end) !== suffix) return [];
  const first = hostname.indexOf('.');
  if (first >= end) return [];
  const qualified = hostname.slice(0, end);
  const isOwnNamespace = hostname.slice(first + 1, end) === proxyDomain.slice(0, marker);
  return isOwnNamespace ? [hostname.slice(0, first), `${qualified}.svc`, qualified] : [qualified, `${qualified}.svc`];
}

function addWithPort(list: string[], name: string, port: number | null): void {
  list.push(name);
  if (port !== null) list.push(`${name}:${port}`);
}
