import type { AccessLogFilterJson, AccessLogJson } from '@weft/envoy-api/envoy/config/accesslog/v3/accesslog_pb';
import type { SubstitutionFormatStringJson } from '@weft/envoy-api/envoy/config/core/v3/substitution_format_string_pb';
import type { FileAccessLogJson } from '@weft/envoy-api/envoy/extensions/access_loggers/file/v3/file_pb';
import type {
  CommonGrpcAccessLogConfigJson,
  HttpGrpcAccessLogConfigJson,
  TcpGrpcAccessLogConfigJson,
} from '@weft/envoy-api/envoy/extensions/access_loggers/grpc/v3/als_pb';
import type { OpenTelemetryAccessLogConfigJson } from '@weft/envoy-api/envoy/extensions/access_loggers/open_telemetry/v3/logs_service_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { type AccessLogSetting, trafficRecordsProvider } from '../mesh/workload-telemetry.ts';
import type { AccessLogFormat, EnvoyAccessLogService, ExtensionProvider } from '../resource/extension-provider.ts';
import { externalService } from './external-service.ts';
import { classTelemetry, hasExtension, type ListenerClass } from './listener-class.ts';
import { accessLogCluster, accessLogServiceCluster } from './proxy-config-clusters.ts';
import { typedConfig } from './typed-config.ts';

/** Istio's text format, used where a file log is asked for without one. */
const defaultTextFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% ' +
  '%CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" ' +
  '%UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

/** Istio's JSON format: the same fields by name. */
const defaultJsonFormat: Readonly<Record<string, string>> = {
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
};

/** What a log is written by. */
export type AccessLogPlace = 'http' | 'tcp' | 'listener';

/** The access logs of a connection manager or TCP proxy of this class. */
export function accessLogs(view: ProxyView, listenerClass: ListenerClass, place: AccessLogPlace): AccessLogJson[] {
  return [...configuredLogs(view, listenerClass, place), ...trafficRecords(view)];
}

function configuredLogs(view: ProxyView, listenerClass: ListenerClass, place: AccessLogPlace): AccessLogJson[] {
  const settings = classTelemetry(view, listenerClass).accessLogs;
  if (settings === null) return [...meshFileLog(view), ...meshLogService(view, place)];
  const asked = settings.filter(({ provider }) => provider.name !== trafficRecordsProvider);
  return asked.flatMap((setting) => providerAccessLog(view, setting));
}

function trafficRecords(view: ProxyView): AccessLogJson[] {
  const provider = view.settings.meshConfig.extensionProviders.find(({ name }) => name === trafficRecordsProvider);
  const log = provider ? providerLog(view, provider) : null;
  return log === null ? [] : [log];
}

/** The access logs of a listener itself: connections for which no filter chain was found. */
export function listenerAccessLogs(view: ProxyView, listenerClass: ListenerClass): AccessLogJson[] {
  if (view.settings.meshConfig.disableEnvoyListenerLog) return [];
  const noRoute: AccessLogFilterJson = { responseFlagFilter: { flags: ['NR'] } };
  return accessLogs(view, listenerClass, 'listener').map(({ filter, ...log }) => ({
    ...log,
    filter: filter ? { andFilter: { filters: [noRoute, filter] } } : noRoute,
  }));
}

function meshFileLog(view: ProxyView): AccessLogJson[] {
  const { accessLogFile, accessLogFormat, accessLogEncoding } = view.settings.meshConfig;
  if (accessLogFile === '') return [];
  const format = accessLogEncoding === 'JSON' ? jsonFormat(accessLogFormat) : textFormat(accessLogFormat || defaultTextFormat);
  return [fileAccessLog(accessLogFile, format)];
}

/** The access log service of the proxy configuration. */
function meshLogService(view: ProxyView, place: AccessLogPlace): AccessLogJson[] {
  if (!view.settings.meshConfig.enableEnvoyAccessLogService || accessLogCluster(view) === null) return [];
  const common: CommonGrpcAccessLogConfigJson = {
    logName: `${place}_envoy_accesslog`,
    grpcService: { envoyGrpc: { clusterName: accessLogServiceCluster } },
    transportApiVersion: 'V3',
    ...names('filterStateObjectsToLog', peerObjects(view)),
  };
  return [place === 'http' ? httpLog({ commonConfig: common }) : tcpLog({ commonConfig: common })];
}

function providerAccessLog(view: ProxyView, setting: AccessLogSetting): AccessLogJson[] {
  const log = providerLog(view, setting.provider);
  if (log === null) return [];
  if (setting.filterExpression === '') return [log];
  const expression = typedConfig('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
    expression: setting.filterExpression,
  });
  return [{ ...log, filter: { extensionFilter: { name: 'envoy.access_loggers.extension_filters.cel', typedConfig: expression } } }];
}

function providerLog(view: ProxyView, provider: ExtensionProvider): AccessLogJson | null {
  if (provider.envoyFileAccessLog) {
    const { path, logFormat } = provider.envoyFileAccessLog;
    return fileAccessLog(path ?? '/dev/stdout', providerFormat(logFormat, provider.envoyFileAccessLog.omitEmptyValues ?? false));
  }
  if (provider.envoyHttpAls) return httpAccessLogService(view, provider.envoyHttpAls);
  if (provider.envoyTcpAls) return tcpAccessLogService(view, provider.envoyTcpAls);
  return provider.envoyOtelAls ? openTelemetryLog(view, provider.envoyOtelAls) : null;
}

