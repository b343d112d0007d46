import type { ResourceAnalyzer } from '../analyzer.ts';
import { fact } from '../proof.ts';

const annotation = 'gateway.networking.k8s.io/bundle-version';

/** Versions of the Gateway API from which on its resources are read. */
const minimumVersions: Readonly<Record<string, readonly [number, number, number]>> = {
  'grpcroutes.gateway.networking.k8s.io': [1, 1, 0],
  'backendtlspolicies.gateway.networking.k8s.io': [1, 4, 0],
  'tlsroutes.gateway.networking.k8s.io': [1, 5, 0],
};

/** Gateway API definitions that are too old for their resources to be read. */
export const crdVersionAnalyzer: ResourceAnalyzer = {
  name: 'k8sgateway.CRDVersionAnalyzer',
  scope: 'resource',
  inputs: ['CustomResourceDefinition'],
  isDefault: true,
  check(resource, _context, report) {
    const minimum = Object.hasOwn(minimumVersions, resource.ref.name) ? minimumVersions[resource.ref.name] : undefined;
    const installed = resource.annotations[annotation];
    const version = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?$/.exec(installed ?? '');
    if (!minimum || !version) return;
    if (!isLess([Number(version[1]), Number(version[2] ?? 0), Number(version[3] ?? 0)], minimum)) return;
    report({
      type: 'GatewayAPICRDVersionBelowMinimum',
      resource,
      path: `metadata.annotations["${annotation}"]`,
      message: `${resource.ref.name} is of Gateway API ${installed}; resources of this kind are read from ${minimum.join('.')} on and ignored until then. Install a newer Gateway API.`,
      proof: [fact(resource, `metadata.annotations["${annotation}"]`, `is ${installed}`)],
    });
  },
};

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, part] of a.entries()) {
    if (part !== b[index]) return part < (b[index] ?? 0);
  }
  return false;
}
