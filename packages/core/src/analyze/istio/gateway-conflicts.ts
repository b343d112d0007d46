import type { Labels } from '../../base/labels.ts';
import type { Gateway, GatewaySpec } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, portNumber, strings, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { formatSelector } from '../label-index.ts';
import { fact, list, mostProofs, nameOf } from '../proof.ts';
import { createSelectorIndex } from '../selector-index.ts';
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
    const sharing = sharedWorkloads(groups, context);
    for (const [selector, group] of groups) {
      const related = [group, ...(sharing.get(group) ?? [])];
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

/** Of each group those others whose selector is part of its own, or the other way about, and that have a workload in common with it. */
function sharedWorkloads(groups: ReadonlyMap<string, Group>, { index }: AnalyzerContext): ReadonlyMap<Group, ReadonlySet<Group>> {
  const bySelector = createSelectorIndex([...groups], ([, { labels }]) => labels ?? {});
  const sharing = new Map<Group, Set<Group>>();
  const seen = new Set<string>();
  for (const { labels } of index.workloads.all) {
    const key = formatSelector(labels);
    if (seen.has(key)) continue;
    seen.add(key);
    const selecting = bySelector.selecting(labels);
    for (const [selector, group] of selecting) {
      const others = sharing.get(group) ?? new Set();
      sharing.set(group, others);
      for (const [otherSelector, other] of selecting) {
        if (other !== group && (selector.includes(otherSelector) || otherSelector.includes(selector))) others.add(other);
      }
    }
  }
  return sharing;
}

const mostNames = 5;

/** The other Gateways that claim one of these places, as many as are told of: thousands may claim one. */
function someRivals(gateway: Gateway, places: readonly string[], related: readonly Group[]): readonly PortClaim[] {
  const rivals = new Set<PortClaim>();
  for (const place of places) {
    for (const group of related) {
      for (const claim of group.claimsByPlace.get(place) ?? []) {
        if (claim.gateway !== gateway) rivals.add(claim);
        if (rivals.size >= mostProofs) return [...rivals];
      }
    }
  }
  return [...rivals];
}

function checkServers(gateway: Gateway, selector: string, related: readonly Group[], { exact, report }: AnalyzerContext): void {
  for (const [index, server] of objects(object(gateway.spec).servers)) {
    const port = portNumber(object(server.port).number) ?? 0;
    const hosts = strings(server.hosts);
    const places = placesOf(port, server);
    const rivals = someRivals(gateway, places, related);
    if (rivals.length === 0) continue;
    const names = rivals.slice(0, mostNames).map((claim) => nameOf(claim.gateway));
    const others = rivals.length > mostNames ? `${names.join(', ')} and others` : list(names);
    report({
      type: 'ConflictingGateways',
      resource: gateway,
      path: `spec.servers[${index}]`,
      ...(exact ? { identity: places.join() } : {}),
      message: `Port ${port} of ${selector || 'every gateway'} is claimed for the same hosts (${list(hosts)}) by ${others} too; only the oldest Gateway gets them. Put the hosts into one Gateway.`,
      proof: [
        fact(gateway, `spec.servers[${index}].hosts`, `are ${hosts.join(', ')} on port ${port}`),
        ...rivals.map((claim) => fact(claim.gateway, `${claim.path}.hosts`, `claim them too`)),
      ],
    });
  }
}
