import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, texts } from '../fields.ts';
import { absence, fact } from '../proof.ts';

/** Hosts in policies that are names of Kubernetes services which do not exist, though others of that namespace do. Other names may be anybody's. */
export const authorizationHostsAnalyzer: SetAnalyzer = {
  name: 'authorizationpolicy.HostAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const policy of context.set.ofKind('AuthorizationPolicy')) {
      for (const [ruleIndex, rule] of objects(object(policy.spec).rules)) {
        for (const [toIndex, to] of objects(rule.to)) {
          for (const [at, host] of texts(object(to.operation).hosts)) {
            const service = missingService(host, context);
            if (service === null) continue;
            const path = `spec.rules[${ruleIndex}].to[${toIndex}].operation.hosts[${at}]`;
            context.report({
              type: 'PolicyHostNotFound',
              resource: policy,
              path,
              message: `There is no Service ${service.name} in namespace ${service.namespace}, so no request has the host ${host}. Correct the name, or declare the service.`,
              proof: [fact(policy, path, `is ${host}`), absence(`no Service, ServiceEntry or VirtualService has this host`)],
            });
          }
        }
      }
    }
  },
};

/** Name and namespace of the service that a host names, when the set shows that it does not exist. */
function missingService(
  written: string,
  { set, index, domain }: AnalyzerContext,
): { readonly name: string; readonly namespace: string } | null {
  const host = written.toLowerCase().replace(/:\d+$/, '');
  const suffix = [`.svc.${domain.toLowerCase()}`, '.svc'].find((candidate) => host.endsWith(candidate));
  const [name = '', namespace = '', ...rest] = host.slice(0, host.length - (suffix?.length ?? 0)).split('.');
  if (suffix === undefined || host.includes('*') || namespace === '' || rest.length > 0) return null;
  if (index.servicesIn(namespace).length === 0) return null;
  const full = `${name}.${namespace}.svc.${domain}`;
  const isService =
    index.hosts.find(namespace, ['.'], full) !== null || index.servicesIn(namespace).some((service) => service.ref.name === name);
  const isVirtual = set
    .ofKind('VirtualService')
    .some((service) => strings(object(service.spec).hosts).some((other) => [host, full, name].includes(other.toLowerCase())));
  return isService || isVirtual ? null : { name, namespace };
}
