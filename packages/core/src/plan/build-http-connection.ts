import type {
  HttpConnectionManagerJson,
  ResponseMapperJson,
} from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { HeaderMutationJson as EarlyHeaderMutationJson } from '@weft/envoy-api/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb';
import { buildAccessLog, buildAccessLogFilter, buildFormatOutput } from './build-access-log.ts';
import { bytesOfData } from './build-data-source.ts';
import { buildHeaderAddition, buildHeaderMutations } from './build-header.ts';
import { buildHttpFilter } from './build-http-filter.ts';
import { buildCommonHttpOptions, buildHttp1Options, buildHttp2Options } from './build-http-options.ts';
import { buildIpDetections } from './build-ip-detection.ts';
import { buildRouteTable } from './build-route-table.ts';
import { buildTracing } from './build-tracing.ts';
import type { HeaderMutationPlan } from './header-plan.ts';
import type { FilterListPlan, HttpConnectionManagerPlan, LocalReplyMapperPlan, RouteSourcePlan } from './http-connection-plan.ts';
import type { HttpFilterPlan } from './http-filter-plan.ts';
import { parseIpRange } from './ip-address.ts';
import { durationMs, textOfBytes } from './read.ts';

/** Compiles an HTTP connection manager. */
export function buildHttpConnection(json: HttpConnectionManagerJson): HttpConnectionManagerPlan {
  const filters = (json.httpFilters ?? []).map(buildHttpFilter);
  const has = (kind: HttpFilterPlan['config']['kind']): boolean =>
    filters.some(({ config, disabled }) => config.kind === kind && !disabled);
  const countsMessages = has('istioStats') && has('grpcStats');
  const options = json.accessLogOptions;
  return {
    ...buildHeadersOptions(json),
    ...buildTimeouts(json),
    statPrefix: json.statPrefix ?? '',
    codec: json.codecType === 'HTTP1' || json.codecType === 'HTTP2' || json.codecType === 'HTTP3' ? json.codecType : 'AUTO',
    routes: buildRouteSource(json),
    ...filterList(filters),
    useRemoteAddress: json.useRemoteAddress ?? false,
    xffTrustedHops: json.xffNumTrustedHops ?? 0,
    skipXffAppend: json.skipXffAppend ?? false,
    ipDetections: buildIpDetections(json),
    earlyMutations: buildEarlyMutations(json),
    internalAddressRanges: internalRanges(json),
    common: buildCommonHttpOptions(json.commonHttpProtocolOptions),
    http1: buildHttp1Options(json.httpProtocolOptions),
    http2: buildHttp2Options(json.http2ProtocolOptions),
    maxRequestHeadersKb: json.maxRequestHeadersKb ?? 60,
    upgrades: (json.upgradeConfigs ?? []).map((upgrade) => ({
      type: (upgrade.upgradeType ?? '').toLowerCase(),
      enabled: upgrade.enabled ?? true,
      filters: upgrade.filters?.length ? filterList(upgrade.filters.map(buildHttpFilter)) : null,
    })),
    overrideStreamErrorOnInvalidMessage: json.streamErrorOnInvalidHttpMessage ?? false,
    localReply: json.localReplyConfig
      ? {
          mappers: (json.localReplyConfig.mappers ?? []).map(buildMapper),
          bodyFormat: json.localReplyConfig.bodyFormat ? buildFormatOutput(json.localReplyConfig.bodyFormat) : null,
        }
      : null,
    tracing: json.tracing ? buildTracing(json.tracing) : null,
    countsMessages,
    accessLogs: (json.accessLog ?? []).map(buildAccessLog),
    accessLogFlushIntervalMs: durationMs(options?.accessLogFlushInterval ?? json.accessLogFlushInterval, null),
    flushAccessLogOnNewRequest: options?.flushAccessLogOnNewRequest ?? json.flushAccessLogOnNewRequest ?? false,
    source: json,
  };
}

function filterList(filters: readonly HttpFilterPlan[]): FilterListPlan {
  return {
    filters,
    responseMutators: filters.filter(({ config }) => config.kind === 'headerMutation').reverse(),
    sessionFilter: filters.find(({ config }) => config.kind === 'statefulSession') ?? null,
  };
}

function buildRouteSource(json: HttpConnectionManagerJson): RouteSourcePlan {
  if (json.rds) return { kind: 'rds', name: json.rds.routeConfigName ?? '' };
  return { kind: 'inline', table: buildRouteTable(json.routeConfig ?? {}) };
}

type HeadersOptions = Pick<
  HttpConnectionManagerPlan,
  | 'serverName'
  | 'serverHeader'
  | 'via'
  | 'generateRequestId'
  | 'preserveExternalRequestId'
  | 'alwaysSetRequestIdInResponse'
  | 'packTraceReason'
  | 'useRequestIdForTraceSampling'
  | 'forwardClientCert'
  | 'clientCertDetails'
  | 'proxy100Continue'
  | 'normalizePath'
  | 'mergeSlashes'
  | 'escapedSlashes'
  | 'stripPort'
  | 'stripTrailingHostDot'
  | 'schemeHeader'
  | 'appendXForwardedPort'
  | 'appendLocalOverload'
  | 'addUserAgent'
