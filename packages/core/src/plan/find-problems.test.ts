import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PermissionJson, RBACJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import { connectionOf, requestOf } from '../engine/facts-for-test.ts';
import { buildPlan } from './build-plan.ts';
import { buildRbac } from './build-rbac.ts';
import type { Plan } from './plan.ts';

const type = (name: string): string => `type.googleapis.com/${name}`;
const router = { name: 'router', typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } };

function planOfManager(manager: object, listener: object = {}): Plan {
  const typedConfig = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    httpFilters: [router],
    ...manager,
  };
  const listeners = [{ name: 'in', filterChains: [{ filters: [{ name: 'http', typedConfig }] }], ...listener }];
  return buildPlan({ clusters: [], endpoints: [], listeners, routes: [], secrets: [] }, null);
}

function problemsOfRbac(rbac: object): readonly string[] {
  const typedConfig = { '@type': type('envoy.extensions.filters.http.rbac.v3.RBAC'), ...rbac };
  return planOfManager({ httpFilters: [{ name: 'rbac', typedConfig }, router] }).problems.map(({ message }) => message);
}

const denying = (permission: object): RBACJson => ({
  action: 'DENY',
  policies: { p: { permissions: [permission as PermissionJson], principals: [{ any: true }] } },
});

test('conditions that cannot be judged are fatal problems of the listener, however deep they stand', () => {
  const unjudged: readonly object[] = [
    { matcher: { name: 'm' } },
    { notRule: { orRules: { rules: [{ any: true }, { matcher: {} }] } } },
    {},
    { header: { name: 'x', stringMatch: { custom: { name: 'c' } } } },
    { header: { name: 'x', stringMatch: { safeRegex: { regex: '(' } } } },
    { destinationIp: { addressPrefix: 'nonsense', prefixLen: 8 } },
    { sourcedMetadata: { metadataMatcher: { filter: 'f' }, metadataSource: 'ROUTE' } },
    { uriTemplate: { name: 't', typedConfig: { pathTemplate: '{' } } },
  ];
  for (const permission of unjudged) {
    const problems = problemsOfRbac({ rules: denying(permission) });
    assert.equal(problems.length, 1, `${JSON.stringify(permission)}: ${problems.join('; ')}`);
    assert.match(problems[0] ?? '', /policies\[p\]\.permissions\[0\]/);
  }
  assert.match(problemsOfRbac({ matcher: {} })[0] ?? '', /matcher is not supported/);
  assert.match(problemsOfRbac({ shadowMatcher: {} })[0] ?? '', /shadowMatcher is not supported/);
});

test('a rule that cannot be judged denies where it was to deny and allows nobody where it was to allow', () => {
  const allows = (rules: RBACJson): boolean => {
    const [policy] = buildRbac({ rules }).rules?.policies ?? [];
    const matches = policy?.matches(connectionOf(), requestOf(), null) ?? false;
    return rules.action === 'DENY' ? !matches : matches;
  };
  assert.equal(allows(denying({ matcher: {} })), false);
  assert.equal(allows(denying({ notRule: { matcher: {} } })), false);
  assert.equal(allows({ ...denying({ notRule: { matcher: {} } }), action: 'ALLOW' }), false);
  assert.deepEqual(buildRbac({ matcher: {} }).rules, { action: 'ALLOW', policies: [] });
});

