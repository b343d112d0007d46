import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditions, gateway, open, parent, route, toWeb, translate } from './test-translation.ts';

test('matches are ranked: exact before longer prefix before shorter, then by method, headers and query', () => {
  const matches = [
    '{path: {value: /}}',
    '{path: {value: /a}}',
    '{path: {value: /a}, method: GET}',
    '{path: {value: /a}, headers: [{name: x, value: y}]}',
    '{path: {value: /a/b}}',
    '{path: {type: Exact, value: /a}}',
  ];
  const rules = matches.map((match) => `{matches: [${match}], ${toWeb}}`).join(',');
  const [translated] = translate(gateway(open) + route(`{${parent}, rules: [${rules}]}`)).virtualServices;
  assert.deepEqual(
    translated?.http.map(({ path }) => path),
    [5, 4, 2, 3, 1, 0].map((index) => `spec.rules[${index}].matches[0]`),
  );
});

test('a backend that cannot be used keeps its weight, one with weight 0 gets nothing, and none at all answers 500', () => {
  const rules = (backends: string) =>
    translate(gateway(open) + route(`{${parent}, rules: [{backendRefs: [${backends}]}]}`)).virtualServices[0]?.http[0]?.spec;
  assert.deepEqual(
    rules('{name: web, port: 80, weight: 3}, {kind: Bucket, name: x, port: 80, weight: 1}')?.route?.map(({ destination, weight }) => [
      destination?.host,
      weight,
    ]),
    [
      ['web.shop.svc.cluster.local', 3],
      [undefined, 1],
    ],
  );
  assert.equal(rules('{name: web, port: 80, weight: 1}, {name: web, port: 80, weight: 0}')?.route?.length, 1);
  assert.deepEqual(rules('')?.directResponse, { status: 500 });
});

test('a redirect is temporary by default and keeps the port of the listener unless it changes the scheme', () => {
  const redirect = (spec: string) =>
    translate(gateway(open) + route(`{${parent}, rules: [{filters: [{type: RequestRedirect, requestRedirect: ${spec}}]}]}`))
      .virtualServices[0]?.http[0]?.spec.redirect;
  assert.deepEqual(redirect('{hostname: b.com}'), { redirectCode: 302, authority: 'b.com', derivePort: 'FROM_REQUEST_PORT' });
  assert.deepEqual(redirect('{scheme: https}'), { redirectCode: 302, scheme: 'https', derivePort: 'FROM_PROTOCOL_DEFAULT' });
});

test('a filter that is not known makes the route unacceptable instead of being left out', () => {
  const yaml = gateway(open) + route(`{${parent}, rules: [{filters: [{type: Teleport}], ${toWeb}}]}`);
  assert.equal(conditions(yaml, 'HTTPRoute')[0], 'Accepted=False/UnsupportedValue');
  assert.deepEqual(translate(yaml).virtualServices[0]?.http[0]?.spec.directResponse, { status: 500 });
});

test('routes of a service hold for every client when written beside it, else for their own namespace, which comes first', () => {
  const toService = `{parentRefs: [{group: "", kind: Service, name: web, namespace: shop}], rules: [{${toWeb}}]}`;
  const { virtualServices } = translate(
    route(toService) + route(toService, { namespace: 'edge', name: 'mine', createdAt: '2025-01-01T00:00:00Z' }),
  );
  assert.deepEqual(
    virtualServices.map(({ hosts, gateways, exportTo, ref }) => [ref.namespace, hosts[0], gateways[0], exportTo[0]]),
    [
      ['edge', 'web.shop.svc.cluster.local', 'mesh', 'edge'],
      ['shop', 'web.shop.svc.cluster.local', 'mesh', '*'],
    ],
  );
});

test('a gRPC method is a path', () => {
  const spec = `{${parent}, rules: [{matches: [{method: {service: shop.Cart, method: Add}}], ${toWeb}}]}`;
  const [translated] = translate(gateway(open) + route(spec, { kind: 'GRPCRoute' })).virtualServices;
  assert.deepEqual(translated?.http[0]?.spec.match, [{ uri: { exact: '/shop.Cart/Add' } }]);
});