function fileAccessLog(path: string, logFormat: SubstitutionFormatStringJson): AccessLogJson {
  const config: FileAccessLogJson = { path, logFormat };
  return { name: 'envoy.access_loggers.file', typedConfig: typedConfig('envoy.extensions.access_loggers.file.v3.FileAccessLog', config) };
}

function providerFormat(format: AccessLogFormat | undefined, omitEmptyValues: boolean): SubstitutionFormatStringJson {
  const omit = omitEmptyValues ? { omitEmptyValues: true } : {};
  if (format?.labels && Object.keys(format.labels).length > 0) return { jsonFormat: jsonObject(format.labels), ...omit };
  return { ...textFormat(format?.text || defaultTextFormat), ...omit };
}

function textFormat(text: string): SubstitutionFormatStringJson {
  return { textFormatSource: { inlineString: text.endsWith('\n') ? text : `${text}\n` } };
}

/** `accessLogFormat` of a mesh that logs JSON is itself JSON; when it is not readable the default fields are written. */
function jsonFormat(text: string): SubstitutionFormatStringJson {
  if (text === '') return { jsonFormat: { ...defaultJsonFormat } };
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed))
      return { jsonFormat: jsonObject(parsed as Record<string, unknown>) };
  } catch {
    // Not JSON: the default below.
  }
  return { jsonFormat: { ...defaultJsonFormat } };
}

type JsonObject = NonNullable<SubstitutionFormatStringJson['jsonFormat']>;

function jsonObject(value: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

function httpAccessLogService(view: ProxyView, settings: EnvoyAccessLogService): AccessLogJson | null {
  const commonConfig = grpcLogConfig(view, settings, 'http_envoy_accesslog');
  if (commonConfig === null) return null;
  const config: HttpGrpcAccessLogConfigJson = {
    commonConfig,
    ...names('additionalRequestHeadersToLog', settings.additionalRequestHeadersToLog),
    ...names('additionalResponseHeadersToLog', settings.additionalResponseHeadersToLog),
    ...names('additionalResponseTrailersToLog', settings.additionalResponseTrailersToLog),
  };
  return httpLog(config);
}

function tcpAccessLogService(view: ProxyView, settings: EnvoyAccessLogService): AccessLogJson | null {
  const commonConfig = grpcLogConfig(view, settings, 'tcp_envoy_accesslog');
  if (commonConfig === null) return null;
  return tcpLog({ commonConfig });
}

function httpLog(config: HttpGrpcAccessLogConfigJson): AccessLogJson {
  const typed = typedConfig('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig', config);
  return { name: 'envoy.access_loggers.http_grpc', typedConfig: typed };
}

function tcpLog(config: TcpGrpcAccessLogConfigJson): AccessLogJson {
  const typed = typedConfig('envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig', config);
  return { name: 'envoy.access_loggers.tcp_grpc', typedConfig: typed };
}

function openTelemetryLog(view: ProxyView, settings: NonNullable<ExtensionProvider['envoyOtelAls']>): AccessLogJson | null {
  const common = grpcLogConfig(view, settings, 'otel_envoy_accesslog');
  if (common === null) return null;
  const { grpcService, logName, filterStateObjectsToLog } = common;
  const labels = Object.entries(settings.logFormat?.labels ?? {});
  const config: OpenTelemetryAccessLogConfigJson = {
    ...(grpcService && { grpcService }),
    ...(logName && { logName }),
    ...names('filterStateObjectsToLog', filterStateObjectsToLog),
    disableBuiltinLabels: true,
    body: { stringValue: settings.logFormat?.text || defaultTextFormat },
    ...(labels.length > 0 && { attributes: { values: labels.map(([key, value]) => ({ key, value: { stringValue: String(value) } })) } }),
  };
  const typed = typedConfig('envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig', config);
  return { name: 'envoy.access_loggers.open_telemetry', typedConfig: typed };
}

function grpcLogConfig(view: ProxyView, settings: EnvoyAccessLogService, logName: string): CommonGrpcAccessLogConfigJson | null {
  const service = externalService(view, settings.service, settings.port);
  if (service === null) return null;
  return {
    logName: settings.logName || logName,
    grpcService: { envoyGrpc: { clusterName: service.cluster, authority: service.hostname } },
    transportApiVersion: 'V3',
    ...names('filterStateObjectsToLog', settings.filterStateObjectsToLog ?? peerObjects(view)),
  };
}

/** What Istio's filters leave about the two ends of a connection. */
function peerObjects(view: ProxyView): readonly string[] {
  return hasExtension(view, 'envoy.filters.http.peer_metadata') ? ['downstream_peer', 'upstream_peer'] : [];
}

function names<K extends string>(key: K, values: readonly string[] | undefined): { readonly [P in K]?: string[] } {
  const result: { [P in K]?: string[] } = {};
  if (values && values.length > 0) result[key] = [...values];
  return result;
}
