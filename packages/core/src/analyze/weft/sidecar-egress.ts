import { hostMatches } from '../../base/hosts.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, texts } from '../fields.ts';
import { absence, fact } from '../proof.ts';

/** Hosts that a Sidecar lets through by name and that no service has. */
export const sidecarEgressAnalyzer: SetAnalyzer = {
  name: 'sidecar.EgressHostAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const routed = context.set.ofKind('VirtualService').flatMap((service) => strings(object(service.spec).hosts));
    for (const sidecar of context.set.ofKind('Sidecar')) {
      for (const [egressIndex, egress] of objects(object(sidecar.spec).egress)) {
        for (const [at, written] of texts(egress.hosts)) {
          const [scope = '', host = ''] = written.split('/', 2);
          const namespace = scope === '.' ? sidecar.ref.namespace : scope;
          if (
            !isDescribed(namespace, context) ||
            !host.includes('.') ||
            host.startsWith('*') ||
            routed.some((candidate) => hostMatches(candidate, host))
          )
            continue;
          if (isServed(namespace, host, context)) continue;
          const path = `spec.egress[${egressIndex}].hosts[${at}]`;
          context.report({
            type: 'SidecarEgressHostNotFound',
            resource: sidecar,
            path,
            message: `No service with host ${host}${namespace === '*' ? '' : ` is in namespace ${namespace}`}, so this entry lets nothing through. Write the full name, as reviews.default.svc.${context.domain}.`,
            proof: [fact(sidecar, path, `is ${written}`), absence(`no Service or ServiceEntry with host ${host} there`)],
          });
        }
      }
    }
  },
};

/** Whether the set shows services of a namespace, so that one missing from it is missing indeed. */
function isDescribed(namespace: string, { index }: AnalyzerContext): boolean {
  if (namespace.startsWith('~')) return false;
  return index.hosts.all.some(
    (service) => service.resource.source.file !== '' && (namespace === '*' || service.resource.ref.namespace === namespace),
  );
}

function isServed(namespace: string, host: string, { index }: AnalyzerContext): boolean {
  return index.hosts.all.some(
    (service) => (namespace === '*' || service.resource.ref.namespace === namespace) && hostMatches(service.host, host),
  );
}
