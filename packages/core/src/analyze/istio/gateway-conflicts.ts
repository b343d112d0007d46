import { selectsLabels } from '../../base/labels.ts';
import type { Gateway } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { formatSelector } from '../label-index.ts';
import { fact, list, nameOf } from '../proof.ts';
import { gatewaySelector, gatewayWithoutWorkload } from './gateway-selector.ts';

interface PortClaim {
  readonly gateway: Gateway;
  readonly selector: string;
  readonly port: number;
  /** Bind address by host. */
  readonly bindByHost: ReadonlyMap<string, string>;
  readonly path: string;
}

/** Gateways that claim the same hosts on the same port of the same workload; only the oldest gets them. */
export const gatewayConflictsAnalyzer: SetAnalyzer = {
  name: 'gateway.ConflictingGatewayAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const gateways = context.set.ofKind('Gateway');
    const claims = gateways.flatMap(claimsOf);
    const bySelector = groupBy(claims, (claim) => claim.selector);
    for (const gateway of gateways) {
      const selector = formatSelector(gatewaySelector(gateway));
      const related = [...bySelector].filter(([other]) => sharesWorkload(gateway, selector, other, context)).flatMap(([, found]) => found);
      if (selector !== '' && related.length === 0) {
        if (context.exact) context.report(gatewayWithoutWorkload(gateway));
        continue;
      }
      checkServers(gateway, related, context);
    }
  },
};

/** The last server of a Gateway for a port stands for all of them, as in Istio. */
function claimsOf(gateway: Gateway): readonly PortClaim[] {
  const selector = formatSelector(gatewaySelector(gateway));
  const byPort = new Map<number, PortClaim>();
  for (const [index, server] of objects(object(gateway.spec).servers)) {
    const port = Number(object(server.port).number ?? 0);
    const bindByHost = new Map(strings(server.hosts).map((host) => [host, text(server.bind)]));
    byPort.set(port, { gateway, selector, port, bindByHost, path: `spec.servers[${index}]` });
  }
  return [...byPort.values()];
}

function sharesWorkload(gateway: Gateway, selector: string, other: string, { index }: AnalyzerContext): boolean {
  if (selector === other) return true;
  if (!selector.includes(other) && !other.includes(selector)) return false;
  const otherLabels = Object.fromEntries(
    other.split(',').flatMap((pair) => (pair.includes('=') ? [pair.split('=') as [string, string]] : [])),
  );
  return index.workloads.matching(gatewaySelector(gateway)).some((workload) => selectsLabels(otherLabels, workload.labels));
}

function checkServers(gateway: Gateway, related: readonly PortClaim[], { report }: AnalyzerContext): void {
  const selector = formatSelector(gatewaySelector(gateway));
  for (const [index, server] of objects(object(gateway.spec).servers)) {
    const port = Number(object(server.port).number ?? 0);
    const hosts = strings(server.hosts);
    const rivals = related.filter(
      (claim) =>
        claim.port === port &&
        nameOf(claim.gateway) !== nameOf(gateway) &&
        hosts.some((host) => claim.bindByHost.get(host) === text(server.bind)),
    );
    if (rivals.length === 0) continue;
    const names = rivals.map((claim) => nameOf(claim.gateway)).sort();
    report({
      type: 'ConflictingGateways',
      resource: gateway,
      path: `spec.servers[${index}]`,
      identity: `${names.join()}~${port}~${hosts.join()}`,
      message: `Port ${port} of ${selector || 'every gateway'} is claimed for the same hosts (${list(hosts)}) by ${list(names)} too; only the oldest Gateway gets them. Put the hosts into one Gateway.`,
      proof: [
        fact(gateway, `spec.servers[${index}].hosts`, `are ${hosts.join(', ')} on port ${port}`),
        ...rivals.map((claim) => fact(claim.gateway, `${claim.path}.hosts`, `claim them too`)),
      ],
    });
  }
}
