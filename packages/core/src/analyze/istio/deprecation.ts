import type { SidecarSpec, VirtualServiceSpec } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { Finding, ResourceAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact } from '../proof.ts';

const removedKinds = new Set(['ClusterRbacConfig', 'RbacConfig', 'ServiceRole', 'ServiceRoleBinding']);

/** Fields and kinds that Istio has given up. */
export const deprecationAnalyzer: ResourceAnalyzer = {
  name: 'deprecation.DeprecationAnalyzer',
  scope: 'resource',
  inputs: ['VirtualService', 'Sidecar', 'CustomResourceDefinition'],
  isDefault: true,
  check(resource, _context, report) {
    if (resource.ref.kind === 'VirtualService') checkVirtualService(resource, report);
    if (resource.ref.kind === 'Sidecar') checkSidecar(resource, report);
    if (resource.ref.kind === 'CustomResourceDefinition') checkDefinition(resource, report);
  },
};

function checkVirtualService(resource: Resource, report: (finding: Finding) => void): void {
  for (const [index, route] of objects(object(resource.spec as VirtualServiceSpec).http)) {
    const percent = (object(object(route.fault).delay) as { percent?: unknown }).percent;
    if (typeof percent !== 'number' || percent <= 0) continue;
    const path = `spec.http[${index}].fault.delay.percent`;
    report({
      type: 'Deprecated',
      resource,
      path,
      identity: 'fault.delay.percent',
      message: 'fault.delay.percent is deprecated; write fault.delay.percentage.value.',
      proof: [fact(resource, path, `is ${percent}`)],
    });
  }
}

function checkSidecar(resource: Resource, report: (finding: Finding) => void): void {
  const policy = object(object(resource.spec as SidecarSpec).outboundTrafficPolicy);
  if (!policy.egressProxy) return;
  const path = 'spec.outboundTrafficPolicy.egressProxy';
  report({
    type: 'Deprecated',
    resource,
    path,
    message: 'outboundTrafficPolicy.egressProxy is ignored. Route to an egress gateway with a ServiceEntry and a VirtualService.',
    proof: [fact(resource, path, 'is set')],
  });
}

function checkDefinition(resource: Resource, report: (finding: Finding) => void): void {
  const spec = object(resource.spec as { group?: unknown; names?: { kind?: unknown } });
  const kind = object(spec.names).kind;
  if (spec.group !== 'rbac.istio.io' || typeof kind !== 'string' || !removedKinds.has(kind)) return;
  report({
    type: 'Deprecated',
    resource,
    path: 'spec.names.kind',
    message: `Istio no longer reads ${kind} of rbac.istio.io. Write AuthorizationPolicy instead and remove the definition.`,
    proof: [fact(resource, 'spec.names.kind', `is ${kind}`)],
  });
}
