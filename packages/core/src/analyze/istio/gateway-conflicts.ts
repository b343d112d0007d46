import { type Labels, selectsLabels } from '../../base/labels.ts';
import type { Gateway, GatewaySpec } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, portNumber, strings, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { formatSelector } from '../label-index.ts';
import { fact, list, mostProofs, nameOf } from '../proof.ts';
import { gatewaySelector, gatewayWithoutWorkload } from './gateway-selector.ts';

type Server = NonNullable<NonNullable<GatewaySpec['servers']>[number]>;

interface PortClaim {
  readonly gateway: Gateway;
  /** Port, bind address and host of all that it claims. */
  readonly places: readonly string[];
  readonly path: string;
}

/** The Gateways of one selector. */
interface Group {
  readonly gateways: readonly Gateway[];
  readonly labels: Labels | null | undefined;
  readonly hasServers: boolean;
  readonly claimsByPlace: ReadonlyMap<string, readonly PortClaim[]>;
}

/** Gateways that claim the same hosts on the same port of the same workload; only the oldest gets them. */
export const gatewayConflictsAnalyzer: SetAnalyzer = {
  name: 'gateway.ConflictingGatewayAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const groups = new Map<string, Group>();
    for (const [selector, gateways] of groupBy(context.set.ofKind('Gateway'), (gateway) => formatSelector(gatewaySelector(gateway)))) {
      groups.set(selector, createGroup(gateways));
    }
    for (const [selector, group] of groups) {
      const related = [...groups].filter(([other]) => sharesWorkload(group, selector, other, context)).map(([, found]) => found);
      const hasServers = related.some((other) => other.hasServers);
      for (const gateway of group.gateways) {
        if (selector === '' || hasServers) checkServers(gateway, selector, related, context);
        else if (context.exact) context.report(gatewayWithoutWorkload(gateway));
      }
    }
  },
};

function createGroup(gateways: readonly Gateway[]): Group {
  const claimsByPlace = new Map<string, PortClaim[]>();
  const claims = gateways.flatMap(claimsOf);
  for (const claim of claims) {
    for (const place of claim.places) {
      const known = claimsByPlace.get(place);
      if (known) known.push(claim);
      else claimsByPlace.set(place, [claim]);
    }
  }
  const [first] = gateways;
  return { gateways, labels: first ? gatewaySelector(first) : null, hasServers: claims.length > 0, claimsByPlace };
}

/** The last server of a Gateway for a port stands for all of them, as in Istio. */
function claimsOf(gateway: Gateway): readonly PortClaim[] {
  const byPort = new Map<number, PortClaim>();
  for (const [index, server] of objects(object(gateway.spec).servers)) {
    const port = portNumber(object(server.port).number) ?? 0;
    byPort.set(port, { gateway, places: placesOf(port, server), path: `spec.servers[${index}]` });
  }
  return [...byPort.values()];
}

function placesOf(port: number, server: Server): readonly string[] {
  return [...new Set(strings(server.hosts))].map((host) => `${port} ${text(server.bind)} ${host}`);
}

function sharesWorkload(group: Group, selector: string, other: string, { index }: AnalyzerContext): boolean {
  if (selector === other) return true;
  if (!selector.includes(other) && !other.includes(selector)) return false;
  const otherLabels = Object.fromEntries(
    other.split(',').flatMap((pair) => (pair.includes('=') ? [pair.split('=') as [string, string]] : [])),
  );
  return index.workloads.matching(group.labels).some((workload) => selectsLabels(otherLabels, workload.labels));
}

function checkServers(gateway: Gateway, selector: string, related: readonly Group[], { exact, report }: AnalyzerContext): void {
  for (const [index, server] of objects(object(gateway.spec).servers)) {
    const port = portNumber(object(server.port).number) ?? 0;
    const hosts = strings(server.hosts);
    const claims = placesOf(port, server).flatMap((place) => related.flatMap((group) => group.claimsByPlace.get(place) ?? []));
    const rivals = [...new Set(claims)].filter((claim) => claim.gateway !== gateway);
    if (rivals.length === 0) continue;
    // Names in order cost much where thousands claim one place; only Istio's own way of telling messages apart needs them all.
    const names = exact ? rivals.map((claim) => nameOf(claim.gateway)).sort() : rivals.slice(0, 5).map((claim) => nameOf(claim.gateway));
    const others = exact || rivals.length === names.length ? list(names) : `${names.join(', ')} and ${rivals.length - names.length} more`;
    report({
      type: 'ConflictingGateways',
      resource: gateway,
      path: `spec.servers[${index}]`,
      ...(exact ? { identity: `${names.join()}~${port}~${hosts.join()}` } : {}),
      message: `Port ${port} of ${selector || 'every gateway'} is claimed for the same hosts (${list(hosts)}) by ${others} too; only the oldest Gateway gets them. Put the hosts into one Gateway.`,
      proof: [
        fact(gateway, `spec.servers[${index}].hosts`, `are ${hosts.join(', ')} on port ${port}`),
        ...rivals.slice(0, mostProofs).map((claim) => fact(claim.gateway, `${claim.path}.hosts`, `claim them too`)),
      ],
    });
  }
}