test('what would send or treat requests in another way than written is a problem', () => {
  const host = (more: object, route: object = {}) => ({
    routeConfig: {
      virtualHosts: [{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c', ...route } }], ...more }],
    },
  });
  const table: readonly (readonly [Plan, RegExp])[] = [
    [planOfManager({ scopedRoutes: {} }), /scopedRoutes is not supported/],
    [
      planOfManager({}, { filterChainMatcher: { matcherTree: { input: { name: 'x' }, exactMatchMap: { map: {} } } } }),
      /filterChainMatcher\.matcherTree\.input is not supported/,
    ],
    [planOfManager(host({ matcher: {} })), /virtualHosts\[0\]\.matcher is not supported/],
    [planOfManager(host({}, { internalRedirectPolicy: {} })), /internalRedirectPolicy is not supported/],
    [planOfManager(host({}, { inlineClusterSpecifierPlugin: {} })), /inlineClusterSpecifierPlugin is not supported/],
    [
      planOfManager({ httpFilters: [{ name: 'x', typedConfig: { '@type': type('a.Unknown') } }, router] }),
      /HTTP filter x \(.*a\.Unknown\)/,
    ],
    [planOfManager(host({ typedPerFilterConfig: { x: { '@type': type('a.Unknown') } } })), /configuration of filter x/],
    [planOfManager({}, { listenerFilters: [{ name: 'l', typedConfig: { '@type': type('a.Unknown') } }] }), /listener filter l/],
    [
      planOfManager({}, { defaultFilterChain: { transportSocket: { name: 't', typedConfig: { '@type': type('a.Unknown') } } } }),
      /transport socket .*a\.Unknown/,
    ],
  ];
  for (const [plan, wanted] of table) {
    assert.equal(plan.problems.length, 1, `${wanted}: ${JSON.stringify(plan.problems)}`);
    assert.match(plan.problems[0]?.message ?? '', wanted);
    assert.equal(plan.problems[0]?.fatal, true);
    assert.equal(plan.problems[0]?.name, 'in');
  }
});

test('what would refuse, limit or tell a service more than is done here is a problem', () => {
  const http = (name: string, config: object) => ({
    httpFilters: [{ name: 'f', typedConfig: { '@type': type(`envoy.extensions.filters.http.${name}`), ...config } }, router],
  });
  const google = { googleGrpc: { targetUri: 'a:1' } };
  const tls = (commonTlsContext: object) => ({
    defaultFilterChain: {
      transportSocket: {
        name: 't',
        typedConfig: { '@type': type('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'), commonTlsContext },
      },
    },
  });
  const limits = (actions: readonly object[]) => ({
    routeConfig: {
      virtualHosts: [
        { name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c', rateLimits: [{ actions }] } }] },
      ],
    },
  });
  const table: readonly (readonly [Plan, RegExp])[] = [
    [planOfManager(http('ext_authz.v3.ExtAuthz', { grpcService: google })), /grpcService\.googleGrpc is not supported/],
    [planOfManager(http('ext_authz.v3.ExtAuthz', { encodeRawHeaders: true })), /encodeRawHeaders is not supported/],
    [
      planOfManager(http('ratelimit.v3.RateLimit', { rateLimitService: { grpcService: google } })),
      /rateLimitService\.grpcService\.googleGrpc/,
    ],
    [planOfManager(http('local_ratelimit.v3.LocalRateLimit', { vhRateLimits: 'INCLUDE' })), /vhRateLimits is not supported/],
    [
      planOfManager({ originalIpDetectionExtensions: [{ name: 'x', typedConfig: { '@type': type('a.Unknown') } }] }),
      /originalIpDetectionExtensions\[0\]/,
    ],
    [planOfManager({ earlyHeaderMutationExtensions: [{ name: 'x' }] }), /earlyHeaderMutationExtensions\[0\]/],
    [planOfManager(limits([{ extension: { name: 'x' } }])), /rateLimits\[0\]\.actions\[0\]\.extension is not supported/],
    [
      planOfManager({}, tls({ validationContextCertificateProvider: { name: 'x' } })),
      /validationContextCertificateProvider is not supported/,
    ],
    [planOfManager({}, tls({ validationContext: { maxVerifyDepth: 1 } })), /maxVerifyDepth is not supported/],
  ];
  for (const [plan, wanted] of table) {
    assert.equal(plan.problems.length, 1, `${wanted}: ${JSON.stringify(plan.problems)}`);
    assert.match(plan.problems[0]?.message ?? '', wanted);
  }
  assert.deepEqual(planOfManager(http('local_ratelimit.v3.LocalRateLimit', { vhRateLimits: 'OVERRIDE' })).problems, []);
});

test('a cluster whose servers would be verified by less than written has a problem', () => {
  const typedConfig = {
    '@type': type('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
    commonTlsContext: { validationContext: { caCertificateProviderInstance: {} } },
  };
  const clusters = [
    { name: 'c', transportSocketMatches: [{ name: 'm', match: { custom: 'x' }, transportSocket: { name: 't', typedConfig } }] },
  ];
  const { problems } = buildPlan({ clusters, endpoints: [], listeners: [], routes: [], secrets: [] } as never, null);
  assert.match(
    problems.map(({ name, message }) => `${name}: ${message}`).join('; '),
    /^c: .*caCertificateProviderInstance is not supported$/,
  );
});

test('a route configuration has problems of its own', () => {
  const route = { match: { prefix: '/' }, route: { clusterSpecifierPlugin: 'p' } };
  const routes = [{ name: 'r', virtualHosts: [{ name: 'h', domains: ['*'], routes: [route] }] }];
  const { problems } = buildPlan({ clusters: [], endpoints: [], listeners: [], routes, secrets: [] }, null);
  assert.deepEqual(
    problems.map(({ name, message }) => `${name}: ${message}`),
    ['r: virtualHosts[0].routes[0].route.clusterSpecifierPlugin is not supported'],
  );
});

test('names that users chose and free data are no fields', () => {
  const rules: RBACJson = { policies: { matcher: { permissions: [{ any: true }], principals: [{ any: true }] } } };
  assert.deepEqual(problemsOfRbac({ rules }), []);
  const metadata = { filterMetadata: { istio: { custom: 'x', scopedRoutes: 1 } } };
  assert.deepEqual(planOfManager({}, { metadata }).problems, []);
  const optional = { name: 'x', isOptional: true, typedConfig: { '@type': type('a.Unknown') } };
  assert.deepEqual(planOfManager({ httpFilters: [optional, router] }).problems, []);
});
