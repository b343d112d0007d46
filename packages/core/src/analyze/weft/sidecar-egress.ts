import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, texts } from '../fields.ts';
import { createHostIndex } from '../host-index.ts';
import { absence, fact } from '../proof.ts';

/** Hosts that a Sidecar lets through by name and that no service has. */
export const sidecarEgressAnalyzer: SetAnalyzer = {
  name: 'sidecar.EgressHostAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const routed = createHostIndex(
      context.set.ofKind('VirtualService').flatMap((service) => strings(object(service.spec).hosts)),
      (host) => host,
    );
    const described = describedNamespaces(context);
    for (const sidecar of context.set.ofKind('Sidecar')) {
      for (const [egressIndex, egress] of objects(object(sidecar.spec).egress)) {
        for (const [at, written] of texts(egress.hosts)) {
          const [scope = '', host = ''] = written.split('/', 2);
          const namespace = scope === '.' ? sidecar.ref.namespace : scope;
          if (!described.has(namespace) || !host.includes('.') || host.startsWith('*') || routed.overlapping(host).length > 0) continue;
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

/** The namespaces, and `*` for all together, of which the set shows services, so that one missing from it is missing indeed. */
function describedNamespaces({ index }: AnalyzerContext): ReadonlySet<string> {
  const declared = index.hosts.all.filter((service) => service.resource.source.file !== '');
  return new Set(declared.flatMap((service) => ['*', service.resource.ref.namespace]));
}

function isServed(namespace: string, host: string, { index }: AnalyzerContext): boolean {
  return index.hosts.overlapping(host).some((service) => namespace === '*' || service.resource.ref.namespace === namespace);
}
