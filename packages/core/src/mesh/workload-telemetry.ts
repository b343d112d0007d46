import type { ExtensionProvider } from '../resource/extension-provider.ts';
import type { ResourceSet, Telemetry } from '../resource/kinds.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import { compareAge } from '../resource/resource-set.ts';
import { applicablePolicies, type PolicyTarget, policyScope, type SettingOrigin } from './policy-target.ts';

/** Which side of a call a proxy stands on: it reports as client for outbound and as server for inbound and gateway traffic. */
export type TelemetryMode = 'CLIENT' | 'SERVER';

type AccessLoggingSpec = NonNullable<Telemetry['spec']['accessLogging']>[number];
type MetricsSpec = NonNullable<Telemetry['spec']['metrics']>[number];
/** `disableContextPropagation` is younger than the generated types. */
type TracingSpec = NonNullable<Telemetry['spec']['tracing']>[number] & { readonly disableContextPropagation?: boolean | null };
type MetricOverride = NonNullable<MetricsSpec['overrides']>[number];

/** One access log to write. */
export interface AccessLogSetting {
  readonly provider: ExtensionProvider;
  /** CEL over the request; `''` logs everything. */
  readonly filterExpression: string;
  readonly origin: SettingOrigin;
}

/** Change of one metric, in Istio's Telemetry names (`REQUEST_COUNT` …) or the name of a custom metric. */
export interface MetricSetting {
  readonly metric: string;
  readonly isDisabled: boolean;
  readonly tags: readonly { readonly name: string; readonly value: string; readonly isRemoved: boolean }[];
}

/** What the proxy counts. */
export interface MetricsSetting {
  readonly isEnabled: boolean;
  readonly overrides: readonly MetricSetting[];
  /** Duration text, or null for the default. */
  readonly reportingInterval: string | null;
}

/** How requests are traced. */
export interface TracingSetting {
  /** Null: nobody configured tracing by Telemetry or default providers, so the proxy configuration decides. */
  readonly provider: ExtensionProvider | null;
  readonly isDisabled: boolean;
  /** Percent of requests, 0 to 100; null when the proxy configuration decides. */
  readonly samplingPercent: number | null;
  /** Where empty the proxy configuration decides. */
  readonly customTags: NonNullable<TracingSpec['customTags']>;
  readonly usesRequestIdForSampling: boolean;
  /** Whether spans tell of the workload in tags of Istio's own; null when the proxy configuration decides. */
  readonly hasIstioTags: boolean | null;
  /** Whether requests that are passed on carry the trace. */
  readonly propagatesContext: boolean;
  readonly origin: SettingOrigin;
}

/** Telemetry of one workload for one side of calls. */
export interface ModeTelemetry {
  /** Null: nobody configured access logs by Telemetry or default providers, so the mesh's `accessLogFile` decides. */
  readonly accessLogs: readonly AccessLogSetting[] | null;
  readonly metrics: MetricsSetting;
  readonly tracing: TracingSetting;
}

/** Everything about telemetry that holds for one workload. */
export interface WorkloadTelemetry {
  readonly client: ModeTelemetry;
  readonly server: ModeTelemetry;
}

/**
 * Name of the access log provider that takes records to the control plane. Where the mesh configuration has it, every proxy logs to it, whatever Telemetry says:
 * it is how the mesh sees itself, not a log that somebody asked for.
 */
export const trafficRecordsProvider = 'weft-traffic-records';

/** All metrics that `ALL_METRICS` stands for. */
export const standardMetrics = [
  'REQUEST_COUNT',
  'REQUEST_DURATION',
  'REQUEST_SIZE',
  'RESPONSE_SIZE',
  'TCP_OPENED_CONNECTIONS',
  'TCP_CLOSED_CONNECTIONS',
  'TCP_SENT_BYTES',
  'TCP_RECEIVED_BYTES',
  'GRPC_REQUEST_MESSAGES',
  'GRPC_RESPONSE_MESSAGES',
] as const;

/**
 * Resolves the Telemetry resources that hold for a workload: root namespace, then namespace, then the oldest that selects it. Providers of a
 * narrower one replace those of a wider one; metric overrides add up.
 */
