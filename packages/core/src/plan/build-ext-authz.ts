import type { ExtAuthzJson, HttpServiceJson } from '@weft/envoy-api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { ListStringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';
import { buildGrpcService } from './build-grpc-service.ts';
import { buildFraction, buildMetadataTest, buildStringMatcher } from './build-matcher.ts';
import { statusCode } from './build-status.ts';
import type { ExtAuthzPlan } from './http-filter-plan.ts';
import type { StringMatcher } from './matcher.ts';
import { durationMs } from './read.ts';

/** Compiles the ext_authz filter. */
export function buildExtAuthz(json: ExtAuthzJson): ExtAuthzPlan {
  const body = json.withRequestBody;
  return {
    service: json.httpService ? buildHttpService(json.httpService) : { kind: 'grpc', grpc: buildGrpcService(json.grpcService, 200) },
    failureModeAllow: json.failureModeAllow ?? false,
    failureModeAllowHeaderAdd: json.failureModeAllowHeaderAdd ?? false,
    statusOnError: statusCode(json.statusOnError, 403),
    withRequestBody: body
      ? { maxBytes: body.maxRequestBytes ?? 0, allowPartial: body.allowPartialMessage ?? false, packAsBytes: body.packAsBytes ?? false }
      : null,
    includePeerCertificate: json.includePeerCertificate ?? false,
    includeTlsSession: json.includeTlsSession ?? false,
    clearRouteCache: json.clearRouteCache ?? false,
    validateMutations: json.validateMutations ?? false,
    allowedHeaders: matchers(json.allowedHeaders ?? json.httpService?.authorizationRequest?.allowedHeaders),
    disallowedHeaders: matchers(json.disallowedHeaders),
    metadataNamespaces: json.metadataContextNamespaces ?? [],
    statPrefix: json.statPrefix ?? '',
    enabledMetadata: json.filterEnabledMetadata ? buildMetadataTest(json.filterEnabledMetadata) : null,
    enabled: buildFraction(json.filterEnabled),
    denyAtDisable: json.denyAtDisable?.defaultValue ?? false,
  };
}

function buildHttpService(json: HttpServiceJson): ExtAuthzPlan['service'] {
  const response = json.authorizationResponse;
  return {
    kind: 'http',
    cluster: json.serverUri?.cluster ?? '',
    uri: json.serverUri?.uri ?? '',
    timeoutMs: durationMs(json.serverUri?.timeout, 200),
    pathPrefix: json.pathPrefix ?? '',
    headersToAdd: (json.authorizationRequest?.headersToAdd ?? []).map(({ key, value }) => [key ?? '', value ?? ''] as const),
    upstreamHeaders: matchers(response?.allowedUpstreamHeaders),
    upstreamHeadersToAppend: matchers(response?.allowedUpstreamHeadersToAppend),
    clientHeaders: matchers(response?.allowedClientHeaders),
    clientHeadersOnSuccess: matchers(response?.allowedClientHeadersOnSuccess),
    metadataFromHeaders: matchers(response?.dynamicMetadataFromHeaders),
  };
}

function matchers(json: ListStringMatcherJson | undefined): StringMatcher[] {
  return (json?.patterns ?? []).map(buildStringMatcher);
}
