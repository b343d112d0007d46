import { selectsByExpressions } from '../../base/labels.ts';
import type { TranslationContext } from './context.ts';

/** Which namespaces may attach. */
export interface NamespaceRule {
  readonly from?: string;
  readonly selector?: {
    readonly matchLabels?: Readonly<Record<string, string | undefined>>;
    readonly matchExpressions?: readonly (
      | { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }
      | undefined
    )[];
  };
}

/** Whether resources of a namespace may attach to something in `own` under a rule. */
export function namespaceAllowed(
  context: Pick<TranslationContext, 'namespaceLabels'>,
  rule: NamespaceRule,
  own: string,
  namespace: string,
): boolean {
  if (rule.from === 'All') return true;
  if (rule.from === 'Same') return own === namespace;
  if (rule.from !== 'Selector') return false;
  const labels = { ...context.namespaceLabels.get(namespace), 'kubernetes.io/metadata.name': namespace };
  const matchExpressions = (rule.selector?.matchExpressions ?? []).map((expression) => ({
    key: expression?.key ?? '',
    operator: expression?.operator ?? '',
    values: expression?.values ?? [],
  }));
  const matchLabels = Object.fromEntries(Object.entries(rule.selector?.matchLabels ?? {}).map(([key, value]) => [key, value ?? '']));
  return selectsByExpressions({ matchLabels, matchExpressions }, labels);
}
