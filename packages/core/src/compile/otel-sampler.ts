import type { TypedExtensionConfigJson } from '@weft/envoy-api/envoy/config/core/v3/extension_pb';
import type { DynatraceSamplerConfigJson } from '@weft/envoy-api/envoy/extensions/tracers/opentelemetry/samplers/v3/dynatrace_sampler_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { OpenTelemetryTracing } from '../resource/tracing-providers.ts';
import { type ExternalService, externalService } from './external-service.ts';
import { httpService } from './http-collector.ts';
import { mayHaveExtension } from './listener-class.ts';
import { typedConfig } from './typed-config.ts';

const dynatrace = 'envoy.tracers.opentelemetry.samplers.dynatrace';

/**
 * The sampler of an OpenTelemetry tracer: null for none, which is also what a proxy without Dynatrace's gets, and `unreachable` when the sampler has nowhere to
 * ask. Without a service of its own Dynatrace's asks where spans go over HTTP.
 */
export function otelSampler(
  view: ProxyView,
  { dynatraceSampler, http }: OpenTelemetryTracing,
  collector: ExternalService,
): TypedExtensionConfigJson | 'unreachable' | null {
  if (!dynatraceSampler || !mayHaveExtension(view, dynatrace)) return null;
  const own = dynatraceSampler.httpService;
  const service = own ? externalService(view, own.service, own.port) : collector;
  const asked = own ? own.http : http && { ...http, path: '/api/v2/samplingConfiguration' };
  if (service === null || !asked) return 'unreachable';
  const { tenant, clusterId, rootSpansPerMinute } = dynatraceSampler;
  const config: DynatraceSamplerConfigJson = {
    ...(tenant && { tenant }),
    ...(clusterId && { clusterId }),
    ...(rootSpansPerMinute && { rootSpansPerMinute }),
    httpService: httpService({ ...service, defaultTimeout: '10s' }, asked),
  };
  const type = 'envoy.extensions.tracers.opentelemetry.samplers.v3.DynatraceSamplerConfig';
  return { name: dynatrace, typedConfig: typedConfig(type, config) };
}
