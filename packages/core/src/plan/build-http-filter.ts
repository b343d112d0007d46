import type { AnyJson } from '@bufbuild/protobuf/wkt';
import type { HeaderMutationJson } from '@weft/envoy-api/envoy/config/common/mutation_rules/v3/mutation_rules_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { buildCors } from './build-cors.ts';
import { buildExtAuthz } from './build-ext-authz.ts';
import { buildFault } from './build-fault.ts';
import { buildHeaderMutations } from './build-header.ts';
import { buildIstioStats } from './build-istio-stats.ts';
import { buildJwtAuthn } from './build-jwt.ts';
import { buildLocalRateLimit, buildRateLimit } from './build-limits.ts';
import { buildRbac } from './build-rbac.ts';
import { buildSession, buildSessionRoute } from './build-session.ts';
import type { FilterConfigPlan, HttpFilterPlan } from './http-filter-plan.ts';
import { messageName } from './read.ts';

/** Compiles one filter of a connection manager. */
export function buildHttpFilter(json: HttpFilterJson): HttpFilterPlan {
  return {
    name: json.name ?? '',
    config: buildFilterConfig(json.typedConfig),
    disabled: json.disabled ?? false,
    optional: json.isOptional ?? false,
  };
}

/** Compiles a `typed_per_filter_config` map. */
export function buildFilterConfigs(json: Readonly<Record<string, AnyJson>> | undefined): ReadonlyMap<string, FilterConfigPlan> {
  if (!json) return noConfigs;
  return new Map(Object.entries(json).map(([name, config]) => [name, buildFilterConfig(config)]));
}

const noConfigs: ReadonlyMap<string, FilterConfigPlan> = new Map();

type Config = Readonly<Record<string, unknown>>;

/** Filters by message name. The messages come from the codec, so their shape is their proto's. */
const builders: Readonly<Record<string, (config: Config) => FilterConfigPlan>> = {
  'envoy.extensions.filters.http.rbac.v3.RBAC': (config) => ({ kind: 'rbac', rbac: buildRbac(config) }),
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': ({ rbac }) => ({ kind: 'rbac', rbac: rbac ? buildRbac(rbac as Config) : null }),
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication': (config) => ({ kind: 'jwtAuthn', jwt: buildJwtAuthn(config) }),
  'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig': (config) => ({
    kind: 'jwtAuthnRoute',
    requirementName: text(config.requirementName),
    disabled: config.disabled === true,
  }),
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz': (config) => ({ kind: 'extAuthz', extAuthz: buildExtAuthz(config) }),
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute': (config) => extAuthzRoute(config),
  'envoy.extensions.filters.http.fault.v3.HTTPFault': (config) => ({ kind: 'fault', fault: buildFault(config) }),
  'envoy.extensions.filters.http.cors.v3.Cors': () => ({ kind: 'cors', cors: null }),
  'envoy.extensions.filters.http.cors.v3.CorsPolicy': (config) => ({ kind: 'cors', cors: buildCors(config) }),
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit': (config) => ({
    kind: 'localRateLimit',
    limit: buildLocalRateLimit(config),
  }),
  'envoy.extensions.filters.http.ratelimit.v3.RateLimit': (config) => ({ kind: 'rateLimit', limit: buildRateLimit(config) }),
  'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute': (config) => rateLimitRoute(config),
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation': headerMutation,
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute': headerMutation,
  'envoy.extensions.filters.http.buffer.v3.Buffer': buffer,
  'envoy.extensions.filters.http.buffer.v3.BufferPerRoute': (config) =>
    config.disabled === true ? { kind: 'disabled' } : buffer((config.buffer ?? {}) as Config),
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession': buildSession,
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute': buildSessionRoute,
  'envoy.extensions.filters.http.router.v3.Router': (config) => router(config),
  'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb': () => ({ kind: 'grpcWeb' }),
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig': (config) => ({
    kind: 'grpcStats',
    emitFilterState: config.emitFilterState === true,
    statsForAllMethods: config.statsForAllMethods === true,
  }),
  'stats.PluginConfig': (config) => ({ kind: 'istioStats', stats: buildIstioStats(config) }),
  'io.istio.http.peer_metadata.Config': (config) => ({ kind: 'peerMetadata', config }),
  'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig': (config) => ({ kind: 'alpn', config }),
  'envoy.config.route.v3.FilterConfig': ({ config, disabled, isOptional }) => {
    // An empty configuration turns a filter on that is off by default.
    const isEmpty = !(config as AnyJson | undefined)?.['@type'];
    const inner: FilterConfigPlan =
      disabled === true ? { kind: 'disabled' } : isEmpty ? { kind: 'enabled' } : buildFilterConfig(config as AnyJson);
    return inner.kind === 'unsupported' && isOptional === true ? { kind: 'disabled' } : inner;
  },
};

/** Compiles a filter's typed configuration, whether it stands in a filter chain or on a route. */
export function buildFilterConfig(any: AnyJson | undefined): FilterConfigPlan {
  const { '@type': typeUrl = '', ...config } = (any ?? {}) as Config & { readonly '@type'?: string };
  const name = messageName(typeUrl);
  const build = builders[name];
  if (build) return build(config);
  return { kind: 'unsupported', typeUrl, config };
}

function extAuthzRoute(config: Config): FilterConfigPlan {
  const settings = config.checkSettings as
    | { readonly contextExtensions?: Record<string, string>; readonly disableRequestBodyBuffering?: boolean }
    | undefined;
  return {
    kind: 'extAuthzRoute',
    disabled: config.disabled === true,
    contextExtensions: settings?.contextExtensions ?? {},
    disableRequestBodyBuffering: settings?.disableRequestBodyBuffering ?? false,
  };
}

function rateLimitRoute(config: Config): FilterConfigPlan {
  const option = config.vhRateLimits;
  return {
    kind: 'rateLimitRoute',
    includeVirtualHost: option === 'INCLUDE' || option === 'IGNORE' ? option : 'OVERRIDE',
    domain: text(config.domain),
  };
}

function buffer({ maxRequestBytes }: Config): FilterConfigPlan {
  return { kind: 'buffer', maxBytes: Number(maxRequestBytes ?? 0) };
}

function router(config: Config): FilterConfigPlan {
  return {
    kind: 'router',
    router: {
      suppressEnvoyHeaders: config.suppressEnvoyHeaders === true,
      dynamicStats: config.dynamicStats !== false,
      startChildSpan: config.startChildSpan === true,
      strictCheckHeaders: (config.strictCheckHeaders as readonly string[] | undefined) ?? [],
      respectExpectedRqTimeout: config.respectExpectedRqTimeout === true,
      suppressGrpcRequestFailureCodeStats: config.suppressGrpcRequestFailureCodeStats === true,
    },
  };
}

interface MutationsShape {
  readonly requestMutations?: readonly HeaderMutationJson[];
  readonly responseMutations?: readonly HeaderMutationJson[];
}

function headerMutation(config: Config): FilterConfigPlan {
  const { requestMutations, responseMutations } = (config.mutations ?? {}) as MutationsShape;
  return {
    kind: 'headerMutation',
    mutations: [{ request: buildHeaderMutations(requestMutations ?? []), response: buildHeaderMutations(responseMutations ?? []) }],
    mostSpecificWins: config.mostSpecificHeaderMutationsWins === true,
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
