import { childPath } from '../../resource/field-path.ts';
import type { Resource } from '../../resource/resource.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact } from '../proof.ts';
import { annotationDefinition, isIstioAnnotation } from './annotation-definitions.ts';

const setByIstio = new Set([
  'ambient.istio.io/redirection',
  'gateway.istio.io/controller-version',
  'istio.io/rev',
  'sidecar.istio.io/status',
]);
const setByCni = new Set([
  'sidecar.istio.io/interceptionMode',
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'traffic.sidecar.istio.io/includeInboundPorts',
  'traffic.sidecar.istio.io/includeOutboundIPRanges',
]);

/** Annotations of alpha features. Runs only when asked for: most of these are in everyday use. */
export const alphaAnnotationsAnalyzer: ResourceAnalyzer = {
  name: 'annotations.AlphaAnalyzer',
  scope: 'resource',
  inputs: ['Namespace', 'Service', 'Pod', 'Deployment'],
  isDefault: false,
  check(resource, _context, report) {
    const skipped = usesCni(resource) ? setByCni : null;
    for (const name of Object.keys(resource.annotations)) {
      if (!isIstioAnnotation(name) || setByIstio.has(name) || skipped?.has(name)) continue;
      if (annotationDefinition(name)?.status !== 'Alpha') continue;
      const path = childPath('metadata.annotations', name);
      report({
        type: 'AlphaAnnotation',
        resource,
        path,
        proof: [fact(resource, path, 'is part of an alpha feature')],
        message: `Annotation ${name} is part of an alpha feature: it may change or go away. Avoid it where stability matters.`,
      });
    }
  },
};

/** A pod without the init container that sets up redirection has it done by Istio's CNI plugin, which adds annotations of its own. */
function usesCni(resource: Resource): boolean {
  if (resource.ref.kind !== 'Pod') return false;
  const spec = object(resource.spec as { initContainers?: readonly { name?: string }[] } | null);
  return !objects(spec.initContainers).some(([, container]) => container.name === 'istio-init');
}
