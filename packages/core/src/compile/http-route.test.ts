import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { httpRoutes } from './http-route.ts';
import { meshOf, viewOf } from './test-mesh.ts';

const services = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 8080}]}
---
`;

function routesOf(
  http: string,
  options: { readonly port?: number; readonly isTls?: boolean; readonly more?: string } = {},
): readonly RouteJson[] {
  const rules = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: shop}\nspec: {hosts: [cart], http: ${http}}\n---\n`;
  const mesh = meshOf(services + rules + (options.more ?? ''));
  const view = viewOf(mesh);
  const [only] = mesh.virtualServices;
  assert.ok(only, 'the test rules were dropped');
  const { port = 80, isTls = false } = options;
  return httpRoutes(only, {
    node: view.node,
    port,
    isTls,
    gateways: new Set(['mesh']),
    serviceByHostname: view.serviceByHostname,
    defaultRetryPolicy: null,
  });
}

const to = 'route: [{destination: {host: cart}}]';
const first = (http: string, options = {}) => routesOf(http, options)[0];

test('nothing follows a route that matches every request', () => {
  const names = (http: string) => routesOf(http).map((route) => route.name);
  assert.deepEqual(names(`[{name: all, ${to}}, {name: never, ${to}}]`), ['all']);
  assert.deepEqual(names(`[{name: regex, match: [{uri: {regex: ".*"}}], ${to}}, {name: never, ${to}}]`), ['regex']);
  assert.deepEqual(names(`[{name: with-header, match: [{uri: {prefix: /}, headers: {x: {exact: v}}}], ${to}}, {name: then, ${to}}]`), [
    'with-header',
    'then',
  ]);
});

test('the conditions of a match are combined, and its name is added to the route', () => {
  const route = first(
    `[{name: r, match: [{name: m, uri: {prefix: /a}, ignoreUriCase: true, method: {exact: GET}, headers: {b: {regex: "x+"}, a: {}}, queryParams: {q: {exact: "1"}, p: {}}}], ${to}}]`,
  );
  assert.equal(route?.name, 'r.m');
  assert.deepEqual(route?.match, {
    prefix: '/a',
    caseSensitive: false,
    headers: [
      { name: 'a', presentMatch: true },
      { name: 'b', stringMatch: { safeRegex: { regex: 'x+' } } },
      { name: ':method', stringMatch: { exact: 'GET' } },
    ],
    queryParameters: [
      { name: 'p', presentMatch: true },
      { name: 'q', stringMatch: { exact: '1' } },
    ],
  });
});

test('a header that must not match counts as empty when it is absent, and one that must be absent is not looked into', () => {
  const route = first(`[{match: [{withoutHeaders: {a: {exact: x}, b: {}, c: {regex: "*"}}}], ${to}}]`);
  assert.deepEqual(route?.match?.headers, [
    { name: 'a', stringMatch: { exact: 'x' }, invertMatch: true, treatMissingHeaderAsEmpty: true },
    { name: 'b', presentMatch: true, invertMatch: true },
    { name: 'c', presentMatch: true, invertMatch: true },
  ]);
});

test('claims of a token are matched as text and as elements of a list', () => {
  const [claim] = first(`[{match: [{headers: {"@request.auth.claims[group][id]": {exact: dev}}}], ${to}}]`)?.match?.dynamicMetadata ?? [];
  assert.deepEqual(claim?.path, [{ key: 'payload' }, { key: 'group' }, { key: 'id' }]);
  assert.deepEqual(claim?.value?.orMatch?.valueMatchers?.[1], { listMatch: { oneOf: { stringMatch: { exact: 'dev' } } } });
});

