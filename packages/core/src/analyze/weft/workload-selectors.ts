import type { KindKey } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object } from '../fields.ts';
import { formatSelector } from '../label-index.ts';
import { absence, fact } from '../proof.ts';

interface SelectingSpec {
  readonly selector?: { readonly matchLabels?: unknown };
  readonly workloadSelector?: { readonly labels?: unknown };
}

/** Kinds that apply to selected workloads; for the others Istio's own analyzers look. */
const kinds = [
  'PeerAuthentication',
  'RequestAuthentication',
  'WasmPlugin',
  'EnvoyFilter',
  'ProxyConfig',
] as const satisfies readonly KindKey[];

/** Kinds that hold for workloads of every namespace when they are in the root namespace: there the set may show too little. */
const meshWide = new Set<string>(['RequestAuthentication', 'WasmPlugin', 'EnvoyFilter']);

/** Policies that select workloads by labels which none has. */
export const workloadSelectorsAnalyzer: SetAnalyzer = {
  name: 'workload.SelectorAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const resource of kinds.flatMap((kind): readonly Resource[] => context.set.ofKind(kind))) checkSelector(resource, context);
  },
};

function checkSelector(resource: Resource, { index, rootNamespace, report }: AnalyzerContext): void {
  const spec = object(resource.spec as SelectingSpec);
  const labels = labelsOf(object(spec.selector).matchLabels);
  const isPlain = Object.keys(labels).length > 0;
  const selector = isPlain ? labels : labelsOf(object(spec.workloadSelector).labels);
  if (Object.keys(selector).length === 0) return;
  const { namespace } = resource.ref;
  if (!index.knowsWorkloadsIn(namespace) || (meshWide.has(resource.ref.kind) && namespace === rootNamespace)) return;
  if (index.workloadsIn(namespace).matchesAny(selector) || index.controllersIn(namespace).matchesAny(selector)) return;
  const path = isPlain ? 'spec.selector.matchLabels' : 'spec.workloadSelector.labels';
  report({
    type: 'SelectorMatchesNoWorkload',
    resource,
    path,
    message: `No workload of namespace ${namespace} has the labels ${formatSelector(selector)}, so this ${resource.ref.kind} has no effect. Correct the selector.`,
    proof: [fact(resource, path, `selects ${formatSelector(selector)}`), absence(`no workload of ${namespace} with these labels`)],
  });
}
