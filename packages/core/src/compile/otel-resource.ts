import type { TypedExtensionConfigJson } from '@weft/envoy-api/envoy/config/core/v3/extension_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { OpenTelemetryTracing } from '../resource/tracing-providers.ts';
import { mayHaveExtension } from './listener-class.ts';
import { typedConfig } from './typed-config.ts';

const detectorPrefix = 'envoy.tracers.opentelemetry.resource_detectors';
const messagePackage = 'envoy.extensions.tracers.opentelemetry.resource_detectors.v3';

/** What spans of a proxy say about where they come from. */
export interface OpenTelemetryResource {
  readonly serviceName: string;
  readonly detectors: readonly TypedExtensionConfigJson[];
}

/**
 * The resource that a proxy's spans tell of. Enriched, it has the attributes of a service as OpenTelemetry derives them in Kubernetes: from the annotations
 * `resource.opentelemetry.io/…`, else the recommended labels, else the names of the workload and its pod.
 */
export function openTelemetryResource(view: ProxyView, settings: OpenTelemetryTracing, ownName: string): OpenTelemetryResource {
  const isEnriched = settings.serviceAttributeEnrichment === 'OTEL_SEMANTIC_CONVENTIONS';
  const { environment, dynatrace } = settings.resourceDetectors ?? {};
  const detectors = [
    ...(environment ? detector(view, 'environment', 'EnvironmentResourceDetectorConfig', {}) : []),
    ...(dynatrace ? detector(view, 'dynatrace', 'DynatraceResourceDetectorConfig', {}) : []),
    ...(isEnriched ? detector(view, 'static_config', 'StaticConfigResourceDetectorConfig', { attributes: serviceAttributes(view) }) : []),
  ];
  return { serviceName: isEnriched ? conventionalName(view) : ownName, detectors };
}

function detector(view: ProxyView, kind: string, message: string, config: object): readonly TypedExtensionConfigJson[] {
  const name = `${detectorPrefix}.${kind}`;
  return mayHaveExtension(view, name) ? [{ name, typedConfig: typedConfig(`${messagePackage}.${message}`, config) }] : [];
}

function conventionalName({ node }: ProxyView): string {
  const { labels, metadata } = node;
  const workloadName = typeof metadata.WORKLOAD_NAME === 'string' ? metadata.WORKLOAD_NAME : '';
  return (
    annotated(node.annotations, 'service.name') ??
    labels['app.kubernetes.io/instance'] ??
    labels['app.kubernetes.io/name'] ??
    (workloadName || node.name)
  );
}

function serviceAttributes({ node }: ProxyView): Record<string, string> {
  const { labels, annotations, namespace, name } = node;
  const version = annotated(annotations, 'service.version') ?? labels['app.kubernetes.io/version'];
  return {
    'service.instance.id': annotated(annotations, 'service.instance.id') ?? `${namespace}.${name}.istio-proxy`,
    'service.namespace': annotated(annotations, 'service.namespace') ?? namespace,
    ...(version ? { 'service.version': version } : {}),
  };
}

function annotated(annotations: Readonly<Record<string, string>>, attribute: string): string | undefined {
  return annotations[`resource.opentelemetry.io/${attribute}`];
}
