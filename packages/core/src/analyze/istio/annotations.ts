import { childPath } from '../../resource/field-path.ts';
import type { Resource } from '../../resource/resource.ts';
import type { Finding, ResourceAnalyzer } from '../analyzer.ts';
import { fact } from '../proof.ts';
import { annotationDefinition, isIstioAnnotation } from './annotation-definitions.ts';
import { annotationProblem } from './annotation-values.ts';

/** Annotations of Istio's that are unknown, deprecated, on the wrong kind, or have a value that cannot be read. */
export const annotationsAnalyzer: ResourceAnalyzer = {
  name: 'annotations.K8sAnalyzer',
  scope: 'resource',
  inputs: ['Namespace', 'Service', 'Pod', 'Deployment'],
  isDefault: true,
  check(resource, _context, report) {
    for (const name of Object.keys(resource.annotations)) {
      if (isIstioAnnotation(name)) checkAnnotation(resource, name, report);
    }
  },
};

function checkAnnotation(resource: Resource, name: string, report: (finding: Finding) => void): void {
  const path = childPath('metadata.annotations', name);
  const value = resource.annotations[name] ?? '';
  const proof = [fact(resource, path, `is ${JSON.stringify(value)}`)];
  const definition = annotationDefinition(name);
  if (definition === null) {
    report({
      type: 'UnknownAnnotation',
      resource,
      path,
      proof,
      message: `Istio knows no annotation ${name}; it has no effect. Look for a typing error, or remove it.`,
    });
    return;
  }
  if (definition.isDeprecated && !(name === 'sidecar.istio.io/inject' && name in resource.labels)) {
    const instead = name === 'sidecar.istio.io/inject' ? ' Use the label of the same name.' : '';
    report({
      type: 'DeprecatedAnnotation',
      resource,
      path,
      proof,
      message: `Annotation ${name} is deprecated and may stop working.${instead}`,
    });
  }
  if (definition.targets.includes('Any')) return;
  if (!definition.targets.some((target) => target === resource.ref.kind)) {
    const where = definition.targets.join(' or ');
    const hint = resource.ref.kind === 'Deployment' && where === 'Pod' ? ' Put it on spec.template.metadata.' : '';
    report({
      type: 'MisplacedAnnotation',
      resource,
      path,
      proof,
      message: `Annotation ${name} has no effect on a ${resource.ref.kind}; it belongs on a ${where}.${hint}`,
    });
    return;
  }
  const problem = annotationProblem(name, value);
  if (problem !== null)
    report({ type: 'InvalidAnnotation', resource, path, proof, message: `Annotation ${name} cannot be used: ${problem}.` });
}
