import type { Labels } from '../../base/labels.ts';
import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import { validateResource } from '../../resource/validate.ts';
import { tcpDenialWarning } from '../../resource/validation/authorization-policy.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects } from '../fields.ts';
import { formatSelector } from '../label-index.ts';
import { fact } from '../proof.ts';
import { createHttpOnlyTest } from './workload-protocols.ts';

/**
 * Rules that deny by HTTP attributes alone deny all traffic of TCP ports. Istio's validation always warns; here the warning is left out when the mesh shows
 * that every selected workload serves HTTP alone.
 */
export const tcpDenialsAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.TcpDenialAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const selectsHttpOnly = createSelectionTest(context);
    for (const policy of context.set.ofKind('AuthorizationPolicy')) {
      if (policy.spec?.action !== 'DENY') continue;
      const { warnings } = validateResource(policy, { rootNamespace: context.rootNamespace });
      const concerned = warnings.filter(({ message }) => message === tcpDenialWarning);
      if (concerned.length === 0 || selectsHttpOnly(policy)) continue;
      for (const { path, message } of concerned) {
        context.report({ type: 'SchemaWarning', resource: policy, path, message, proof: [fact(policy, path, message)] });
      }
    }
  },
};

/** Whether a policy selects workloads, and all of them serve HTTP alone; policies with the same selector are looked at once. */
function createSelectionTest(context: AnalyzerContext): (policy: AuthorizationPolicy) => boolean {
  const { index, rootNamespace } = context;
  const isHttpOnly = createHttpOnlyTest(context);
  const known = new Map<string, boolean>();
  return (policy) => {
    const spec = object(policy.spec);
    if (spec.targetRef || objects(spec.targetRefs).length > 0) return false;
    const { namespace } = policy.ref;
    const selector = labelsOf(object(spec.selector).matchLabels);
    const key = `${namespace} ${formatSelector(selector)}`;
    const answer = known.get(key) ?? areHttpOnly(namespace, selector);
    known.set(key, answer);
    return answer;
  };

  function areHttpOnly(namespace: string, selector: Labels): boolean {
    const [running, made] =
      namespace === rootNamespace ? [index.workloads, index.controllers] : [index.workloadsIn(namespace), index.controllersIn(namespace)];
    const workloads = [...running.matching(selector), ...made.matching(selector)];
    return workloads.length > 0 && workloads.every(isHttpOnly);
  }
}
