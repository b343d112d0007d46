import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import fc from 'fast-check';
import type { TypedConfig } from '../snapshot/snapshot.ts';

/** Configurations of a connection manager that speak of a few names, so that requests that do too meet them. */

export const word = fc.constantFrom('a', 'b', 'api', 'x', 'A');
const path = fc.array(word, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const stringMatch = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((prefix) => ({ prefix })),
  word.map((suffix) => ({ suffix })),
  fc.constantFrom('a+', '[a-b]', '(a|b)*').map((regex) => ({ safeRegex: { regex } })),
);
const headerMatch = fc.record({ name: word, stringMatch, invertMatch: fc.boolean(), treatMissingHeaderAsEmpty: fc.boolean() });
const numbers = fc.constantFrom(0, 50, 100);
const percentage = numbers.map((numerator) => ({ numerator }));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

function typed<T extends object>(name: string, config: T): TypedConfig<T> {
  return { '@type': `type.googleapis.com/envoy.extensions.filters.http.${name}`, ...config };
}

// --- what filters do ---------------------------------------------------------------------------------------------------------------

const principal = fc.oneof(
  word.map((name) => ({ authenticated: { principalName: { exact: `spiffe://${name}` } } })),
  word.map((name) => ({
    metadata: {
      filter: 'envoy.filters.http.jwt_authn',
      path: [{ key: 'payload' }, { key: 'sub' }],
      value: { stringMatch: { exact: name } },
    },
  })),
  fc.constant({ any: true }),
);
const policy = fc.record({
  permissions: fc.array(
    fc.oneof(
      headerMatch.map((header) => ({ header })),
      path.map((exact) => ({ urlPath: { path: { exact } } })),
      fc.constant({ any: true }),
    ),
    { minLength: 1, maxLength: 2 },
  ),
  principals: fc.array(
    fc.oneof(
      principal,
      principal.map((notId) => ({ notId })),
    ),
    { minLength: 1, maxLength: 2 },
  ),
});
const rules = fc.record({ action: fc.constantFrom('ALLOW', 'DENY', 'LOG'), policies: fc.dictionary(word, policy, { maxKeys: 3 }) });
const rbac = fc.record({ rules: optional(rules), shadowRules: optional(rules), shadowRulesStatPrefix: fc.constantFrom('', 'p_') });

const jwt = fc
  .record({
    isOptional: fc.boolean(),
    forward: fc.boolean(),
    clearRouteCache: fc.boolean(),
    claimToHeaders: fc.constantFrom([], [{ headerName: 'x', claimName: 'sub' }]),
    bypassCorsPreflight: fc.boolean(),
    prefix: path,
  })
  .map(({ isOptional, bypassCorsPreflight, prefix, ...provider }) => ({
    providers: { own: { issuer: 'own', payloadInMetadata: 'payload', ...provider } },
    rules: [
      {
        match: { prefix },
        requires: { requiresAny: { requirements: [{ providerName: 'own' }, ...(isOptional ? [{ allowMissing: {} }] : [])] } },
      },
    ],
    bypassCorsPreflight,
  }));

const appendAction = fc.constantFrom('APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS', 'OVERWRITE_IF_EXISTS_OR_ADD');
const mutation = fc.oneof(
  word.map((remove) => ({ remove })),
  fc
    .record({ key: word, value: fc.constantFrom('a', '%REQ(a)%', '%PROTOCOL%') })
    .chain((header) => appendAction.map((action) => ({ append: { header, appendAction: action } }))),
);
const mutations = fc.record({
  requestMutations: fc.array(mutation, { maxLength: 2 }),
  responseMutations: fc.array(mutation, { maxLength: 2 }),
});
const fault = fc.record({
  delay: optional(fc.record({ fixedDelay: fc.constant('0.1s'), percentage })),
  abort: optional(fc.record({ httpStatus: fc.constantFrom(500, 503), percentage })),
  headers: fc.array(headerMatch, { maxLength: 1 }),
});
const cors = fc.record({
  allowOriginStringMatch: fc.array(stringMatch, { maxLength: 2 }),
  allowMethods: fc.constantFrom('', 'GET,PUT'),
  allowCredentials: fc.boolean(),
  forwardNotMatchingPreflights: fc.boolean(),
});
const localLimit = fc.record({
  statPrefix: fc.constant('l'),
  tokenBucket: fc.constant({ maxTokens: 1, tokensPerFill: 1, fillInterval: '60s' }),
  filterEnabled: percentage.map((defaultValue) => ({ defaultValue })),
  filterEnforced: percentage.map((defaultValue) => ({ defaultValue })),
});
const rateLimit = fc.constantFrom('internal', 'external', 'both').map((requestType) => ({
  domain: 'd',
  requestType,
  rateLimitService: { transportApiVersion: 'V3', grpcService: { envoyGrpc: { clusterName: 'limits' } } },
}));
const extAuthz = fc.record({
  statusOnError: fc.constantFrom({ code: 'Forbidden' }, { code: 'ServiceUnavailable' }),
  clearRouteCache: fc.boolean(),
  grpcService: fc.constant({ envoyGrpc: { clusterName: 'authz' } }),
});

