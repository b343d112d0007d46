import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteJson, VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { buildListener } from '../plan/build-listener.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import { decideRequest } from './decide-request.ts';
import type { ForwardDecision, LocalReplyDecision, RequestDecision, Trace } from './decision.ts';
import { certificateOf, connectionOf, type RequestSpec, requestOf } from './facts-for-test.ts';

const plan = buildPlan({ clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] }, null);

function filter(name: string, type: string, config: object): HttpFilterJson {
  return { name, typedConfig: { '@type': `type.googleapis.com/envoy.extensions.filters.http.${type}`, ...config } };
}

function chainOf(hosts: readonly VirtualHostJson[], filters: readonly HttpFilterJson[] = []): FilterChainPlan {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    routeConfig: { name: 'r', virtualHosts: hosts },
    httpFilters: [...filters, filter('envoy.filters.http.router', 'router.v3.Router', {})],
  };
  const [chain] = buildListener({ filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }] }).filterChains;
  assert.ok(chain);
  return chain;
}

function routes(...list: RouteJson[]): FilterChainPlan {
  return chainOf([{ name: 'h', domains: ['*'], routes: list }]);
}

function decide(chain: FilterChainPlan, spec: RequestSpec, trace: Trace | null = null): RequestDecision {
  return decideRequest(plan, chain, requestOf(spec), trace, null);
}

function forward(chain: FilterChainPlan, spec: RequestSpec = {}): ForwardDecision {
  const decision = decide(chain, spec);
  assert.equal(decision.kind, 'forward');
  return decision as ForwardDecision;
}

function reply(chain: FilterChainPlan, spec: RequestSpec = {}): LocalReplyDecision {
  const decision = decide(chain, spec);
  assert.equal(decision.kind, 'localReply');
  return decision as LocalReplyDecision;
}

const to = (cluster: string): Pick<RouteJson, 'route'> => ({ route: { cluster } });
const clusterOf = (decision: RequestDecision): string =>
  decision.kind === 'forward' ? (decision.action.clusters[0]?.name ?? '') : decision.kind;

test('domains are searched exact, longest suffix, longest prefix, star, without regard to case', () => {
  const host = (name: string, ...domains: string[]): VirtualHostJson => ({
    name,
    domains,
    routes: [{ match: { prefix: '/' }, ...to(name) }],
  });
  const chain = chainOf([
    host('star', '*'),
    host('com', '*.com'),
    host('foo', '*.foo.com'),
    host('exact', 'A.foo.com'),
    host('pre', 'foo.*'),
    host('longpre', 'foo.bar.*'),
  ]);
  const table: Readonly<Record<string, string>> = {
    'a.foo.com': 'exact',
    'A.FOO.com': 'exact',
    'b.foo.com': 'foo',
    'foo.com': 'com',
    '.foo.com': 'com',
    'foo.org': 'pre',
    'foo.bar.org': 'longpre',
    'a.foo.com:80': 'star',
  };
  for (const [authority, name] of Object.entries(table)) assert.equal(clusterOf(decide(chain, { authority })), name, authority);
});

test('every path condition compares what Envoy compares', () => {
  const chain = routes(
    { match: { path: '/exact' }, ...to('exact') },
    { match: { path: '/folded', caseSensitive: false }, ...to('folded') },
    { match: { pathSeparatedPrefix: '/sep' }, ...to('sep') },
    { match: { safeRegex: { regex: '/re/[0-9]+' } }, ...to('regex') },
    { match: { prefix: '/pre' }, ...to('prefix') },
  );
  const table: Readonly<Record<string, string>> = {
    '/exact': 'exact',
    '/exact?q=/x': 'exact',
    '/exact/': 'localReply',
    '/FOLDED': 'folded',
    '/sep': 'sep',
    '/sep/a': 'sep',
    '/sep?x': 'sep',
    '/separate': 'localReply',
    '/re/12': 'regex',
    '/re/12?a=b': 'regex',
    '/re/12/': 'localReply',
    '/prefixed': 'prefix',
  };
  for (const [path, name] of Object.entries(table)) assert.equal(clusterOf(decide(chain, { path })), name, path);
});