test('of several conditions on one header or parameter the first counts, whatever the case of the header', () => {
  const match = '{headers: [{name: X-Kind, value: a}, {name: x-kind, value: b}], queryParams: [{name: q, value: a}, {name: q, value: b}]}';
  const [translated] = translate(gateway(open) + route(`{${parent}, rules: [{matches: [${match}], ${toWeb}}]}`)).virtualServices;
  assert.deepEqual(translated?.http[0]?.spec.match, [
    { uri: { prefix: '/' }, headers: { 'x-kind': { exact: 'a' } }, queryParams: { q: { exact: 'a' } } },
  ]);
});

test('a rule is called as it says, else by its place', () => {
  const rules = `[{name: first, ${toWeb}}, {matches: [{path: {value: /two}}], ${toWeb}}]`;
  const [translated] = translate(gateway(open) + route(`{${parent}, rules: ${rules}}`)).virtualServices;
  assert.deepEqual(
    translated?.http.map(({ spec }) => spec.name),
    ['shop.web.1', 'first'],
  );
});

test('a time for backends is that of each try, and without retries that of the whole', () => {
  const timing = (rule: string) => {
    const [translated] = translate(gateway(open) + route(`{${parent}, rules: [{${rule}, ${toWeb}}]}`)).virtualServices;
    const { timeout, retries } = translated?.http[0]?.spec ?? {};
    return [timeout, retries?.attempts, retries?.perTryTimeout];
  };
  assert.deepEqual(timing('timeouts: {request: 9s, backendRequest: 2s}'), ['2s', undefined, undefined]);
  assert.deepEqual(timing('timeouts: {request: 9s, backendRequest: 2s}, retry: {attempts: 3}'), ['9s', 3, '2s']);
  assert.deepEqual(timing('timeouts: {request: 0s}'), [undefined, undefined, undefined]);
});

test('a service that another cluster exports is the service itself', () => {
  const spec = `{${parent}, rules: [{backendRefs: [{group: multicluster.x-k8s.io, kind: ServiceImport, name: web, port: 80}]}]}`;
  const [translated] = translate(gateway(open) + route(spec)).virtualServices;
  assert.equal(translated?.http[0]?.spec.route?.[0]?.destination?.host, 'web.shop.svc.cluster.local');
});

test('routes in the mesh need no grant for backends of other namespaces, those of gateways do', () => {
  const spec = `{parentRefs: [{group: "", kind: Service, name: web, namespace: shop}, {name: edge}], rules: [{backendRefs: [{name: web, namespace: shop, port: 80}]}]}`;
  const { virtualServices, routes } = translate(gateway(open) + route(spec, { namespace: 'edge' }));
  const hosts = virtualServices.map(({ gateways, http }) => [gateways[0] === 'mesh', http[0]?.spec.route?.[0]?.destination?.host]);
  assert.deepEqual(hosts.sort(), [
    [false, undefined],
    [true, 'web.shop.svc.cluster.local'],
  ]);
  assert.deepEqual(
    routes[0]?.attachments.map(({ resolved }) => resolved.reason),
    ['ResolvedRefs', 'RefNotPermitted'],
  );
});

test('of routes that are equally old the first by namespace and then by name goes first', () => {
  const spec = `{${parent}, rules: [{${toWeb}}]}`;
  const yaml = route(spec, { namespace: 'shop', name: 'a' }) + route(spec, { namespace: 'edge', name: 'z' });
  const older = route(spec, { namespace: 'shop', name: 'b', createdAt: '2023-01-01T00:00:00Z' });
  assert.deepEqual(
    translate(gateway(open) + yaml + older).routes.map(({ route: { ref } }) => `${ref.namespace}/${ref.name}`),
    ['shop/b', 'edge/z', 'shop/a'],
  );
});
