import type { AccessLogFilterJson, AccessLogJson } from '@weft/envoy-api/envoy/config/accesslog/v3/accesslog_pb';
import type { SubstitutionFormatStringJson } from '@weft/envoy-api/envoy/config/core/v3/substitution_format_string_pb';
import type { CommonGrpcAccessLogConfigJson } from '@weft/envoy-api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import type { AccessLogFilterPlan, AccessLogPlan, ComparisonPlan, GrpcLogPlan } from './access-log-plan.ts';
import { bytesOfData } from './build-data-source.ts';
import { buildGrpcService } from './build-grpc-service.ts';
import { buildHeaderMatcher, buildMetadataTest } from './build-matcher.ts';
import { compileCel } from './cel.ts';
import { parseFormat, parseFormatTree } from './format.ts';
import type { FormatOutput, FormatPlan } from './format-plan.ts';
import { durationMs, messageName, perMillion, textOfBytes } from './read.ts';

/** Envoy's format of file loggers that name none. */
export const defaultAccessLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Compiles one access logger. */
export function buildAccessLog(json: AccessLogJson): AccessLogPlan {
  const name = json.name ?? '';
  const filter = json.filter ? buildAccessLogFilter(json.filter) : null;
  const { '@type': typeUrl = '', ...config } = (json.typedConfig ?? {}) as Config;
  switch (messageName(typeUrl)) {
    case 'envoy.extensions.access_loggers.file.v3.FileAccessLog':
      return { kind: 'file', name, filter, path: String(config.path ?? ''), output: fileOutput(config) };
    case 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog':
      return { kind: 'stdout', name, filter, output: fileOutput(config) };
    case 'envoy.extensions.access_loggers.stream.v3.StderrAccessLog':
      return { kind: 'stderr', name, filter, output: fileOutput(config) };
    case 'envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig':
      return { kind: 'grpcHttp', name, filter, grpc: buildGrpcLog(config) };
    case 'envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig':
      return { kind: 'grpcTcp', name, filter, grpc: buildGrpcLog(config) };
    case 'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig':
      return buildOpenTelemetry(name, filter, config);
    default:
      return { kind: 'unsupported', name, filter, typeUrl };
  }
}

/** Compiles the condition of an access logger or local-reply mapper. */
export function buildAccessLogFilter(json: AccessLogFilterJson): AccessLogFilterPlan {
  if (json.statusCodeFilter) return { kind: 'statusCode', comparison: comparison(json.statusCodeFilter.comparison) };
  if (json.durationFilter) return { kind: 'durationMs', comparison: comparison(json.durationFilter.comparison) };
  if (json.notHealthCheckFilter) return { kind: 'notHealthCheck' };
  if (json.traceableFilter) return { kind: 'traceable' };
  if (json.runtimeFilter) {
    const { percentSampled, runtimeKey, useIndependentRandomness } = json.runtimeFilter;
    return {
      kind: 'runtime',
      fraction: { perMillion: perMillion(percentSampled), runtimeKey: runtimeKey ?? null },
      useIndependentRandomness: useIndependentRandomness ?? false,
    };
  }
  if (json.andFilter) return { kind: 'and', filters: (json.andFilter.filters ?? []).map(buildAccessLogFilter) };
  if (json.orFilter) return { kind: 'or', filters: (json.orFilter.filters ?? []).map(buildAccessLogFilter) };
  if (json.headerFilter) return { kind: 'header', header: buildHeaderMatcher(json.headerFilter.header ?? {}) };
  if (json.responseFlagFilter) return { kind: 'responseFlag', flags: json.responseFlagFilter.flags ?? [] };
  if (json.grpcStatusFilter)
    return {
      kind: 'grpcStatus',
      statuses: (json.grpcStatusFilter.statuses ?? []).map(String),
      exclude: json.grpcStatusFilter.exclude ?? false,
    };
  if (json.metadataFilter) {
    const { matcher, matchIfKeyNotFound } = json.metadataFilter;
    return { kind: 'metadata', test: matcher ? buildMetadataTest(matcher) : null, passesWithout: matchIfKeyNotFound ?? true };
  }
  if (json.logTypeFilter)
    return { kind: 'logType', types: (json.logTypeFilter.types ?? []).map(String), exclude: json.logTypeFilter.exclude ?? false };
  return buildCelFilter(String((json.extensionFilter?.typedConfig as { expression?: string } | undefined)?.expression ?? 'true'));
}

