import type { PodSpec } from '../../resource/kubernetes-types.ts';
import type { Resource } from '../../resource/resource.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact } from '../proof.ts';
import { isControlPlane } from './control-plane.ts';

const proxyUid = 1337;

/** Applications that run as the user whose traffic is not captured, so that their traffic goes past the sidecar. */
export const applicationUidAnalyzer: ResourceAnalyzer = {
  name: 'applicationUID.Analyzer',
  scope: 'resource',
  inputs: ['Pod', 'Deployment'],
  isDefault: true,
  check(resource, _context, report) {
    if (isControlPlane(resource)) return;
    const path = uidPath(resource);
    if (path === null) return;
    report({
      type: 'InvalidApplicationUID',
      resource,
      path,
      message: `User ID ${proxyUid} is the sidecar's: traffic of an application that runs as it is not captured. Run the application as another user.`,
      proof: [fact(resource, path, `is ${proxyUid}`)],
    });
  },
};

function uidPath(resource: Resource): string | null {
  const [spec, base] =
    resource.ref.kind === 'Pod'
      ? [object(resource.spec as PodSpec), 'spec']
      : [object(object(object(resource.spec as { template?: { spec?: PodSpec } }).template).spec), 'spec.template.spec'];
  if (object(spec.securityContext).runAsUser === proxyUid) return `${base}.securityContext.runAsUser`;
  for (const [index, container] of objects(spec.containers)) {
    if (container.name === 'istio-proxy' || container.name === 'istio-operator') continue;
    if (object(container.securityContext).runAsUser === proxyUid) return `${base}.containers[${index}].securityContext.runAsUser`;
  }
  return null;
}
