import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { EgressListener, ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import { attemptCount } from './proxy-config.ts';
import { bracketed, domainName, hostDomains } from './virtual-host-domains.ts';

/** A virtual host with the service port that it is for. */
export interface PortHost {
  readonly port: number;
  readonly host: VirtualHostJson;
}

/** Routes of one port, with the services and further hosts that they are for. */
export interface HostGroup {
  readonly port: number;
  readonly services: readonly ServiceView[];
  readonly hosts: readonly string[];
  readonly routes: readonly RouteJson[];
}

/** Turns groups into virtual hosts; a name or domain that is taken goes to whoever came first. */
export class HostBuilder {
  readonly #view: ProxyView;
  readonly #aliasesByHostname: ReadonlyMap<string, readonly string[]>;
  readonly #port: number;
  readonly #names = new Set<string>();
  readonly #domains = new Set<string>();

  constructor(view: ProxyView, listener: EgressListener, port: number) {
    this.#view = view;
    this.#aliasesByHostname = aliasesByHostname(listener);
    this.#port = port;
  }

  build(groups: readonly HostGroup[]): readonly PortHost[] {
    const known = new Set(
      groups.flatMap((group) => group.services.flatMap(({ service }) => [service.hostname, domainName(service.hostname, group.port)])),
    );
    return groups.flatMap((group) => [
      ...group.hosts.flatMap((host) => this.#add(group, host, this.#ruleDomains(host, group.port))),
      ...group.services.flatMap((service) => {
        const domains = hostDomains(
          service.service,
          this.#aliasesByHostname.get(service.service.hostname) ?? [],
          this.#view.node,
          this.#usesPorts() ? group.port : null,
        );
        return this.#add(
          group,
          service.service.hostname,
          domains.all.filter((domain) => !(domains.short.has(domain) && known.has(domain))),
        );
      }),
    ]);
  }

  #add(group: HostGroup, host: string, domains: readonly string[]): PortHost[] {
    const name = domainName(host, group.port);
    if (this.#names.has(name)) return [];
    this.#names.add(name);
    const free = domains.filter((domain) => {
      const lower = domain.toLowerCase();
      if (this.#domains.has(lower)) return false;
      this.#domains.add(lower);
      return true;
    });
    if (free.length === 0) return [];
    return [{ port: group.port, host: { name, domains: free, routes: [...group.routes], ...attemptCount(this.#view) } }];
  }

  #ruleDomains(host: string, port: number): readonly string[] {
    return this.#usesPorts() ? [bracketed(host), domainName(host, port)] : [bracketed(host)];
  }

  /** With one port per route configuration the port in `Host` can be ignored. */
  #usesPorts(): boolean {
    return this.#port === 0 || this.#view.node.generator === 'grpc';
  }
}

/** Names of ExternalName services, by the host they stand for. */
function aliasesByHostname(listener: EgressListener): ReadonlyMap<string, readonly string[]> {
  const aliases = new Map<string, string[]>();
  for (const { service } of listener.services) {
    if (service.externalName === null) continue;
    const list = aliases.get(service.externalName);
    if (list) list.push(service.hostname);
    else aliases.set(service.externalName, [service.hostname]);
  }
  return aliases;
}
