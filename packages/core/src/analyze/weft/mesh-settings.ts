import { readInstallation } from '../../resource/installation.ts';
import type { IstioOperator } from '../../resource/kinds.ts';
import type { ConfigMap } from '../../resource/kubernetes-types.ts';
import { readMeshConfigText } from '../../resource/parse-mesh-config.ts';
import type { Resource } from '../../resource/resource.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, strings, text } from '../fields.ts';
import { fact } from '../proof.ts';

type Settings = Readonly<Record<string, unknown>>;

/** Settings that are for others than Weft, and why. What Istio's own agent or its defaults write down is not among them. */
const withoutEffect: readonly (readonly [path: string, why: string])[] = [
  ['caCertificates', "proxies trust the roots of Weft's own authority"],
  ['certificates', 'Weft issues certificates to workloads only'],
  ['ca', "certificates come from Weft's own authority"],
  ['configSources', 'the agent has its own sources of configuration'],
  ['serviceScopeConfigs', 'there is no ambient mesh'],
  ['defaultConfig.caCertificatesPem', "proxies trust the roots of Weft's own authority"],
  ['defaultConfig.privateKeyProvider', 'private keys are used by software'],
  ['defaultConfig.customConfigFile', 'Weft writes the bootstrap of its proxies'],
  ['defaultConfig.proxyBootstrapTemplatePath', 'Weft writes the bootstrap of its proxies'],
  ['defaultConfig.tracing.lightstep', 'Envoy has no such tracer any more'],
  ['defaultConfig.tracing.stackdriver', 'Envoy has no such tracer any more'],
  ['defaultConfig.tracing.openCensusAgent', 'Envoy has no such tracer any more'],
];

/** Tracers of providers that Envoy has no more. */
const goneTracers = ['lightstep', 'stackdriver', 'opencensus'];

/** Settings of the mesh that somebody wrote down for an effect which they do not have here. */
export const meshSettingsAnalyzer: ResourceAnalyzer = {
  name: 'meshsettings.SupportAnalyzer',
  scope: 'resource',
  inputs: ['ConfigMap', 'IstioOperator'],
  isDefault: true,
  check(resource, _context, report) {
    const found = writtenSettings(resource);
    if (found === null) return;
    const { path, settings } = found;
    for (const [setting, why] of [
      ...withoutEffect.filter(([each]) => isSet(settings, each)),
      ...goneProviders(settings),
      ...plainMetrics(settings),
    ])
      report({
        type: 'MeshSettingWithoutEffect',
        resource,
        path,
        message: `${setting} has no effect: ${why}.`,
        proof: [fact(resource, path, `sets ${setting}`)],
        identity: setting,
      });
  },
};

function writtenSettings(resource: Resource): { readonly path: string; readonly settings: Settings } | null {
  if (resource.ref.kind === 'IstioOperator')
    return { path: 'spec.meshConfig', settings: readInstallation(resource as IstioOperator).meshConfig };
  if (resource.ref.namespace !== 'istio-system' || resource.ref.name !== 'istio') return null;
  const written = readMeshConfigText(text(object((resource as ConfigMap).raw.data).mesh));
  return written.ok ? { path: 'data.mesh', settings: written.value } : null;
}

function isSet(settings: Settings, path: string): boolean {
  let value: unknown = settings;
  for (const key of path.split('.')) value = object(value as Settings)[key];
  if (Array.isArray(value)) return value.length > 0;
  // An empty message chooses among tracers, and sets nothing elsewhere.
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0 || path.startsWith('defaultConfig.tracing.');
  return value !== undefined && value !== null && value !== '';
}

/** A tracer that is gone is missed only where it is the default; what Telemetry names is another analyzer's. */
function goneProviders({ extensionProviders, defaultProviders }: Settings): readonly (readonly [string, string])[] {
  const [chosen] = strings(object(defaultProviders as { tracing?: string[] }).tracing);
  return objects(extensionProviders as readonly Settings[]).flatMap(([index, provider]) => {
    const tracer = goneTracers.find((kind) => provider[kind] !== undefined);
    return tracer && provider.name === chosen
      ? [[`extensionProviders[${index}].${tracer}`, 'Envoy has no such tracer any more'] as const]
      : [];
  });
}

function plainMetrics({ defaultConfig }: Settings): readonly (readonly [string, string])[] {
  const service = object(object(defaultConfig as { envoyMetricsService?: { tlsSettings?: { mode?: string } } }).envoyMetricsService);
  const mode = text(object(service.tlsSettings).mode);
  const why = 'Weft sends metrics in plain text only, so none are sent';
  return mode === '' || mode === 'DISABLE' ? [] : [['defaultConfig.envoyMetricsService.tlsSettings', why]];
}
