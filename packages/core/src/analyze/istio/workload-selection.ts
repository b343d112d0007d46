import type { Labels } from '../../base/labels.ts';
import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext } from '../analyzer.ts';
import { groupBy } from '../group-by.ts';
import { formatSelector } from '../label-index.ts';
import type { MessageType } from '../message-types.ts';
import { absence, fact, list, mostProofs, nameOf } from '../proof.ts';
import { isAmbient, type Workload } from '../workload.ts';

/** A resource that applies to the workloads of its namespace which it selects. */
export interface Selecting {
  readonly resource: Resource;
  readonly selector: Labels;
  /** Field path of the labels. */
  readonly path: string;
}

/** The resources that select each workload, and a finding for each that selects none. */
export function selectWorkloads(selecting: readonly Selecting[], context: AnalyzerContext): ReadonlyMap<Workload, readonly Selecting[]> {
  const byWorkload = new Map<Workload, Selecting[]>();
  for (const same of groupBy(selecting, ({ resource, selector }) => `${resource.ref.namespace} ${formatSelector(selector)}`).values()) {
    for (const workload of workloadsOf(same, context)) {
      const known = byWorkload.get(workload);
      if (known) known.push(...same);
      else byWorkload.set(workload, [...same]);
    }
  }
  return byWorkload;
}

/** The workloads that resources with one selector select; of workloads that are alike one is enough unless Istio's analyzer is asked, which tells of each. */
function workloadsOf([first, ...others]: readonly Selecting[], context: AnalyzerContext): Iterable<Workload> {
  if (!first) return [];
  const workloads = context.index.workloadsIn(first.resource.ref.namespace).matching(first.selector);
  if (workloads.length === 0) for (const candidate of [first, ...others]) reportEmptySelection(candidate, context);
  if (context.exact) return workloads;
  return new Map(workloads.map((workload) => [`${isAmbient(workload)} ${formatSelector(workload.labels)}`, workload] as const)).values();
}

function reportEmptySelection({ resource, selector, path }: Selecting, context: AnalyzerContext): void {
  const { exact, index } = context;
  const { namespace } = resource.ref;
  if (!exact && (!index.knowsWorkloadsIn(namespace) || index.controllersIn(namespace).matchesAny(selector))) return;
  const text = formatSelector(selector);
  context.report({
    type: 'ReferencedResourceNotFound',
    resource,
    path,
    message: `No workload in namespace ${resource.ref.namespace || 'default'} has the labels ${text}, so this ${resource.ref.kind} has no effect. Correct the selector.`,
    proof: [fact(resource, path, `selects ${text}`), absence(`no workload with labels ${text} in that namespace`)],
  });
}

/**
 * A finding for each of several resources that apply to one workload, where only one can. A resource that shares many workloads is told about once; Istio
 * tells of each workload, which is what an analyzer asked for by name does too, up to a number that nobody reads to its end.
 */
export function reportSharedWorkloads(
  type: MessageType,
  byWorkload: Iterable<readonly [Workload, readonly Selecting[]]>,
  { exact, report }: AnalyzerContext,
): void {
  const told = new Set<Resource>();
  let left = mostSharedWorkloads;
  for (const [workload, sharing] of byWorkload) {
    const untold = exact ? sharing.slice(0, left) : sharing.filter(({ resource }) => !told.has(resource));
    if (sharing.length < 2 || untold.length === 0) continue;
    left -= untold.length;
    const names = list(sharing.map((candidate) => candidate.resource.ref.name).sort());
    const proof = [
      ...sharing.slice(0, mostProofs).map((candidate) => fact(candidate.resource, candidate.path, `selects ${workload.name}`)),
      fact(workload.resource, 'metadata.labels', 'matches them all'),
    ];
    for (const { resource, path } of untold) {
      told.add(resource);
      report({
        type,
        resource,
        path,
        identity: workload.name,
        message: `${names} all select workload ${nameOf(workload.resource)}; only one of them applies to it. Make the selectors exclude each other.`,
        proof,
      });
    }
  }
}

const mostSharedWorkloads = 100_000;