test('header conditions know absence, inversion and emptiness', () => {
  const matching = (match: object, headers: Readonly<Record<string, string>>): boolean =>
    decide(routes({ match: { prefix: '/', headers: [{ name: 'X-A', ...match }] }, ...to('c') }), { headers }).kind === 'forward';
  assert.equal(matching({ stringMatch: { exact: 'v' } }, { 'x-a': 'v' }), true);
  assert.equal(matching({ stringMatch: { exact: 'v' }, invertMatch: true }, {}), false);
  assert.equal(matching({ stringMatch: { exact: 'v' }, invertMatch: true, treatMissingHeaderAsEmpty: true }, {}), true);
  assert.equal(matching({ presentMatch: true }, {}), false);
  assert.equal(matching({ presentMatch: true, invertMatch: true }, {}), true);
  assert.equal(matching({ rangeMatch: { start: '1', end: '10' } }, { 'x-a': '9' }), true);
  assert.equal(matching({ rangeMatch: { start: '1', end: '10' } }, { 'x-a': '10' }), false);
  assert.equal(matching({ stringMatch: { safeRegex: { regex: 'a|b' } } }, { 'x-a': 'ab' }), false);
});

test('a query condition never holds for an absent parameter', () => {
  const chain = routes({ match: { prefix: '/', queryParameters: [{ name: 'q', stringMatch: { prefix: 'a' } }] }, ...to('c') });
  assert.equal(clusterOf(decide(chain, { path: '/?x=1&q=abc' })), 'c');
  assert.equal(clusterOf(decide(chain, { path: '/?q=b' })), 'localReply');
  assert.equal(clusterOf(decide(chain, { path: '/' })), 'localReply');
});

test('a rewrite replaces the matched prefix and keeps the query', () => {
  const rewritten = (route: RouteJson, path: string): string => forward(routes(route), { path }).path;
  assert.equal(rewritten({ match: { prefix: '/a/' }, route: { cluster: 'c', prefixRewrite: '/' } }, '/a/b?x=/a/'), '/b?x=/a/');
  assert.equal(rewritten({ match: { path: '/a' }, route: { cluster: 'c', prefixRewrite: '/z' } }, '/a?x'), '/z?x');
  assert.equal(
    rewritten(
      {
        match: { prefix: '/' },
        route: { cluster: 'c', regexRewrite: { pattern: { regex: '^/s/([^/]+)(/.*)$' }, substitution: '\\2/i/\\1' } },
      },
      '/s/foo/v1?q',
    ),
    '/v1/i/foo?q',
  );
});

test('redirects keep what they do not change and drop only default ports of the old scheme', () => {
  const location = (redirect: RouteJson['redirect'], spec: RequestSpec): string | undefined =>
    reply(routes({ match: { prefix: '/a' }, redirect }), { path: '/a/b?q=1', ...spec }).headers[0]?.[1];
  assert.equal(location({ httpsRedirect: true }, { authority: 'h:80' }), 'https://h/a/b?q=1');
  assert.equal(location({ httpsRedirect: true }, { authority: 'h:8080' }), 'https://h:8080/a/b?q=1');
  assert.equal(location({ hostRedirect: 'x.com', pathRedirect: '/new' }, {}), 'http://x.com/new?q=1');
  assert.equal(location({ pathRedirect: '/new?z=2' }, {}), 'http://example.com/new?z=2');
  assert.equal(location({ prefixRewrite: '/c', stripQuery: true }, {}), 'http://example.com/c/b');
  assert.equal(location({ portRedirect: 8443, schemeRedirect: 'https' }, { authority: 'h:80' }), 'https://h:8443/a/b?q=1');
});

test('a host that demands https answers 301 before its routes are looked at', () => {
  const chain = chainOf([{ name: 'h', domains: ['*'], requireTls: 'ALL', routes: [{ match: { prefix: '/' }, ...to('c') }] }]);
  const answer = reply(chain, { path: '/x?y' });
  assert.deepEqual([answer.status, answer.headers[0]?.[1], answer.reason], [301, 'https://example.com/x?y', 'tlsRedirect']);
  assert.equal(forward(chain, { scheme: 'https' }).action.clusters[0]?.name, 'c');
});