export function resolveWorkloadTelemetry(
  set: ResourceSet,
  target: PolicyTarget,
  options: { readonly rootNamespace: string; readonly meshConfig: MeshConfig },
): WorkloadTelemetry {
  const levels = telemetryLevels(set, target, options.rootNamespace);
  const forMode = (mode: TelemetryMode): ModeTelemetry => ({
    accessLogs: accessLogs(levels, options.meshConfig, mode),
    metrics: metrics(levels, options.meshConfig, mode),
    tracing: tracing(levels, options.meshConfig, mode),
  });
  return { client: forMode('CLIENT'), server: forMode('SERVER') };
}

/** A provider of the mesh configuration by name, in any case; `prometheus` and `envoy` (access log to standard output) exist without being declared. */
export function findProvider(meshConfig: MeshConfig, name: string): ExtensionProvider | null {
  const declared = meshConfig.extensionProviders.find((provider) => provider.name?.toLowerCase() === name.toLowerCase());
  if (declared) return declared;
  if (name === 'prometheus') return { name, prometheus: {} };
  if (name === 'envoy') return { name, envoyFileAccessLog: { path: '/dev/stdout' } };
  return null;
}

interface Level {
  readonly telemetry: Telemetry;
  readonly scope: 'mesh' | 'namespace' | 'workload';
}

function telemetryLevels(set: ResourceSet, target: PolicyTarget, rootNamespace: string): readonly Level[] {
  const oldest: { mesh?: Level; namespace?: Level; workload?: Level } = {};
  for (const telemetry of [...applicablePolicies(set.ofKind('Telemetry'), target, rootNamespace)].sort(compareAge)) {
    const scope = policyScope(telemetry, rootNamespace);
    if (scope === 'workload' && telemetry.ref.namespace !== target.namespace) continue;
    oldest[scope] ??= { telemetry, scope };
  }
  return [oldest.mesh, oldest.namespace, oldest.workload].filter((level) => level !== undefined);
}

function accessLogs(levels: readonly Level[], meshConfig: MeshConfig, mode: TelemetryMode): readonly AccessLogSetting[] | null {
  const stanzas = levels.flatMap((level) =>
    (level.telemetry.spec?.accessLogging ?? []).map((spec, index) => ({ spec, origin: originOf(level, `spec.accessLogging[${index}]`) })),
  );
  const defaults = meshConfig.defaultProviders.accessLogging ?? [];
  if (stanzas.length === 0 && defaults.length === 0) return null;
  const chosen = new Map<string, { filterExpression: string; origin: SettingOrigin }>();
  if (stanzas.length === 0) {
    for (const name of defaults) chosen.set(name, { filterExpression: '', origin: meshConfigOrigin });
  }
  const inScope = providersInScope(levels, defaults, mode);
  let inherited: readonly string[] = defaults;
  for (const { spec, origin } of stanzas) {
    inherited = named(spec).length > 0 ? named(spec) : inherited;
    if (!matchesMode(spec.match?.mode, mode)) continue;
    for (const name of inherited) {
      if (!inScope.has(name)) continue;
      if (spec.disabled) chosen.delete(name);
      else chosen.set(name, { filterExpression: spec.filter?.expression ?? chosen.get(name)?.filterExpression ?? '', origin });
    }
  }
  return [...chosen]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, setting]) => {
      const provider = findProvider(meshConfig, name);
      return provider === null ? [] : [{ provider, ...setting }];
    });
}

/** The providers that the narrowest Telemetry with providers names; those named only by wider ones are switched off by it. */
function providersInScope(levels: readonly Level[], defaults: readonly string[], mode: TelemetryMode): ReadonlySet<string> {
  let names: readonly string[] = defaults;
  for (const level of levels) {
    const stanzas = (level.telemetry.spec?.accessLogging ?? []).filter((spec) => matchesMode(spec.match?.mode, mode));
    const own = stanzas.flatMap(named);
    if (own.length > 0) names = own;
  }
  return new Set(names);
}

