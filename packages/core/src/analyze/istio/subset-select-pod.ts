import { isWildcardHost, resolveHost } from '../../base/hosts.ts';
import type { Labels } from '../../base/labels.ts';
import type { DestinationRule, ServiceEntry } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, strings, text } from '../fields.ts';
import { createLabelIndex, formatSelector, type LabelIndex } from '../label-index.ts';
import { absence, fact } from '../proof.ts';
import { isInstalledHost, type ServiceHost } from '../service-hosts.ts';
import { mirrorDestinations, routeDestinations } from './route-destinations.ts';

const topologyLabels = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone'];

/** DestinationRules for hosts that no service has, and subsets that select no workload. */
export const subsetSelectPodAnalyzer: SetAnalyzer = {
  name: 'destinationrule.SubsetSelectPodAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const rules = context.set.ofKind('DestinationRule');
    if (rules.length === 0) return;
    const workloads = createLabelIndex(workloadLabels(context), (labels) => labels);
    let routed: ReadonlySet<string> | null = null;
    const lookups: SubsetLookups = {
      workloads,
      isRouted(host, subset) {
        // Routes are read only when there is an empty subset, so that an edited route seldom makes this analyzer run again.
        routed ??= routedSubsets(context);
        return routed.has(`${host} ${subset}`);
      },
    };
    for (const rule of rules) {
      const spec = object(rule.spec);
      const service = context.index.hosts.find(rule.ref.namespace, strings(spec.exportTo), text(spec.host));
      if (service === null && isUnknown(rule, context)) reportUnknownHost(rule, context);
      if (service !== null || (!context.exact && isWildcardHost(text(spec.host)))) checkSubsets(rule, service, lookups, context);
    }
  },
};

/** Labels of all workloads, with those that Istio adds from the node a pod runs on. Istio's own analyzer looks at pods alone. */
function workloadLabels({ set, index, exact }: AnalyzerContext): readonly Labels[] {
  const workloads = exact ? index.workloads.all.filter(({ kind }) => kind === 'Pod') : index.workloads.all;
  return workloads.map((workload) => {
    const nodeName = workload.kind === 'Pod' ? text((workload.resource.spec as { nodeName?: unknown }).nodeName) : '';
    const node = nodeName === '' ? null : set.get('Node', '', nodeName);
    if (node === null) return workload.labels;
    const added = topologyLabels.filter((label) => node.labels[label]).map((label) => [label, node.labels[label] ?? ''] as const);
    return { ...workload.labels, ...Object.fromEntries(added), 'kubernetes.io/hostname': nodeName };
  });
}

function isUnknown(rule: DestinationRule, { exact, index, domain }: AnalyzerContext): boolean {
  const host = text(object(rule.spec).host);
  if (exact) return true;
  if (isWildcardHost(host))
    return index.hosts.all.length > 0 && index.hosts.matching(rule.ref.namespace, host).length === 0 && !host.endsWith('.local');
  return host !== '' && !isInstalledHost(host, domain);
}

function reportUnknownHost(rule: DestinationRule, { report }: AnalyzerContext): void {
  const host = text(object(rule.spec).host);
  report({
    type: 'UnknownDestinationRuleHost',
    resource: rule,
    path: 'spec.host',
    message: `No Service or ServiceEntry that namespace ${rule.ref.namespace || 'default'} can see has the host ${host}, so this rule applies to nothing. Correct the host, or declare the service.`,
    proof: [fact(rule, 'spec.host', `is ${host}`), absence(`no service with host ${host}`)],
  });
}

interface SubsetLookups {
  readonly workloads: LabelIndex<Labels>;
  /** Whether a route leads to a subset of a host. */
  isRouted(host: string, subset: string): boolean;
}

/** `host subset` of all that routes lead to: an empty one that nobody uses does no harm, it may be for later. */
function routedSubsets({ set, domain }: AnalyzerContext): ReadonlySet<string> {
  const destinations = set
    .ofKind('VirtualService')
    .flatMap((service) =>
      [...routeDestinations(service), ...mirrorDestinations(service)].map((destination) => ({ ...destination, service })),
    );
  return new Set(destinations.map(({ host, subset, service }) => `${resolveHost(host, service.ref.namespace, domain)} ${subset}`));
}

function checkSubsets(
  rule: DestinationRule,
  service: ServiceHost | null,
  { workloads, isRouted }: SubsetLookups,
  context: AnalyzerContext,
): void {
  if (!context.exact && !context.index.knowsWorkloadsIn(service?.resource.ref.namespace ?? rule.ref.namespace)) return;
  const seen = new Set<string>();
  const entrySelector = service?.resource.ref.kind === 'ServiceEntry' ? (service.selector ?? {}) : {};
  for (const [index, subset] of objects(object(rule.spec).subsets)) {
    const name = text(subset.name);
    const selector = { ...entrySelector, ...labelsOf(subset.labels) };
    if (seen.has(name) || workloads.matchesAny(selector)) continue;
    const host = resolveHost(text(object(rule.spec).host), rule.ref.namespace, context.domain);
    if (!context.exact && (hasEndpoints(service, selector) || willExist(rule, service, selector, context) || !isRouted(host, name)))
      continue;
    seen.add(name);
    const path = `spec.subsets[${index}]`;
    context.report({
      type: 'DestinationRuleSubsetNotSelectPods',
      resource: rule,
      path,
      identity: name,
      message: `Subset ${name} (${formatSelector(selector)}) selects no workload; requests routed to it fail with 503. Correct its labels, or those of the workloads.`,
      proof: [fact(rule, `${path}.labels`, `are ${formatSelector(selector)}`), absence('no workload has these labels')],
    });
  }
}

/** Whether a ServiceEntry lists an endpoint with these labels, or has endpoints that are not in the set (DNS names). */
function hasEndpoints(service: ServiceHost | null, selector: Labels): boolean {
  if (service?.resource.ref.kind !== 'ServiceEntry') return false;
  const spec = object((service.resource as ServiceEntry).spec);
  if (spec.workloadSelector) return false;
  const endpoints = objects(spec.endpoints);
  return (
    endpoints.length === 0 ||
    createLabelIndex(
      endpoints.map(([, endpoint]) => labelsOf(endpoint.labels)),
      (labels) => labels,
    ).matchesAny(selector)
  );
}

function willExist(rule: DestinationRule, service: ServiceHost | null, selector: Labels, { index }: AnalyzerContext): boolean {
  const namespace = service?.resource.ref.namespace ?? rule.ref.namespace;
  return index.controllersIn(namespace).matchesAny(selector);
}
