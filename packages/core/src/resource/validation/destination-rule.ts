import type { DestinationRule } from '../kinds.ts';
import { checkLabels, checkSubsetName, checkWildcardHost } from './names.ts';
import type { Report } from './report.ts';
import { checkExportTo, checkSelectorLabels } from './scope.ts';
import { checkTrafficPolicy } from './traffic-policy.ts';

/** What Istio's webhook asks of a DestinationRule. */
export function checkDestinationRule(resource: DestinationRule, report: Report): void {
  const { spec, ref } = resource;
  const host = checkWildcardHost(spec.host ?? '');
  if (host !== null) report.error('spec.host', host);
  checkTrafficPolicy(spec.trafficPolicy, ref.namespace, 'spec.trafficPolicy', report);
  const names = new Set<string>();
  for (const [index, subset] of (spec.subsets ?? []).entries()) {
    const path = `spec.subsets[${index}]`;
    const name = checkSubsetName(subset.name);
    if (name !== null) report.error(`${path}.name`, name);
    else if (names.has(subset.name ?? '')) report.error(`${path}.name`, `the subset "${subset.name}" is defined twice`);
    names.add(subset.name ?? '');
    const labels = checkLabels(subset.labels);
    if (labels !== null) report.error(`${path}.labels`, labels);
    checkTrafficPolicy(subset.trafficPolicy, ref.namespace, `${path}.trafficPolicy`, report);
  }
  const exportedTo = checkExportTo(spec.exportTo, ref.namespace, false, report);
  if (!spec.workloadSelector) return;
  checkSelectorLabels(spec.workloadSelector.matchLabels, 'spec.workloadSelector.matchLabels', report);
  if (Object.keys(spec.workloadSelector.matchLabels ?? {}).length === 0) {
    report.warn('spec.workloadSelector', 'the workload selector has no labels');
  }
  const others = [...exportedTo].filter((namespace) => namespace !== ref.namespace);
  if (others.length > 0) {
    report.error('spec.exportTo', `a rule with a workloadSelector applies to its own namespace only, found ${others.join(', ')}`);
  }
}
