import type { Gateway } from '../../resource/kinds.ts';
import type { AnalyzerContext, Finding } from '../analyzer.ts';
import { labelsOf, object } from '../fields.ts';
import { formatSelector } from '../label-index.ts';
import { absence, fact } from '../proof.ts';
import type { ResourceIndex } from '../resource-index.ts';
import type { Workload } from '../workload.ts';

/** The labels that a Gateway selects its workloads by. */
export function gatewaySelector(gateway: Gateway): Readonly<Record<string, string>> {
  return labelsOf(object(gateway.spec).selector);
}

/** Most Gateways of a mesh have one of few selectors, and several analyzers ask. */
const workloadsBySelector = new WeakMap<ResourceIndex, Map<string, readonly Workload[]>>();

/** The workloads that a Gateway is for, wherever they are. */
export function gatewayWorkloads(gateway: Gateway, { index, exact }: AnalyzerContext): readonly Workload[] {
  const selector = gatewaySelector(gateway);
  const known = workloadsBySelector.get(index) ?? new Map<string, readonly Workload[]>();
  workloadsBySelector.set(index, known);
  const key = formatSelector(selector);
  const running = known.get(key) ?? index.workloads.matching(selector);
  const workloads = running.length > 0 || exact ? running : index.controllers.matching(selector);
  known.set(key, workloads);
  return workloads;
}

/** The finding that a Gateway selects nothing; several analyzers come to it, and it is told once. */
export function gatewayWithoutWorkload(gateway: Gateway): Finding {
  const selector = formatSelector(gatewaySelector(gateway));
  return {
    type: 'ReferencedResourceNotFound',
    resource: gateway,
    path: 'spec.selector',
    message: `No gateway workload has the labels ${selector}, so nothing serves this Gateway. Correct the selector, or deploy the gateway.`,
    proof: [fact(gateway, 'spec.selector', `is ${selector}`), absence(`no workload with labels ${selector}`)],
  };
}

/** Whether "no workload is selected" can be told from the set: always when asked exactly, else when the set says what runs. */
export function canTellWorkloads({ exact, index }: AnalyzerContext): boolean {
  return exact || index.knowsWorkloads;
}
