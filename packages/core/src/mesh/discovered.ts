import { type LabelRequirement, selectsByExpressions } from '../base/labels.ts';
import type { ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';

type Selector = { readonly matchLabels?: Readonly<Record<string, string>>; readonly matchExpressions?: readonly LabelRequirement[] };

/**
 * The resources of the namespaces that any of the mesh's `discoverySelectors` selects; all without selectors. What stands in no namespace always counts,
 * a namespace that nobody has declared has no labels.
 */
export function discovered(set: ResourceSet, selectors: readonly Selector[]): ResourceSet {
  if (selectors.length === 0) return set;
  const labels = new Map(set.ofKind('Namespace').map((namespace) => [namespace.ref.name, namespace.labels]));
  const isSelected = new Map<string, boolean>();
  const counts = ({ ref }: Resource): boolean => {
    const namespace = ref.kind === 'Namespace' && ref.group === '' ? ref.name : ref.namespace;
    if (namespace === '') return true;
    const known = isSelected.get(namespace) ?? selectors.some((selector) => selectsByExpressions(selector, labels.get(namespace) ?? {}));
    isSelected.set(namespace, known);
    return known;
  };
  return createResourceSet(set.all.filter(counts));
}