function metrics(levels: readonly Level[], meshConfig: MeshConfig, mode: TelemetryMode): MetricsSetting {
  const stanzas = levels.flatMap((level) => level.telemetry.spec?.metrics ?? []);
  let providers: readonly string[] = meshConfig.defaultProviders.metrics ?? ['prometheus'];
  let reportingInterval: string | null = null;
  const settings = new Map<string, { isDisabled: boolean; tags: Map<string, { value: string; isRemoved: boolean }> }>();
  for (const stanza of stanzas) {
    if (named(stanza).length > 0) providers = named(stanza);
    reportingInterval = stanza.reportingInterval ?? reportingInterval;
    for (const override of stanza.overrides ?? []) {
      if (matchesMode(override.match?.mode, mode)) applyOverride(settings, override);
    }
  }
  const order = (metric: string) => (standardMetrics as readonly string[]).indexOf(metric);
  return {
    isEnabled: providers.some((name) => findProvider(meshConfig, name)?.prometheus !== undefined),
    overrides: [...settings]
      .sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
      .map(([metric, { isDisabled, tags }]) => ({
        metric,
        isDisabled,
        tags: [...tags].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, tag]) => ({ name, ...tag })),
      })),
    reportingInterval,
  };
}

function applyOverride(
  settings: Map<string, { isDisabled: boolean; tags: Map<string, { value: string; isRemoved: boolean }> }>,
  override: MetricOverride,
): void {
  const named = override.match?.customMetric || override.match?.metric || 'ALL_METRICS';
  for (const metric of named === 'ALL_METRICS' ? standardMetrics : [named]) {
    const setting = settings.get(metric) ?? { isDisabled: false, tags: new Map() };
    if (override.disabled !== undefined) setting.isDisabled = override.disabled;
    for (const [name, tag] of Object.entries(override.tagOverrides ?? {})) {
      setting.tags.set(name, { value: tag?.value ?? '', isRemoved: tag?.operation === 'REMOVE' });
    }
    settings.set(metric, setting);
  }
}

function tracing(levels: readonly Level[], meshConfig: MeshConfig, mode: TelemetryMode): TracingSetting {
  const defaults = meshConfig.defaultProviders.tracing ?? [];
  const isConfigured = defaults.length > 0 || levels.some(({ telemetry }) => (telemetry.spec?.tracing ?? []).length > 0);
  let name = defaults[0];
  let isDisabled = false;
  let samplingPercent: number | null = null;
  let customTags: TracingSetting['customTags'] = {};
  let usesRequestIdForSampling = true;
  let hasIstioTags: boolean | null = null;
  let propagatesContext = true;
  let origin: SettingOrigin = meshConfigOrigin;
  for (const level of levels) {
    const stanzas: readonly TracingSpec[] = level.telemetry.spec?.tracing ?? [];
    for (const [index, stanza] of stanzas.entries()) {
      if (!matchesMode(stanza.match?.mode, mode)) continue;
      name = named(stanza)[0] ?? name;
      isDisabled = stanza.disableSpanReporting ?? isDisabled;
      samplingPercent = stanza.randomSamplingPercentage ?? samplingPercent;
      customTags = stanza.customTags ?? customTags;
      usesRequestIdForSampling = stanza.useRequestIdForTraceSampling ?? usesRequestIdForSampling;
      hasIstioTags = stanza.enableIstioTags ?? hasIstioTags;
      if (stanza.disableContextPropagation != null) propagatesContext = !stanza.disableContextPropagation;
      origin = originOf(level, `spec.tracing[${index}]`);
    }
  }
  const provider = name === undefined ? null : findProvider(meshConfig, name);
  return {
    provider,
    isDisabled: isConfigured ? isDisabled || provider === null : !meshConfig.enableTracing,
    samplingPercent,
    customTags,
    usesRequestIdForSampling,
    hasIstioTags,
    propagatesContext,
    origin,
  };
}

const meshConfigOrigin: SettingOrigin = { scope: 'mesh-config', ref: null, path: 'meshConfig' };

function originOf(level: Level, path: string): SettingOrigin {
  return { scope: level.scope, ref: level.telemetry.ref, path };
}

function named(spec: AccessLoggingSpec | MetricsSpec | TracingSpec): readonly string[] {
  return (spec.providers ?? []).flatMap((provider) => (provider?.name ? [provider.name] : []));
}

function matchesMode(asked: string | undefined, mode: TelemetryMode): boolean {
  return asked === undefined || asked === 'CLIENT_AND_SERVER' || asked === mode;
}
