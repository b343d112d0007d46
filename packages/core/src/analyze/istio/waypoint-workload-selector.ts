import { resolveHost } from '../../base/hosts.ts';
import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, strings, text } from '../fields.ts';
import { createHostIndex } from '../host-index.ts';
import { fact } from '../proof.ts';

const label = 'istio.io/use-waypoint';

/** DestinationRules with a workload selector for services whose traffic a waypoint carries; a waypoint has no client workload to select. */
export const waypointWorkloadSelectorAnalyzer: SetAnalyzer = {
  name: 'destinationrule.WaypointWorkloadSelectorAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const rules = context.set.ofKind('DestinationRule').filter((rule) => object(rule.spec).workloadSelector);
    if (rules.length === 0) return;
    const hosts = createHostIndex(waypointHosts(context), ({ host }) => host);
    for (const rule of rules) {
      const host = resolveHost(text(object(rule.spec).host), rule.ref.namespace, context.domain);
      const [service] = hosts.overlapping(host);
      if (!service) continue;
      context.report({
        type: 'UnsupportedDestinationRuleWorkloadSelector',
        resource: rule,
        path: 'spec.workloadSelector',
        message: `Traffic to ${host} goes through a waypoint, where a workload selector is not supported. Remove the selector.`,
        proof: [fact(rule, 'spec.workloadSelector', 'is set'), fact(service.resource, `metadata.labels["${label}"]`, 'has a waypoint')],
      });
    }
  },
};

function waypointHosts({ set, index, domain }: AnalyzerContext): readonly { readonly host: string; readonly resource: Resource }[] {
  const usesWaypoint = (resource: Resource): boolean => {
    const own = resource.labels[label];
    const inherited = index.namespace(resource.ref.namespace)?.labels[label];
    const waypoint = own ?? inherited ?? '';
    return waypoint !== '' && waypoint !== 'none';
  };
  const services = set.ofKind('Service').filter(usesWaypoint);
  const entries = set.ofKind('ServiceEntry').filter(usesWaypoint);
  return [
    ...services.map((service) => ({ host: resolveHost(service.ref.name, service.ref.namespace, domain), resource: service })),
    ...entries.flatMap((entry) => strings(object(entry.spec).hosts).map((host) => ({ host, resource: entry }))),
  ];
}
