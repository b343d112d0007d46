/** Labels by name. */
export type Labels = Readonly<Record<string, string>>;

/** Whether every label of the selector is on the labels with the same value. An empty or absent selector selects everything. */
export function selectsLabels(selector: Labels | undefined | null, labels: Labels): boolean {
  if (!selector) return true;
  for (const key of Object.keys(selector)) {
    if (!Object.hasOwn(labels, key) || labels[key] !== selector[key]) return false;
  }
  return true;
}

/** One expression of Kubernetes' label selectors. */
export interface LabelRequirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/** Kubernetes' label selector: all of `matchLabels` and all of `matchExpressions` (In, NotIn, Exists, DoesNotExist) must hold; empty selects everything. */
export function selectsByExpressions(
  selector: { readonly matchLabels?: Labels; readonly matchExpressions?: readonly LabelRequirement[] } | undefined | null,
  labels: Labels,
): boolean {
  if (!selector) return true;
  return (
    selectsLabels(selector.matchLabels, labels) && (selector.matchExpressions ?? []).every((requirement) => holds(requirement, labels))
  );
}

function holds(requirement: LabelRequirement, labels: Labels): boolean {
  const key = requirement.key ?? '';
  const present = Object.hasOwn(labels, key);
  const listed = present && (requirement.values ?? []).includes(labels[key] ?? '');
  switch (requirement.operator) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return present;
    case 'DoesNotExist':
      return !present;
    default:
      return false;
  }
}
