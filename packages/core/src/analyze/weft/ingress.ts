import type { Ingress } from '../../resource/kubernetes-types.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { fact } from '../proof.ts';

const classAnnotation = 'kubernetes.io/ingress.class';

/** Ingresses that Istio would serve: Weft serves none. Those of other controllers are no business of the mesh. */
export const ingressAnalyzer: ResourceAnalyzer = {
  name: 'ingress.SupportAnalyzer',
  scope: 'resource',
  inputs: ['Ingress'],
  isDefault: true,
  check(resource, { meshConfig }, report) {
    const annotated = resource.annotations[classAnnotation];
    const named = (resource as Ingress).spec?.ingressClassName;
    const { ingressControllerMode: mode, ingressClass } = meshConfig;
    const isUnclassed = annotated === undefined && named === undefined;
    // The class that is named stands for Istio's controller by its own name, the annotation by the name in the mesh configuration.
    const isOurs = isUnclassed ? mode === 'DEFAULT' : annotated === undefined ? named === 'istio' : annotated === ingressClass;
    if (mode === 'OFF' || !isOurs) return;
    const path = annotated === undefined ? 'spec' : `metadata.annotations[${classAnnotation}]`;
    report({
      type: 'IngressNotServed',
      resource,
      path,
      message:
        'Weft serves no Ingress, so its hosts are not found at any gateway. Write a Gateway with an HTTPRoute or a VirtualService instead.',
      proof: [fact(resource, path, isUnclassed ? 'names no class, and the mesh takes such' : `is of class ${annotated ?? named}`)],
    });
  },
};