type Config = Readonly<Record<string, unknown>> & { readonly '@type'?: string };

function comparison(
  json: { readonly op?: string | number; readonly value?: { readonly defaultValue?: number } } | undefined,
): ComparisonPlan {
  const op = json?.op;
  return { op: op === 'GE' || op === 'LE' || op === 'NE' ? op : 'EQ', value: json?.value?.defaultValue ?? 0 };
}

function buildCelFilter(expression: string): AccessLogFilterPlan {
  try {
    return { kind: 'cel', expression, matches: compileCel(expression).matches };
  } catch {
    return { kind: 'cel', expression, matches: () => false };
  }
}

function fileOutput(config: Config): FormatOutput {
  const format = config.logFormat as SubstitutionFormatStringJson | undefined;
  if (format) return buildFormatOutput(format);
  const tree = config.typedJsonFormat ?? config.jsonFormat;
  if (tree !== undefined) return { kind: 'json', tree: parseFormatTree(tree), contentType: null, omitEmptyValues: false };
  const text = typeof config.format === 'string' && config.format !== '' ? config.format : defaultAccessLogFormat;
  return { kind: 'text', format: parseFormat(text), contentType: null, omitEmptyValues: false };
}

/** Compiles a `SubstitutionFormatString`. */
export function buildFormatOutput(json: SubstitutionFormatStringJson): FormatOutput {
  const rest = { contentType: json.contentType || null, omitEmptyValues: json.omitEmptyValues ?? false };
  if (json.jsonFormat) return { kind: 'json', tree: parseFormatTree(json.jsonFormat), ...rest };
  const text = json.textFormatSource ? textOfBytes(bytesOfData(json.textFormatSource)) : (json.textFormat ?? '');
  return { kind: 'text', format: parseFormat(text), ...rest };
}

function buildGrpcLog(config: Config): GrpcLogPlan {
  // Newer messages have the fields themselves, older ones in a common part.
  const common = (config.commonConfig ?? config) as CommonGrpcAccessLogConfigJson;
  const service = buildGrpcService(common.grpcService, 0);
  return {
    logName: common.logName ?? '',
    cluster: service.cluster,
    authority: service.authority,
    bufferFlushIntervalMs: durationMs(common.bufferFlushInterval, 1000),
    bufferSizeBytes: common.bufferSizeBytes ?? 16384,
    requestHeaders: lowerNames(config.additionalRequestHeadersToLog),
    responseHeaders: lowerNames(config.additionalResponseHeadersToLog),
    responseTrailers: lowerNames(config.additionalResponseTrailersToLog),
    filterStateObjects: common.filterStateObjectsToLog ?? [],
    customTags: common.customTags ?? [],
  };
}

interface KeyValue {
  readonly key?: string;
  readonly value?: { readonly stringValue?: string };
}

function buildOpenTelemetry(name: string, filter: AccessLogFilterPlan | null, config: Config): AccessLogPlan {
  const body = (config.body as { readonly stringValue?: string } | undefined)?.stringValue;
  return {
    kind: 'openTelemetry',
    name,
    filter,
    grpc: buildGrpcLog(config),
    body: body === undefined ? null : parseFormat(body),
    attributes: pairs(config.attributes).map(([key, value]): readonly [string, FormatPlan] => [key, parseFormat(value)]),
    hasBuiltinLabels: config.disableBuiltinLabels !== true,
    resourceAttributes: pairs(config.resourceAttributes),
  };
}

function pairs(list: unknown): (readonly [string, string])[] {
  const values = (list as { readonly values?: readonly KeyValue[] } | undefined)?.values ?? [];
  return values.map(({ key, value }) => [key ?? '', value?.stringValue ?? ''] as const);
}

function lowerNames(names: unknown): string[] {
  return Array.isArray(names) ? names.map((name) => String(name).toLowerCase()) : [];
}
