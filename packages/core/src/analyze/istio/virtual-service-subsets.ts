import { hostSubsetOf, resolveHost } from '../../base/hosts.ts';
import type { DestinationRule, VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { absence, fact } from '../proof.ts';
import { mirrorDestinations, type RouteDestination, routeDestinations } from './route-destinations.ts';

interface WildcardSubset {
  readonly host: string;
  readonly subset: string;
}

/** Destinations of a subset that no DestinationRule defines. */
export const virtualServiceSubsetsAnalyzer: SetAnalyzer = {
  name: 'virtualservice.DestinationRuleAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const defined = new Set<string>();
    const wildcards: WildcardSubset[] = [];
    for (const rule of context.set.ofKind('DestinationRule')) collectSubsets(rule, context, defined, wildcards);
    for (const service of context.set.ofKind('VirtualService')) {
      for (const destination of [...routeDestinations(service), ...mirrorDestinations(service)]) {
        if (destination.subset === '') continue;
        const host = resolveHost(destination.host, service.ref.namespace, context.domain).toLowerCase();
        if (defined.has(`${host} ${destination.subset}`)) continue;
        if (!context.exact && wildcards.some((wildcard) => wildcard.subset === destination.subset && hostSubsetOf(host, wildcard.host)))
          continue;
        reportMissing(service, destination, context);
      }
    }
  },
};

function collectSubsets(rule: DestinationRule, { domain }: AnalyzerContext, defined: Set<string>, wildcards: WildcardSubset[]): void {
  const spec = object(rule.spec);
  const host = resolveHost(text(spec.host), rule.ref.namespace, domain).toLowerCase();
  for (const [, subset] of objects(spec.subsets)) {
    defined.add(`${host} ${text(subset.name)}`);
    if (host.startsWith('*')) wildcards.push({ host, subset: text(subset.name) });
  }
}

function reportMissing(service: VirtualService, destination: RouteDestination, { report }: AnalyzerContext): void {
  const name = `${destination.host}+${destination.subset}`;
  report({
    type: 'ReferencedResourceNotFound',
    resource: service,
    path: `${destination.path}.subset`,
    identity: destination.rule === 'mirrors' ? `mirrors ${name}` : `${destination.path} subset ${name}`,
    message: `No DestinationRule defines subset ${destination.subset} of ${destination.host}; requests sent there fail with 503. Define the subset, or correct its name.`,
    proof: [
      fact(service, `${destination.path}.subset`, `is ${destination.subset}`),
      absence(`no DestinationRule for ${destination.host} with subset ${destination.subset}`),
    ],
  });
}