test('without a timeout there is none, and retries are two of what is safe to repeat', () => {
  const action = first(`[{${to}}]`)?.route;
  assert.equal(action?.timeout, '0s');
  assert.equal(action?.retryPolicy?.numRetries, 2);
  assert.equal(action?.retryPolicy?.retryOn, 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes');
  assert.equal(action?.retryPolicy?.retriableStatusCodes, undefined);
});

test('status codes among retry conditions become retriable codes, and zero attempts switch retries off', () => {
  const policy = first(
    `[{${to}, timeout: 3s, retries: {attempts: 3, perTryTimeout: 250ms, retryOn: "503,reset,  ,429", retryRemoteLocalities: true, backoff: 10ms}}]`,
  )?.route;
  assert.equal(policy?.timeout, '3s');
  assert.deepEqual(policy?.retryPolicy?.retriableStatusCodes, [503, 429]);
  assert.equal(policy?.retryPolicy?.retryOn, 'reset,retriable-status-codes');
  assert.equal(policy?.retryPolicy?.perTryTimeout, '0.250s');
  assert.equal(policy?.retryPolicy?.retryPriority?.name, 'envoy.retry_priorities.previous_priorities');
  assert.deepEqual(policy?.retryPolicy?.retryBackOff, { baseInterval: '0.010s' });
  assert.equal(first(`[{${to}, retries: {attempts: 0}}]`)?.route?.retryPolicy, undefined);
});

test('weights are kept as given, a weight of nothing is left out, and a single destination needs none', () => {
  const weighted = first(
    '[{route: [{destination: {host: cart, subset: a}, weight: 33}, {destination: {host: cart, subset: b}, weight: 0}, {destination: {host: cart, subset: c}, weight: 1}]}]',
  );
  assert.deepEqual(
    weighted?.route?.weightedClusters?.clusters?.map(({ name, weight }) => [name, weight]),
    [
      ['outbound|8080|a|cart.shop.svc.cluster.local', 33],
      ['outbound|8080|c|cart.shop.svc.cluster.local', 1],
    ],
  );
  assert.equal(first('[{route: [{destination: {host: cart}, weight: 0}]}]')?.route?.cluster, 'outbound|8080||cart.shop.svc.cluster.local');
});

test('a destination without a port takes the only port of its service, else that of the listener', () => {
  assert.equal(
    first('[{route: [{destination: {host: cart}}]}]', { port: 9 })?.route?.cluster,
    'outbound|8080||cart.shop.svc.cluster.local',
  );
  assert.equal(first('[{route: [{destination: {host: gone.example.com}}]}]', { port: 9 })?.route?.cluster, 'outbound|9||gone.example.com');
});

test('headers set come before headers added, and the host is rewritten instead of set', () => {
  const route = first(
    `[{${to}, headers: {request: {add: {b: "2", ":path": /x}, set: {a: "1", Host: other}, remove: [c, ":method"]}, response: {remove: [d]}}}]`,
  );
  assert.deepEqual(route?.requestHeadersToAdd, [
    { header: { key: 'a', value: '1' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
    { header: { key: 'b', value: '2' } },
  ]);
  assert.deepEqual(route?.requestHeadersToRemove, ['c']);
  assert.deepEqual(route?.responseHeadersToRemove, ['d']);
  assert.equal(route?.route?.hostRewriteLiteral, 'other');
});

test('a rewrite replaces the prefix or what an expression finds', () => {
  assert.equal(first(`[{match: [{uri: {prefix: /a}}], rewrite: {uri: /b, authority: h}, ${to}}]`)?.route?.prefixRewrite, '/b');
  const regex = first(`[{rewrite: {uriRegexRewrite: {match: "^/(.*)$", rewrite: '/x/\\1'}}, ${to}}]`)?.route?.regexRewrite;
  assert.deepEqual(regex, { pattern: { regex: '^/(.*)$' }, substitution: '/x/\\1' });
});

test('a redirect leaves out the port that the new scheme implies, judged by that scheme', () => {
  const redirect = (spec: string, options = {}) => first(`[{redirect: ${spec}}]`, options)?.redirect;
  assert.deepEqual(redirect('{uri: /x, authority: h}'), { hostRedirect: 'h', pathRedirect: '/x' });
  assert.deepEqual(redirect('{scheme: https, derivePort: FROM_REQUEST_PORT}', { port: 80 }), { schemeRedirect: 'https', portRedirect: 80 });
  assert.deepEqual(redirect('{derivePort: FROM_REQUEST_PORT}', { port: 443, isTls: true }), {});
  assert.deepEqual(redirect('{port: 8443, redirectCode: 308}'), { portRedirect: 8443, responseCode: 'PERMANENT_REDIRECT' });
  assert.deepEqual(routesOf('[{redirect: {redirectCode: 418}}]'), []);
});

test('a direct response carries its body', () => {
  assert.deepEqual(first('[{directResponse: {status: 503, body: {string: closed}}}]')?.directResponse, {
    status: 503,
    body: { inlineString: 'closed' },
  });
});

test('mirrors take everything unless told otherwise, and percentages are parts of a million', () => {
  const mirrors = (spec: string) => first(`[{${to}, ${spec}}]`)?.route?.requestMirrorPolicies;
  const cluster = 'outbound|8080|m|cart.shop.svc.cluster.local';
  assert.deepEqual(mirrors('mirror: {host: cart, subset: m}'), [
    { cluster, runtimeFraction: { defaultValue: { numerator: 100 } }, traceSampled: false },
  ]);
  assert.deepEqual(mirrors('mirror: {host: cart, subset: m}, mirrorPercentage: {value: 0.5}')?.[0]?.runtimeFraction, {
    defaultValue: { numerator: 5000, denominator: 'MILLION' },
  });
  assert.equal(mirrors('mirror: {host: cart, subset: m}, mirrorPercentage: {value: 0}'), undefined);
  assert.equal(mirrors('mirrors: [{destination: {host: cart}}, {destination: {host: cart}, percentage: {value: 0}}]')?.length, 1);
});

test('faults without a percentage hit nobody, and gRPC statuses go by name', () => {
  const fault = (spec: string) => first(`[{${to}, fault: ${spec}}]`)?.typedPerFilterConfig?.['envoy.filters.http.fault'];
  assert.deepEqual(fault('{delay: {fixedDelay: 2s, percentage: {value: 10}}, abort: {httpStatus: 500}}'), {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    delay: { fixedDelay: '2s', percentage: { numerator: 100000, denominator: 'MILLION' } },
    abort: { httpStatus: 500 },
  });
  assert.deepEqual((fault('{abort: {grpcStatus: UNAVAILABLE, percentage: {value: 100}}}') as { abort?: unknown }).abort, {
    grpcStatus: 14,
    percentage: { numerator: 1000000, denominator: 'MILLION' },
  });
});

test('preflights that match no origin are forwarded unless they are to be ignored', () => {
  const cors = (spec: string) =>
    first(`[{${to}, corsPolicy: ${spec}}]`)?.typedPerFilterConfig?.['envoy.filters.http.cors'] as Record<string, unknown>;
  const policy = cors('{allowOrigins: [{exact: "https://a"}], allowMethods: [GET, PUT], maxAge: 24h, allowCredentials: true}');
  assert.deepEqual(policy.allowOriginStringMatch, [{ exact: 'https://a' }]);
  assert.equal(policy.allowMethods, 'GET,PUT');
  assert.equal(policy.maxAge, '86400');
  assert.equal(policy.forwardNotMatchingPreflights, true);
  assert.equal(cors('{unmatchedPreflights: IGNORE}').forwardNotMatchingPreflights, false);
});

test('destinations with consistent hashing give routes their hash policies, and retries stay with the host', () => {
  const rule =
    'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart, namespace: shop}\nspec: {host: cart, trafficPolicy: {loadBalancer: {consistentHash: {httpCookie: {name: c, ttl: 0s, path: /}}}}, subsets: [{name: a, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x}}}}]}\n';
  const action = first(`[{${to}}]`, { more: rule })?.route;
  assert.deepEqual(action?.hashPolicy, [{ cookie: { name: 'c', ttl: '0s', path: '/' } }]);
  assert.equal(action?.retryPolicy?.retryHostPredicate, undefined);
  assert.deepEqual(first('[{route: [{destination: {host: cart, subset: a}}]}]', { more: rule })?.route?.hashPolicy, [
    { header: { headerName: 'x' } },
  ]);
});

test('a delegate is restricted by its root: matches are combined, names joined, what is unset inherited', () => {
  const delegate =
    'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: d, namespace: shop}\nspec: {http: [{name: leaf, match: [{uri: {prefix: /a/b}}], route: [{destination: {host: cart}}]}, {name: outside, match: [{uri: {prefix: /z}}], route: [{destination: {host: cart}}]}]}\n---\n';
  const routes = routesOf('[{name: root, match: [{uri: {prefix: /a}, headers: {x: {exact: v}}}], delegate: {name: d}, timeout: 5s}]', {
    more: delegate,
  });
  assert.deepEqual(
    routes.map((route) => [route.name, route.match?.prefix, route.match?.headers?.[0]?.name, route.route?.timeout]),
    [['root-leaf', '/a/b', 'x', '5s']],
  );
  assert.deepEqual(routesOf('[{delegate: {name: missing}}]', { more: delegate }), []);
});

test('routes say where they come from', () => {
  const metadata = routesOf(`[{match: [{uri: {exact: /a}}, {uri: {exact: /b}}], ${to}}]`)[1]?.metadata?.filterMetadata;
  assert.deepEqual(metadata, {
    istio: { config: '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/v' },
    weft: { path: 'spec.http[0].match[1]' },
  });
});