>;

function buildHeadersOptions(json: HttpConnectionManagerJson): HeadersOptions {
  const details = json.setCurrentClientCertDetails;
  const requestId = json.requestIdExtension?.typedConfig as
    | { readonly packTraceReason?: boolean; readonly useRequestIdForTraceSampling?: boolean }
    | undefined;
  const serverHeader = json.serverHeaderTransformation;
  const slashes = json.pathWithEscapedSlashesAction;
  const scheme = json.schemeHeaderTransformation;
  return {
    serverName: json.serverName || 'envoy',
    serverHeader: serverHeader === 'APPEND_IF_ABSENT' || serverHeader === 'PASS_THROUGH' ? serverHeader : 'OVERWRITE',
    via: json.via ?? '',
    generateRequestId: json.generateRequestId ?? true,
    preserveExternalRequestId: json.preserveExternalRequestId ?? false,
    alwaysSetRequestIdInResponse: json.alwaysSetRequestIdInResponse ?? false,
    packTraceReason: requestId?.packTraceReason ?? true,
    useRequestIdForTraceSampling: requestId?.useRequestIdForTraceSampling ?? true,
    forwardClientCert: (json.forwardClientCertDetails as HttpConnectionManagerPlan['forwardClientCert'] | undefined) ?? 'SANITIZE',
    clientCertDetails: {
      subject: details?.subject ?? false,
      cert: details?.cert ?? false,
      chain: details?.chain ?? false,
      dns: details?.dns ?? false,
      uri: details?.uri ?? false,
    },
    proxy100Continue: json.proxy100Continue ?? false,
    normalizePath: json.normalizePath ?? false,
    mergeSlashes: json.mergeSlashes ?? false,
    escapedSlashes:
      slashes === 'REJECT_REQUEST' || slashes === 'UNESCAPE_AND_REDIRECT' || slashes === 'UNESCAPE_AND_FORWARD'
        ? slashes
        : 'KEEP_UNCHANGED',
    stripPort: json.stripAnyHostPort ? 'any' : json.stripMatchingHostPort ? 'matching' : 'none',
    stripTrailingHostDot: json.stripTrailingHostDot ?? false,
    schemeHeader: {
      overwrite: scheme?.schemeToOverwrite || null,
      matchUpstream: scheme?.matchUpstream ?? false,
    },
    appendXForwardedPort: json.appendXForwardedPort ?? false,
    appendLocalOverload: json.appendLocalOverload ?? false,
    addUserAgent: json.addUserAgent ?? false,
  };
}

type Timeouts = Pick<
  HttpConnectionManagerPlan,
  | 'streamIdleTimeoutMs'
  | 'streamFlushTimeoutMs'
  | 'flushFollowsIdle'
  | 'requestTimeoutMs'
  | 'requestHeadersTimeoutMs'
  | 'drainTimeoutMs'
  | 'delayedCloseTimeoutMs'
>;

function buildTimeouts(json: HttpConnectionManagerJson): Timeouts {
  const streamIdleTimeoutMs = durationMs(json.streamIdleTimeout, 300_000);
  return {
    streamIdleTimeoutMs,
    streamFlushTimeoutMs: durationMs(json.streamFlushTimeout, streamIdleTimeoutMs),
    flushFollowsIdle: json.streamFlushTimeout === undefined,
    requestTimeoutMs: durationMs(json.requestTimeout, 0),
    requestHeadersTimeoutMs: durationMs(json.requestHeadersTimeout, 0),
    drainTimeoutMs: durationMs(json.drainTimeout, 5000),
    delayedCloseTimeoutMs: durationMs(json.delayedCloseTimeout, 1000),
  };
}

function buildEarlyMutations(json: HttpConnectionManagerJson): readonly HeaderMutationPlan[] {
  return (json.earlyHeaderMutationExtensions ?? []).flatMap(({ typedConfig }) =>
    buildHeaderMutations((typedConfig as EarlyHeaderMutationJson | undefined)?.mutations ?? []),
  );
}

function internalRanges(json: HttpConnectionManagerJson): HttpConnectionManagerPlan['internalAddressRanges'] {
  const ranges = json.internalAddressConfig?.cidrRanges ?? [];
  // Without a configuration nothing is internal (Envoy's `explicit_internal_address_config`).
  return ranges.flatMap((range) => parseIpRange(range.addressPrefix ?? '', range.prefixLen ?? 0) ?? []);
}

function buildMapper(json: ResponseMapperJson): LocalReplyMapperPlan {
  return {
    filter: buildAccessLogFilter(json.filter ?? {}),
    status: json.statusCode ?? null,
    body: json.body ? textOfBytes(bytesOfData(json.body)) : null,
    bodyFormat: json.bodyFormatOverride ? buildFormatOutput(json.bodyFormatOverride) : null,
    headersToAdd: (json.headersToAdd ?? []).map(buildHeaderAddition),
  };
}