test('no host and no route are both 404 NR, told apart', () => {
  const chain = chainOf([{ name: 'h', domains: ['a.com'], routes: [{ match: { path: '/only' }, ...to('c') }] }]);
  const unknown = reply(chain, { authority: 'b.com' });
  const unrouted = reply(chain, { authority: 'a.com' });
  assert.deepEqual([unknown.status, unknown.flag, unknown.reason], [404, 'NR', 'noVirtualHost']);
  assert.deepEqual([unrouted.status, unrouted.flag, unrouted.reason], [404, 'NR', 'noRoute']);
});

test('timeouts come from the route, the gRPC header or the Envoy header', () => {
  const plain = routes({ match: { prefix: '/' }, route: { cluster: 'c', timeout: '3s' } });
  assert.equal(forward(plain).timeouts.routeMs, 3000);
  assert.equal(forward(plain, { headers: { 'x-envoy-upstream-rq-timeout-ms': '70' } }).timeouts.routeMs, 70);
  assert.equal(forward(plain, { headers: { 'grpc-timeout': '250m' } }).timeouts.maxStreamDurationMs, null);
  assert.equal(forward(routes({ match: { prefix: '/' }, ...to('c') })).timeouts.routeMs, 15_000);
});

const allowGet = {
  rules: {
    policies: {
      'ns[foo]-policy[p]-rule[0]': {
        permissions: [{ header: { name: ':method', stringMatch: { exact: 'GET' } } }],
        principals: [{ any: true }],
      },
    },
  },
};

test('a stream duration makes Envoy ignore the timeout of the route', () => {
  const maxStreamDuration = { maxStreamDuration: '5s', grpcTimeoutHeaderMax: '0s' };
  const chain = routes({ match: { prefix: '/' }, route: { cluster: 'c', timeout: '3s', maxStreamDuration } });
  const { timeouts } = forward(chain);
  assert.deepEqual([timeouts.routeMs, timeouts.maxStreamDurationMs], [0, 5000]);
  assert.equal(forward(chain, { headers: { 'grpc-timeout': '250m' } }).timeouts.maxStreamDurationMs, 250);
});

test('an ALLOW filter refuses what no policy names, with the policy in the details', () => {
  const rbac = filter('envoy.filters.http.rbac', 'rbac.v3.RBAC', allowGet);
  const chain = chainOf([{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, ...to('c') }] }], [rbac]);
  assert.equal(forward(chain).outcome.rbacPolicy, 'ns[foo]-policy[p]-rule[0]');
  const refused = reply(chain, { method: 'POST' });
  assert.deepEqual(
    [refused.status, refused.body, refused.details],
    [403, 'RBAC: access denied', 'rbac_access_denied_matched_policy[none]'],
  );
});

test('a DENY filter names the policy that refused', () => {
  const deny = { rules: { action: 'DENY', policies: allowGet.rules.policies } };
  const chain = chainOf([{ name: 'h', domains: ['*'], routes: [] }], [filter('envoy.filters.http.rbac', 'rbac.v3.RBAC', deny)]);
  assert.equal(reply(chain).details, 'rbac_access_denied_matched_policy[ns[foo]-policy[p]-rule[0]]');
});

test('principals need mutual TLS; anything else does not match, so that its negation does', () => {
  const principalName = { exact: 'spiffe://td/ns/a/sa/b' };
  const of = (principals: readonly object[]): FilterChainPlan => {
    const rules = { policies: { p: { permissions: [{ any: true }], principals } } };
    return chainOf(
      [{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, ...to('c') }] }],
      [filter('rbac', 'rbac.v3.RBAC', { rules })],
    );
  };
  const mutual = connectionOf({ isTls: true, peerCertificate: certificateOf('spiffe://td/ns/a/sa/b') });
  const only = of([{ authenticated: { principalName } }]);
  const except = of([{ notId: { authenticated: { principalName } } }]);
  assert.equal(decide(only, { connection: mutual }).kind, 'forward');
  assert.equal(decide(only, {}).kind, 'localReply');
  assert.equal(decide(except, { connection: mutual }).kind, 'localReply');
  assert.equal(decide(except, {}).kind, 'forward');
});

