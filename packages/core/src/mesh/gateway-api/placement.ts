import { hostSubsetOf } from '../../base/hosts.ts';
import type { ApiListener } from './listeners.ts';
import type { Attachment } from './parents.ts';

/** Where rules of a route are in force, as a VirtualService says it. */
export interface Placement {
  readonly hosts: readonly string[];
  /** Names of Istio Gateways, or `mesh`. */
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
}

/** What a route says for a service of the mesh. */
export interface ServicePlacement extends Placement {
  /** The port that the route is limited to, or null. */
  readonly port: number | null;
}

/** The listeners that serve a route, with its hosts there: one entry for each set of hosts, as not all listeners have the same. */
export function atGateways(attached: readonly Attachment[], hosts: readonly string[], all: readonly ApiListener[]): readonly Placement[] {
  const groups = new Map<string, { readonly hosts: readonly string[]; readonly names: Set<string> }>();
  for (const listener of attached.flatMap(({ listeners }) => listeners)) {
    if (!listener.isServed) continue;
    const own = hostsAt(listener, hosts, all);
    const group = groups.get(own.join(' ')) ?? { hosts: own, names: new Set() };
    if (own.length > 0) groups.set(own.join(' '), group);
    group.names.add(listener.translatedName);
  }
  return [...groups.values()].map((group) => ({ hosts: group.hosts, gateways: [...group.names].sort(), exportTo: ['*'] }));
}

/** The hosts of services that a route is for, one by one. A route that is written in another namespace than the service is for clients of its own namespace only. */
export function atServices(attached: readonly Attachment[], namespace: string): readonly ServicePlacement[] {
  return attached.flatMap(({ services, parent }) => {
    const exportTo = parent.namespace === namespace ? ['*'] : [namespace];
    return services.map((host) => ({ hosts: [host], gateways: ['mesh'], exportTo, port: parent.port }));
  });
}

/**
 * The hosts of a route that belong to a listener. A request belongs to one listener only: of those of the Gateway that share the port and the protocol the one
 * whose host is most specific. So hosts that are another's are left out, whatever the route was attached to.
 */
function hostsAt(listener: ApiListener, hosts: readonly string[], all: readonly ApiListener[]): readonly string[] {
  const narrower = all.filter(
    (other) =>
      other.isServed &&
      other.gateway === listener.gateway &&
      other.port === listener.port &&
      other.protocol === listener.protocol &&
      other.hostname !== listener.hostname &&
      (listener.hostname === '' || hostSubsetOf(other.hostname, listener.hostname)),
  );
  return hosts.filter((host) => !narrower.some((other) => hostSubsetOf(host, other.hostname)));
}
