import type { Telemetry } from '../../resource/kinds.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact } from '../proof.ts';

/** Access logging without a provider, in a mesh that has no default one. */
export const telemetryProvidersAnalyzer: ResourceAnalyzer = {
  name: 'telemetry.ProviderAnalyzer',
  scope: 'resource',
  inputs: ['Telemetry'],
  isDefault: true,
  check(resource, { meshConfig }, report) {
    if ((object(meshConfig.defaultProviders).accessLogging ?? []).length > 0) return;
    for (const [index, logging] of objects(object((resource as Telemetry).spec).accessLogging)) {
      if (logging.disabled === true || (Array.isArray(logging.providers) && logging.providers.length > 0)) continue;
      const path = `spec.accessLogging[${index}]`;
      report({
        type: 'InvalidTelemetryProvider',
        resource,
        path,
        identity: '',
        message:
          'This access logging names no provider, and the mesh has no default one, so nothing is logged. Name a provider, or set defaultProviders.accessLogging in the mesh configuration.',
        proof: [fact(resource, `${path}.providers`, 'is empty')],
      });
    }
  },
};
