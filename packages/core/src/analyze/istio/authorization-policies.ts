import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, strings } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { createLabelIndex, formatSelector, type LabelIndex } from '../label-index.ts';
import { absence, fact } from '../proof.ts';
import { backwards, createPrefixTest } from '../sorted-texts.ts';
import { isAmbient, type Workload } from '../workload.ts';

/** Policies that select no workload, and namespaces in their sources that do not exist. */
export const authorizationPoliciesAnalyzer: SetAnalyzer = {
  name: 'auth.AuthorizationPoliciesAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const { index, exact } = context;
    const isConcerned = (workload: Workload): boolean =>
      exact ? index.isInMesh(workload) || isAmbient(workload) : index.mayBeInMesh(workload);
    const inMesh = groupBy(index.workloads.all.filter(isConcerned), (workload) => workload.namespace);
    const everywhere = createLabelIndex([...inMesh.values()].flat(), (workload) => workload.labels);
    const indexes = new Map<string, LabelIndex<Workload>>();
    const within = (namespace: string): LabelIndex<Workload> => {
      const found = indexes.get(namespace) ?? createLabelIndex(inMesh.get(namespace) ?? [], (workload) => workload.labels);
      indexes.set(namespace, found);
      return found;
    };
    const isDeclared = createNamespaceTest(context.set.ofKind('Namespace').map((namespace) => namespace.ref.name));
    for (const policy of context.set.ofKind('AuthorizationPolicy')) {
      checkSelection(policy, context, policy.ref.namespace === context.rootNamespace ? everywhere : within(policy.ref.namespace));
      checkNamespaces(policy, isDeclared, context);
    }
  },
};

function checkSelection(policy: AuthorizationPolicy, context: AnalyzerContext, workloads: LabelIndex<Workload>): void {
  const spec = object(policy.spec);
  const selector = spec.selector ? labelsOf(object(spec.selector).matchLabels) : null;
  if (selector === null && policy.ref.namespace === context.rootNamespace) return;
  if (workloads.matchesAny(selector)) return;
  if (!context.exact && (!isDescribed(policy, context) || isElsewhere(policy, context, selector))) return;
  const text = formatSelector(selector);
  context.report({
    type: 'NoMatchingWorkloadsFound',
    resource: policy,
    path: selector === null ? 'metadata.namespace' : 'spec.selector.matchLabels',
    message:
      selector === null
        ? `No workload in namespace ${policy.ref.namespace} is in the mesh, so this policy has no effect.`
        : `No workload has the labels ${text}, so this policy has no effect. Correct the selector or the labels of the workload.`,
    proof: [
      fact(
        policy,
        selector === null ? '' : 'spec.selector.matchLabels',
        selector === null ? 'selects the whole namespace' : `selects ${text}`,
      ),
      absence(`no workload with a sidecar is selected`),
    ],
  });
}

/** Whether the set shows what runs where the policy holds; a policy for the mesh holds everywhere. */
function isDescribed({ ref }: AuthorizationPolicy, { index, rootNamespace }: AnalyzerContext): boolean {
  return ref.namespace === rootNamespace ? index.knowsWorkloads : index.knowsWorkloadsIn(ref.namespace);
}

/** Whether the policy may be enforced where there is no pod to see yet: by a waypoint or gateway that it names, or on pods that a controller will make. */
function isElsewhere(policy: AuthorizationPolicy, context: AnalyzerContext, selector: Readonly<Record<string, string>> | null): boolean {
  const spec = object(policy.spec);
  if (spec.targetRef || objects(spec.targetRefs).length > 0) return true;
  return context.index.controllersIn(policy.ref.namespace).matchesAny(selector);
}

function checkNamespaces(policy: AuthorizationPolicy, isDeclared: (pattern: string) => boolean, context: AnalyzerContext): void {
  const { index, exact } = context;
  if (!exact && !index.knowsNamespaces) return;
  for (const [ruleIndex, rule] of objects(object(policy.spec).rules)) {
    for (const [fromIndex, from] of objects(rule.from)) {
      const source = object(from.source);
      for (const field of ['namespaces', 'notNamespaces'] as const) {
        for (const [at, pattern] of strings(source[field]).entries()) {
          if (isDeclared(pattern)) continue;
          if (
            !exact &&
            (pattern.includes('*') || index.isNamespaceKnown(pattern) || pattern === context.rootNamespace || pattern === 'default')
          )
            continue;
          const path = `spec.rules[${ruleIndex}].from[${fromIndex}].source.${field}[${at}]`;
          context.report({
            type: 'ReferencedResourceNotFound',
            resource: policy,
            path,
            message: `There is no namespace ${JSON.stringify(pattern)}, so this source never matches. Correct the name, or create the namespace.`,
            proof: [fact(policy, path, `names namespace ${pattern}`), absence(`no Namespace ${pattern}`)],
          });
        }
      }
    }
  }
}

/** Whether one of some namespaces is meant by a name, in whatever case, or by a beginning or an end with `*`. */
function createNamespaceTest(names: readonly string[]): (pattern: string) => boolean {
  const known = new Set(names.map((name) => name.toLowerCase()));
  const beginnings = createPrefixTest(names);
  const ends = createPrefixTest(names.map(backwards));
  return (pattern) => {
    if (pattern.startsWith('*')) return ends(backwards(pattern.slice(1)));
    return pattern.endsWith('*') ? beginnings(pattern.slice(0, -1)) : known.has(pattern.toLowerCase());
  };
}