test('shadow rules are recorded and never enforced', () => {
  const shadow = { shadowRules: allowGet.rules, shadowRulesStatPrefix: 'istio_dry_run_allow_' };
  const chain = chainOf(
    [{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, ...to('c') }] }],
    [filter('rbac', 'rbac.v3.RBAC', shadow)],
  );
  const decision = forward(chain, { method: 'POST' });
  assert.deepEqual(decision.outcome.shadows, [{ filter: 'rbac', statPrefix: 'istio_dry_run_allow_', verdict: 'denied', policy: '' }]);
});

test('a filter that needs the outside world answers pending, and goes on where it was', () => {
  const jwt = filter('envoy.filters.http.jwt_authn', 'jwt_authn.v3.JwtAuthentication', {
    providers: { p: { issuer: 'i', localJwks: { inlineString: '{"keys":[]}' }, payloadInMetadata: 'payload' } },
    rules: [{ match: { prefix: '/' }, requires: { providerName: 'p' } }],
  });
  const claim = {
    filter: 'envoy.filters.http.jwt_authn',
    path: [{ key: 'payload' }, { key: 'sub' }],
    value: { stringMatch: { exact: 's' } },
  };
  const rbac = filter('rbac', 'rbac.v3.RBAC', {
    rules: { policies: { p: { permissions: [{ any: true }], principals: [{ metadata: claim }] } } },
  });
  const chain = chainOf([{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, ...to('c') }] }], [jwt, rbac]);
  const pending = decide(chain, {});
  assert.equal(pending.kind, 'pending');
  if (pending.kind !== 'pending') return;
  assert.equal(pending.need.kind, 'jwt');
  const pass = {
    kind: 'pass',
    headerChanges: [{ op: 'set', name: 'x-sub', value: 's' }],
    responseHeaders: [],
    clearRoute: false,
    requestPrincipal: 'i/s',
  } as const;
  const resumed = (sub: string): RequestDecision =>
    decideRequest(plan, chain, requestOf(), null, {
      filterIndex: pending.filterIndex,
      state: pending.state,
      result: { ...pass, metadata: { 'envoy.filters.http.jwt_authn': { payload: { sub } } } },
    });
  const accepted = resumed('s');
  assert.equal(accepted.kind, 'forward');
  assert.deepEqual(accepted.kind === 'forward' && accepted.outcome.headerChanges, [{ op: 'set', name: 'x-sub', value: 's' }]);
  assert.equal(resumed('other').kind, 'localReply');
});

test('a preflight of an allowed origin is answered, other origins go on', () => {
  const cors = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    allowOriginStringMatch: [{ exact: 'https://a.com' }],
    allowMethods: 'GET',
    maxAge: '60',
  };
  const route = { match: { prefix: '/' }, ...to('c'), typedPerFilterConfig: { 'envoy.filters.http.cors': cors } };
  const chain = chainOf([{ name: 'h', domains: ['*'], routes: [route] }], [filter('envoy.filters.http.cors', 'cors.v3.Cors', {})]);
  const preflight = (origin: string): RequestSpec => ({ method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } });
  const answer = reply(chain, preflight('https://a.com'));
  assert.deepEqual(answer.headers, [
    ['access-control-allow-origin', 'https://a.com'],
    ['access-control-allow-methods', 'GET'],
    ['access-control-max-age', '60'],
  ]);
  assert.equal(decide(chain, preflight('https://b.com')).kind, 'forward');
  assert.equal(forward(chain, { headers: { origin: 'https://a.com' } }).cors?.origin, 'https://a.com');
});

test('a fault comes with its fractions, undrawn', () => {
  const fault = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    delay: { fixedDelay: '5s', percentage: { numerator: 10_000, denominator: 'MILLION' } },
    abort: { httpStatus: 503, percentage: { numerator: 50 } },
  };
  const route = { match: { prefix: '/' }, ...to('c'), typedPerFilterConfig: { 'envoy.filters.http.fault': fault } };
  const chain = chainOf([{ name: 'h', domains: ['*'], routes: [route] }], [filter('envoy.filters.http.fault', 'fault.v3.HTTPFault', {})]);
  const decided = forward(chain).fault;
  assert.deepEqual(
    [decided?.delayMs, decided?.delayFraction?.perMillion, decided?.abortStatus, decided?.abortFraction?.perMillion],
    [5000, 10_000, 503, 500_000],
  );
});

