import type { LocalRateLimitJson } from '@weft/envoy-api/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb';
import type { RateLimitJson } from '@weft/envoy-api/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb';
import type { TokenBucketJson } from '@weft/envoy-api/envoy/type/v3/token_bucket_pb';
import { buildGrpcService } from './build-grpc-service.ts';
import { buildHeaderMutation } from './build-header.ts';
import { buildFraction } from './build-matcher.ts';
import { buildRateLimits } from './build-rate-limit.ts';
import { statusCode } from './build-status.ts';
import type { LocalRateLimitPlan, RateLimitPlan, TokenBucketPlan } from './http-filter-plan.ts';
import { durationMs } from './read.ts';

/** A token bucket; `tokens_per_fill` defaults to 1. */
export function buildTokenBucket(json: TokenBucketJson): TokenBucketPlan {
  return {
    maxTokens: json.maxTokens ?? 0,
    tokensPerFill: json.tokensPerFill ?? 1,
    fillIntervalMs: durationMs(json.fillInterval, 0),
  };
}

/** Compiles the local_ratelimit filter. Without `filter_enabled`/`filter_enforced` Envoy does nothing (0 %). */
export function buildLocalRateLimit(json: LocalRateLimitJson): LocalRateLimitPlan {
  return {
    statPrefix: json.statPrefix ?? '',
    status: statusCode(json.status, 429),
    bucket: json.tokenBucket ? buildTokenBucket(json.tokenBucket) : null,
    enabled: buildFraction(json.filterEnabled),
    enforced: buildFraction(json.filterEnforced),
    responseHeaders: buildHeaderMutation(json.responseHeadersToAdd, undefined),
    requestHeaders: buildHeaderMutation(json.requestHeadersToAddWhenNotEnforced, undefined),
    descriptors: (json.descriptors ?? []).map((descriptor) => ({
      entries: (descriptor.entries ?? []).map(({ key, value }) => [key ?? '', value ?? ''] as const),
      bucket: buildTokenBucket(descriptor.tokenBucket ?? {}),
    })),
    stage: json.stage ?? 0,
    perConnection: json.localRateLimitPerDownstreamConnection ?? false,
    isOfLocalCluster: json.localClusterRateLimit !== undefined,
    alwaysConsumeDefaultBucket: json.alwaysConsumeDefaultTokenBucket ?? true,
    rateLimits: buildRateLimits(json.rateLimits),
    rateLimitedAsResourceExhausted: json.rateLimitedAsResourceExhausted ?? false,
    xRateLimitHeaders: json.enableXRatelimitHeaders === 'DRAFT_VERSION_03',
  };
}

/** Compiles the ratelimit filter. */
export function buildRateLimit(json: RateLimitJson): RateLimitPlan {
  const type = json.requestType;
  return {
    domain: json.domain ?? '',
    stage: json.stage ?? 0,
    requestType: type === 'internal' || type === 'external' ? type : 'both',
    timeoutMs: durationMs(json.timeout, 20),
    failureModeDeny: json.failureModeDeny ?? false,
    rateLimitedAsResourceExhausted: json.rateLimitedAsResourceExhausted ?? false,
    service: json.rateLimitService ? buildGrpcService(json.rateLimitService.grpcService, durationMs(json.timeout, 20)) : null,
    status: statusCode(json.rateLimitedStatus, 429),
    statusOnError: statusCode(json.statusOnError, 500),
    xRateLimitHeaders: json.enableXRatelimitHeaders === 'DRAFT_VERSION_03',
    disableXEnvoyRateLimitedHeader: json.disableXEnvoyRatelimitedHeader ?? false,
  };
}
