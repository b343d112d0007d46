import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import { validateResource } from '../../resource/validate.ts';
import { tcpDenialWarning } from '../../resource/validation/authorization-policy.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects } from '../fields.ts';
import { fact } from '../proof.ts';
import { isHttpOnly } from './workload-protocols.ts';

/**
 * Rules that deny by HTTP attributes alone deny all traffic of TCP ports. Istio's validation always warns; here the warning is left out when the mesh shows
 * that every selected workload serves HTTP alone.
 */
export const tcpDenialsAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.TcpDenialAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const policy of context.set.ofKind('AuthorizationPolicy')) {
      if (policy.spec?.action !== 'DENY') continue;
      const { warnings } = validateResource(policy, { rootNamespace: context.rootNamespace });
      const concerned = warnings.filter(({ message }) => message === tcpDenialWarning);
      if (concerned.length === 0 || selectsHttpOnly(policy, context)) continue;
      for (const { path, message } of concerned) {
        context.report({ type: 'SchemaWarning', resource: policy, path, message, proof: [fact(policy, path, message)] });
      }
    }
  },
};

function selectsHttpOnly(policy: AuthorizationPolicy, context: AnalyzerContext): boolean {
  const { index, rootNamespace } = context;
  const spec = object(policy.spec);
  if (spec.targetRef || objects(spec.targetRefs).length > 0) return false;
  const { namespace } = policy.ref;
  const [running, made] =
    namespace === rootNamespace ? [index.workloads, index.controllers] : [index.workloadsIn(namespace), index.controllersIn(namespace)];
  const selector = labelsOf(object(spec.selector).matchLabels);
  const workloads = [...running.matching(selector), ...made.matching(selector)];
  return workloads.length > 0 && workloads.every((workload) => isHttpOnly(workload, context));
}