test('a route that takes a share of requests is drawn by the caller', () => {
  const half = { defaultValue: { numerator: 50, denominator: 'HUNDRED' } } as const;
  const chain = routes({ match: { prefix: '/', runtimeFraction: half }, ...to('a') }, { match: { prefix: '/' }, ...to('b') });
  const drawn = (draw: number): string => clusterOf(decideRequest(plan, chain, requestOf(), null, null, draw));
  assert.deepEqual([drawn(499_999), drawn(500_000)], ['a', 'b']);
});

test('the values of a repeated header are judged one by one, an inverted matcher wants none of them', () => {
  const byHeader = (header: object): FilterChainPlan =>
    routes({ match: { prefix: '/', headers: [{ name: 'x-a', ...header }] }, ...to('matched') }, { match: { prefix: '/' }, ...to('other') });
  const twice: RequestSpec = { repeated: { 'x-a': ['1', '2'] } };
  const table: readonly (readonly [object, string])[] = [
    [{ stringMatch: { exact: '2' } }, 'matched'],
    [{ stringMatch: { exact: '1,2' } }, 'other'],
    [{ stringMatch: { safeRegex: { regex: '[12]' } } }, 'matched'],
    [{ stringMatch: { exact: '2' }, invertMatch: true }, 'other'],
    [{ stringMatch: { exact: '3' }, invertMatch: true }, 'matched'],
    [{ rangeMatch: { start: '2', end: '3' } }, 'matched'],
    [{ presentMatch: true }, 'matched'],
  ];
  for (const [header, wanted] of table) assert.equal(clusterOf(decide(byHeader(header), twice)), wanted, JSON.stringify(header));
  const once = { headers: { 'x-a': '1,2' } };
  assert.equal(clusterOf(decide(byHeader({ stringMatch: { exact: '1,2' } }), once)), 'matched');
});

test('a header that Envoy keeps as one value is matched as a whole', () => {
  const headers = [{ name: 'user-agent', stringMatch: { exact: 'a,b' } }];
  const chain = routes({ match: { prefix: '/', headers }, ...to('matched') });
  assert.equal(clusterOf(decide(chain, { repeated: { 'user-agent': ['a', 'b'] } })), 'matched');
});

test('a rule that denies by a header is not passed by sending the header twice', () => {
  const permissions = [{ header: { name: 'x-a', stringMatch: { exact: 'bad' } } }];
  const rules = { action: 'DENY', policies: { p: { permissions, principals: [{ any: true }] } } };
  const host = { name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, ...to('c') }] };
  const chain = chainOf([host], [filter('envoy.filters.http.rbac', 'rbac.v3.RBAC', { rules })]);
  assert.equal(reply(chain, { repeated: { 'x-a': ['good', 'bad'] } }).status, 403);
});

test('an operator of a path template stands for any character of a segment, an asterisk too', () => {
  const pathTemplate = '/a/*/b/**';
  const typedConfig = { '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', pathTemplate };
  const policies = { p: { permissions: [{ uriTemplate: { name: 't', typedConfig } }], principals: [{ any: true }] } };
  const chain = chainOf(
    [{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, ...to('c') }] }],
    [filter('rbac', 'rbac.v3.RBAC', { rules: { action: 'DENY', policies } })],
  );
  for (const path of ['/a/x/b/', '/a/*/b/', "/a/(!$&'+,;:@=~)/b/x/*", '/a/%7B*%7D/b/'])
    assert.equal(reply(chain, { path }).status, 403, path);
  for (const path of ['/a//b/', '/a/x/b', '/a/x/y/b/']) assert.equal(decide(chain, { path }).kind, 'forward', path);
});

test('query parameters are matched as they stand, without decoding', () => {
  const queryParameters = [{ name: 'a', stringMatch: { exact: '1' } }];
  const chain = routes({ match: { prefix: '/', queryParameters }, ...to('matched') }, { match: { prefix: '/' }, ...to('other') });
  assert.equal(clusterOf(decide(chain, { path: '/?a=1' })), 'matched');
  assert.equal(clusterOf(decide(chain, { path: '/?a=%31' })), 'other');
});
