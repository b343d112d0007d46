import { resolveHost } from '../../base/hosts.ts';
import { type Labels, selectsLabels } from '../../base/labels.ts';
import type { DestinationRule, VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext } from '../analyzer.ts';
import { labelsOf, object, objects, strings, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, nameOf } from '../proof.ts';
import type { ServiceHost } from '../service-hosts.ts';
import { routeDestinations } from './route-destinations.ts';

interface SubsetUse {
  readonly service: VirtualService;
  readonly host: string;
  readonly subset: string;
  readonly path: string;
}

/** Looks in a VirtualService for routes at gateways that pass by the subsets to which sidecars send the same host. */
export function createSubsetCheck(services: readonly VirtualService[], context: AnalyzerContext): (service: VirtualService) => void {
  const usesByHost = groupBy(services.flatMap(subsetUsesOf), (use) => use.host);
  const effective = createEffectiveUses(usesByHost, context);
  return (service) => {
    const gateways = strings(object(service.spec).gateways);
    if (gateways.length === 0 || (!context.exact && gateways.every((gateway) => gateway === 'mesh'))) return;
    for (const destination of routeDestinations(service)) {
      if (destination.rule !== 'http' || destination.subset !== '') continue;
      const uses = context.exact
        ? (usesByHost.get(destination.host) ?? [])
        : effective(service, destination.host)
            .filter((use) => use.service !== service)
            .slice(0, 1);
      for (const use of uses) {
        context.report({
          type: 'IngressRouteRulesNotAffected',
          resource: service,
          path: destination.path,
          identity: nameOf(use.service),
          message: `Requests through the gateway go to all of ${destination.host}: the subsets that ${nameOf(use.service)} routes to hold only inside the mesh. Name a subset here, or apply that VirtualService to the gateway too.`,
          proof: [fact(service, `${destination.path}.subset`, 'is not set'), fact(use.service, use.path, 'routes to a subset')],
        });
      }
    }
  };
}

/** Subsets that a VirtualService for a service of the mesh routes to: sidecars apply it, gateways do not. */
function subsetUsesOf(service: VirtualService): readonly SubsetUse[] {
  const hosts = strings(object(service.spec).hosts);
  return objects(object(service.spec).http).flatMap(([ruleIndex, route]) =>
    objects(route.route).flatMap(([index, target]) => {
      const destination = object(target.destination);
      const host = text(destination.host);
      const subset = text(destination.subset);
      const path = `spec.http[${ruleIndex}].route[${index}].destination.subset`;
      return subset !== '' && hosts.includes(host) ? [{ service, host, subset, path }] : [];
    }),
  );
}

/** Finds the uses of subsets that make a difference: workloads of the service are known which the subset leaves out. */
function createEffectiveUses(
  usesByHost: ReadonlyMap<string, readonly SubsetUse[]>,
  { set, index, domain }: AnalyzerContext,
): (service: VirtualService, host: string) => readonly SubsetUse[] {
  const rulesByHost = groupBy(set.ofKind('DestinationRule'), (rule) =>
    resolveHost(text(object(rule.spec).host), rule.ref.namespace, domain),
  );
  const known = new Map<string, readonly SubsetUse[]>();
  return (service, host) => {
    const uses = usesByHost.get(host) ?? [];
    const target = uses.length === 0 ? null : index.hosts.find(service.ref.namespace, [], host);
    if (!target?.selector) return [];
    const found = known.get(target.host) ?? effectiveUses(uses, target, rulesByHost.get(target.host) ?? []);
    known.set(target.host, found);
    return found;
  };

  function effectiveUses(uses: readonly SubsetUse[], { selector, resource }: ServiceHost, rules: readonly DestinationRule[]) {
    const { namespace } = resource.ref;
    const workloads = [...index.workloadsIn(namespace).matching(selector), ...index.controllersIn(namespace).matching(selector)];
    const subsets = rules.flatMap((rule) => objects(object(rule.spec).subsets).map(([, subset]) => subset));
    const leavesOut = (labels: Labels): boolean => workloads.some((workload) => !selectsLabels(labels, workload.labels));
    const partial = new Set(subsets.filter((subset) => leavesOut(labelsOf(subset.labels))).map((subset) => text(subset.name)));
    return uses.filter((use) => partial.has(use.subset));
  }
}
