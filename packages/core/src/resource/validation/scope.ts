import { childPath } from '../field-path.ts';
import { isDnsLabel } from './names.ts';
import type { Report } from './report.ts';

// Which workloads and namespaces a resource applies to: selectors, target references, exportTo.

interface TargetRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

interface Scope {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly targetRef?: TargetRef;
  readonly targetRefs?: readonly TargetRef[];
}

const targetKinds = new Set([
  '/Service',
  'core/Service',
  'networking.istio.io/ServiceEntry',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/GatewayClass',
]);

/** Checks a policy's `selector`, `targetRef` and `targetRefs`, of which only one may be set. */
export function checkScope(spec: Scope, report: Report): void {
  const set = [spec.selector, spec.targetRef, spec.targetRefs].filter((field) => field != null);
  if (set.length > 1) report.rule('spec', 'expected at most one of selector, targetRef and targetRefs');
  if (spec.selector) checkSelectorLabels(spec.selector.matchLabels, 'spec.selector.matchLabels', report);
  if (spec.selector && Object.keys(spec.selector.matchLabels ?? {}).length === 0) {
    report.warn('spec.selector', 'the workload selector has no labels, so the resource applies to all workloads of the namespace');
  }
  if (spec.targetRef) checkTargetRef(spec.targetRef, 'spec.targetRef', report);
  checkTargetRefs(spec.targetRefs, report);
}

/** Checks `targetRefs`. */
export function checkTargetRefs(targetRefs: readonly TargetRef[] | undefined, report: Report): void {
  for (const [index, ref] of (targetRefs ?? []).entries()) checkTargetRef(ref, `spec.targetRefs[${index}]`, report);
}

/** Checks the `workloadSelector` of the older kinds, whose labels stand under `labels`. */
export function checkWorkloadSelector(selector: { readonly labels?: Readonly<Record<string, string>> } | undefined, report: Report): void {
  if (!selector) return;
  checkSelectorLabels(selector.labels, 'spec.workloadSelector.labels', report);
  if (Object.keys(selector.labels ?? {}).length === 0) {
    report.warn('spec.workloadSelector', 'the workload selector has no labels, so the resource applies to all workloads of the namespace');
  }
}

/** Checks the keys and values of a selector's labels: no wildcards, no empty keys. */
export function checkSelectorLabels(labels: Readonly<Record<string, string>> | undefined, path: string, report: Report): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (key === '') report.rule(path, 'a label key must not be empty');
    if (key.includes('*')) report.rule(path, `a label key must not hold a wildcard, found "${key}"`);
    if (value?.includes('*')) report.rule(childPath(path, key), `a label value must not hold a wildcard, found "${value}"`);
  }
}

/**
 * Checks `exportTo`: `.`, `*`, namespaces, each once; `*` alone; `~` (nobody) alone and only where it is allowed. Answers the namespaces named, with `.`
 * replaced by the resource's own.
 */
export function checkExportTo(
  exportTo: readonly string[] | undefined,
  namespace: string,
  nobodyAllowed: boolean,
  report: Report,
): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const [index, entry] of (exportTo ?? []).entries()) {
    const path = `spec.exportTo[${index}]`;
    const key = entry === '.' ? namespace : entry;
    if (seen.has(key)) report.error(path, `"${entry}" is listed twice`);
    else if (key === '~' && !nobodyAllowed) report.error(path, 'only a ServiceEntry can be exported to nobody (~)');
    else if (key !== '*' && key !== '~' && !isDnsLabel(key)) report.error(path, `expected ".", "*" or a namespace, found "${entry}"`);
    else seen.add(key);
  }
  const count = exportTo?.length ?? 0;
  if (seen.has('*') && count > 1) report.error('spec.exportTo', '"*" (everybody) must stand alone');
  if (seen.has('~') && count > 1) report.error('spec.exportTo', '"~" (nobody) must stand alone');
  return seen;
}

function checkTargetRef(ref: TargetRef, path: string, report: Report): void {
  if (ref.namespace) report.rule(`${path}.namespace`, 'must not be set: references across namespaces are not supported');
  const target = `${ref.group ?? ''}/${ref.kind ?? ''}`;
  if (ref.kind && !targetKinds.has(target)) {
    report.rule(
      path,
      `expected a Service, a ServiceEntry (networking.istio.io), a Gateway or GatewayClass (gateway.networking.k8s.io), found ${target}`,
    );
  }
}