const filter: fc.Arbitrary<HttpFilterJson> = fc
  .oneof(
    rbac.map((config) => ['rbac', typed('rbac.v3.RBAC', config)] as const),
    jwt.map((config) => ['jwt', typed('jwt_authn.v3.JwtAuthentication', config)] as const),
    mutations.map((own) => ['mutation', typed('header_mutation.v3.HeaderMutation', { mutations: own })] as const),
    fault.map((config) => ['fault', typed('fault.v3.HTTPFault', config)] as const),
    fc.constant(['cors', typed('cors.v3.Cors', {})] as const),
    localLimit.map((config) => ['local', typed('local_ratelimit.v3.LocalRateLimit', config)] as const),
    rateLimit.map((config) => ['limit', typed('ratelimit.v3.RateLimit', config)] as const),
    extAuthz.map((config) => ['authz', typed('ext_authz.v3.ExtAuthz', config)] as const),
    fc.constant(['buffer', typed('buffer.v3.Buffer', { maxRequestBytes: 10 })] as const),
  )
  .chain(([name, typedConfig]) =>
    fc.boolean().map((disabled) => ({ name, disabled: disabled && name === 'mutation', typedConfig }) as HttpFilterJson),
  );
export const filters = fc.array(filter, { maxLength: 5 });

const override = fc.oneof(
  fc.constant({}),
  optional(rbac).map((config) => ({ rbac: typed('rbac.v3.RBACPerRoute', config ? { rbac: config } : {}) })),
  mutations.map((config) => ({ mutation: typed('header_mutation.v3.HeaderMutationPerRoute', { mutations: config }) })),
  fault.map((config) => ({ fault: typed('fault.v3.HTTPFault', config) })),
  fc.boolean().map((disabled) => ({ authz: typed('ext_authz.v3.ExtAuthzPerRoute', disabled ? { disabled } : { checkSettings: {} }) })),
);
/** What routes and hosts say of filters; CORS is theirs alone. */
const overrides = fc
  .tuple(optional(cors), override)
  .map(([config, other]) => ({ ...(config ? { cors: typed('cors.v3.CorsPolicy', config) } : {}), ...other }));

// --- routes ------------------------------------------------------------------------------------------------------------------------

const match = fc.record({
  prefix: path,
  headers: fc.array(headerMatch, { maxLength: 1 }),
  queryParameters: fc.array(fc.record({ name: word, stringMatch }), { maxLength: 1 }),
  runtimeFraction: optional(percentage.map((defaultValue) => ({ defaultValue }))),
});
const forwarding = fc.record({
  prefixRewrite: optional(path),
  hostRewriteLiteral: optional(word),
  timeout: optional(fc.constantFrom('0s', '3s')),
  retryPolicy: optional(fc.record({ retryOn: fc.constantFrom('5xx', 'reset'), numRetries: numbers })),
  hashPolicy: fc.array(
    word.map((headerName) => ({ header: { headerName } })),
    { maxLength: 1 },
  ),
  rateLimits: fc.array(
    word.map((headerName) => ({ actions: [{ requestHeaders: { headerName, descriptorKey: 'k' } }] })),
    { maxLength: 2 },
  ),
});
const target = fc.oneof(
  word.map((cluster) => ({ cluster })),
  word.map((clusterHeader) => ({ clusterHeader })),
  overrides.map((typedPerFilterConfig) => ({
    weightedClusters: {
      clusters: [
        { name: 'a', weight: 30, typedPerFilterConfig },
        { name: 'b', weight: 70 },
      ],
    },
  })),
);
const redirect = fc.record({
  hostRedirect: optional(word),
  pathRedirect: optional(path),
  httpsRedirect: optional(fc.boolean()),
  portRedirect: optional(fc.constant(8080)),
  stripQuery: fc.boolean(),
  responseCode: fc.constantFrom('MOVED_PERMANENTLY', 'FOUND', 'TEMPORARY_REDIRECT'),
});
const action = fc.oneof(
  fc.tuple(forwarding, target).map(([options, to]) => ({ route: { ...options, ...to } })),
  redirect.map((config) => ({ redirect: config })),
  fc.constantFrom(204, 503).map((status) => ({ directResponse: { status, body: { inlineString: 'b' } } })),
);
const headerOptions = fc.array(
  fc.tuple(word, appendAction).map(([key, appended]) => ({ header: { key, value: 'v' }, appendAction: appended })),
  { maxLength: 1 },
);
const levels = fc.record({
  typedPerFilterConfig: overrides,
  requestHeadersToAdd: headerOptions,
  responseHeadersToAdd: headerOptions,
  requestHeadersToRemove: fc.array(word, { maxLength: 1 }),
});
const route = fc.tuple(match, action, levels).map(([conditions, does, level]) => ({ match: conditions, ...does, ...level }) as RouteJson);
const domain = fc.constantFrom('*', 'a.com', '*.com', 'a.*', '*.a.com');
const host = fc
  .tuple(
    fc.record({
      name: word,
      domains: fc.array(domain, { minLength: 1, maxLength: 2 }),
      routes: fc.array(route, { maxLength: 4 }),
      requireTls: fc.constantFrom('NONE', 'NONE', 'ALL', 'EXTERNAL_ONLY'),
    }),
    levels,
  )
  .map(([own, level]) => ({ ...own, ...level }) as VirtualHostJson);
export const hosts = fc.array(host, { maxLength: 3 });

const preflight = fc.constantFrom<Readonly<Record<string, string>>>({}, { origin: 'a', 'access-control-request-method': 'GET' });

/** A request that may meet such a configuration. */
export const request = fc
  .record({
    method: fc.constantFrom('GET', 'OPTIONS'),
    path: fc.tuple(path, fc.constantFrom('', '?a=b', '?x=a&b')).map((parts) => parts.join('')),
    authority: fc.constantFrom('a.com', 'a.com', 'b.com', 'x.a.com', 'a.org', 'A.com:80'),
    isInternal: fc.boolean(),
    headers: fc.dictionary(word, word, { maxKeys: 3 }),
    preflight,
  })
  .map(({ preflight: asked, headers, ...spec }) => ({ ...spec, headers: { ...headers, ...asked } }));
