import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Descriptor, HeaderChange, PendingNeed, Resume } from '@weft/core/engine/decision';
import { sourceClusterKey } from '@weft/core/engine/rate-limit-descriptors';
import type { HeaderValue } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import {
  RateLimitResponse_Code as Code,
  RateLimitRequestSchema,
  type RateLimitResponse,
  type RateLimitResponse_DescriptorStatus,
  RateLimitResponseSchema,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '@weft/envoy-api/envoy/service/ratelimit/v3/rls_pb';
import { clusterScope } from '../telemetry/cluster-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ExchangeView } from './exchange-view.ts';
import { callGrpc } from './grpc-call.ts';
import { type Quota, quotaHeaders } from './rate-limit-headers.ts';

type Result = Resume['result'];
type Need = Extract<PendingNeed, { kind: 'rateLimit' }>;

const path = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';
const resourceExhausted = 8;

const secondsOf: Readonly<Record<number, number>> = {
  [Unit.SECOND]: 1,
  [Unit.MINUTE]: 60,
  [Unit.HOUR]: 3600,
  [Unit.DAY]: 86_400,
  [Unit.MONTH]: 2_592_000,
  [Unit.YEAR]: 31_536_000,
};

/** Asks a global rate limit service about requests. */
export class RateLimitService {
  readonly #clusters: ClusterManager;
  readonly #registry: Registry;

  readonly #ownCluster: string;

  /** `ownCluster` is the service cluster of this proxy's node. */
  constructor(clusters: ClusterManager, registry: Registry, ownCluster: string) {
    this.#clusters = clusters;
    this.#registry = registry;
    this.#ownCluster = ownCluster;
  }

  async check({ limit, domain, descriptors }: Need, exchange: ExchangeView): Promise<Result> {
    const count = this.#counter(exchange);
    const response = limit.service === null ? null : await this.#ask(limit.service, domain, descriptors, exchange);
    if (response === null) {
      count('error');
      if (!limit.failureModeDeny) {
        count('failure_mode_allowed');
        return passed([], [], {});
      }
      return denied({ status: limit.statusOnError, body: '', headers: [], flag: 'RLSE', details: 'rate_limiter_error', grpcStatus: null });
    }
    const added = response.responseHeadersToAdd.map(pairOf);
    const quotas = limit.xRateLimitHeaders ? quotaHeaders(response.statuses.flatMap(quotaOf)) : [];
    if (response.overallCode !== Code.OVER_LIMIT) {
      count('ok');
      return passed(response.requestHeadersToAdd.map(pairOf), [...quotas, ...added], metadataOf(response));
    }
    count('over_limit');
    const marks: (readonly [string, string])[] = limit.disableXEnvoyRateLimitedHeader ? [] : [['x-envoy-ratelimited', 'true']];
    return denied({
      status: limit.status,
      body: Buffer.from(response.rawBody).toString('latin1'),
      headers: [...quotas, ...added, ...marks],
      flag: 'RL',
      details: 'request_rate_limited',
      grpcStatus: limit.rateLimitedAsResourceExhausted ? resourceExhausted : null,
    });
  }

  async #ask(
    service: NonNullable<Need['limit']['service']>,
    domain: string,
    descriptors: readonly Descriptor[],
    exchange: ExchangeView,
  ): Promise<RateLimitResponse | null> {
    const own = ([key, value]: Descriptor[number]) => ({ key, value: key === sourceClusterKey ? this.#ownCluster : value });
    const entries = descriptors.map((descriptor) => ({ entries: descriptor.map(own) }));
    const message = toBinary(RateLimitRequestSchema, create(RateLimitRequestSchema, { domain, descriptors: entries }));
    const answer = await callGrpc(this.#clusters, { service, path, message, connection: exchange.connection });
    return answer === null ? null : fromBinary(RateLimitResponseSchema, answer);
  }

  /** Envoy counts at the cluster that the request would go to. */
  #counter(exchange: ExchangeView): (name: string) => void {
    const { decision } = exchange;
    const route = decision?.kind === 'pending' ? decision.state.route : null;
    const cluster = route?.action.kind === 'forward' ? route.action.clusters[0]?.name : undefined;
    return (name) => {
      if (cluster !== undefined) this.#registry.counter(clusterScope(cluster), `ratelimit.${name}`).increment();
    };
  }
}

function passed(
  request: readonly (readonly [string, string])[],
  response: readonly (readonly [string, string])[],
  metadata: Extract<Result, { kind: 'pass' }>['metadata'],
): Result {
  const appended = ([name, value]: readonly [string, string]): HeaderChange => ({ op: 'append', name, value });
  return {
    kind: 'pass',
    headerChanges: request.map(appended),
    responseHeaders: response.map(appended),
    metadata,
    clearRoute: false,
    requestPrincipal: '',
  };
}

function denied(answer: Omit<Extract<Result, { kind: 'deny' }>, 'kind'>): Result {
  return { kind: 'deny', ...answer };
}

function metadataOf({ dynamicMetadata }: RateLimitResponse): Extract<Result, { kind: 'pass' }>['metadata'] {
  return dynamicMetadata === undefined ? {} : { 'envoy.filters.http.ratelimit': dynamicMetadata };
}

function pairOf({ key, value, rawValue }: HeaderValue): readonly [string, string] {
  return [key.toLowerCase(), value === '' ? Buffer.from(rawValue).toString('latin1') : value];
}

function quotaOf({ currentLimit, limitRemaining, durationUntilReset }: RateLimitResponse_DescriptorStatus): Quota[] {
  if (currentLimit === undefined) return [];
  return [
    {
      limit: currentLimit.requestsPerUnit,
      windowSeconds: secondsOf[currentLimit.unit] ?? 0,
      name: currentLimit.name,
      remaining: limitRemaining,
      resetSeconds: Number(durationUntilReset?.seconds ?? 0),
    },
  ];
}
