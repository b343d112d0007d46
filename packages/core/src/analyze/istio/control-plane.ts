import type { Resource } from '../../resource/resource.ts';

/** Whether a resource is part of an Istio installation. */
export function isControlPlane(resource: Resource): boolean {
  return 'istio' in resource.labels || resource.labels.release === 'istio';
}
