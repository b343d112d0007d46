import type { Telemetry } from '../../resource/kinds.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { fact } from '../proof.ts';

/** Tracing to a provider of the kind `lightstep`, which Istio has given up for OpenTelemetry. */
export const lightstepProviderAnalyzer: ResourceAnalyzer = {
  name: 'telemetry.LightstepAnalyzer',
  scope: 'resource',
  inputs: ['Telemetry'],
  isDefault: true,
  check(resource, { meshConfig }, report) {
    const deprecated = new Set(objects(meshConfig.extensionProviders).flatMap(([, provider]) => (provider.lightstep ? provider.name : [])));
    if (deprecated.size === 0) return;
    for (const [index, tracing] of objects(object((resource as Telemetry).spec).tracing)) {
      for (const [at, provider] of objects(tracing.providers)) {
        if (!deprecated.has(text(provider.name))) continue;
        const path = `spec.tracing[${index}].providers[${at}].name`;
        report({
          type: 'Deprecated',
          resource,
          path,
          identity: `lightstep ${text(provider.name)}`,
          message: `Provider ${text(provider.name)} is of the kind lightstep, which is deprecated; make it one of the kind opentelemetry.`,
          proof: [fact(resource, path, `is ${text(provider.name)}`)],
        });
      }
    }
  },
};
