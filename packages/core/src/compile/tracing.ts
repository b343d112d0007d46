import type { HttpConnectionManager_TracingJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ExtensionProvider } from '../resource/extension-provider.ts';
import { classTelemetry, type ListenerClass } from './listener-class.ts';
import { tracingConfig } from './proxy-config.ts';
import { proxyTracer } from './proxy-config-clusters.ts';
import { providerTracer, type Tracer } from './tracing-provider.ts';
import { tracingTags } from './tracing-tags.ts';

/** Sampling in percent where nobody says anything, and where a proxy configuration asks for more than there is. */
const defaultSampling = 1;

/** Tracing of a connection manager, or null when spans go nowhere. */
export function tracing(view: ProxyView, listenerClass: ListenerClass): HttpConnectionManager_TracingJson | null {
  const setting = classTelemetry(view, listenerClass).tracing;
  if (setting.isDisabled) return null;
  const tracer = setting.provider === null ? proxyTracer(view) : providerTracer(view, setting.provider);
  if (tracer === null) return null;
  const own = tracingConfig(view);
  const sampling = tracer.samples ? 100 : (setting.samplingPercent ?? samplingOf(own.sampling));
  const maxTagLength = setting.provider ? maxTagLengthOf(setting.provider) || own.maxPathTagLength : own.maxPathTagLength;
  return {
    clientSampling: { value: 100 },
    randomSampling: sampling === 0 ? {} : { value: sampling },
    overallSampling: { value: 100 },
    ...(maxTagLength ? { maxPathTagLength: maxTagLength } : {}),
    customTags: tracingTags(view, setting),
    provider: tracer.provider,
    ...(spawnsUpstreamSpan(tracer) ? { spawnUpstreamSpan: true } : {}),
    ...(!setting.propagatesContext && { noContextPropagation: true }),
  };
}

/** SkyWalking tells callers and callees apart by spans of their own. */
function spawnsUpstreamSpan({ provider }: Tracer): boolean {
  return provider.name === 'envoy.tracers.skywalking';
}

function samplingOf(percent: number | undefined): number {
  return percent === undefined || percent === 0 || percent > 100 ? defaultSampling : percent;
}

function maxTagLengthOf(provider: ExtensionProvider): number | undefined {
  return (provider.zipkin ?? provider.datadog ?? provider.opentelemetry)?.maxTagLength;
}
