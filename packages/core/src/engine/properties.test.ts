import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import fc from 'fast-check';
import { buildListener } from '../plan/build-listener.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { decideRequest } from './decide-request.ts';
import { certificateOf, connectionOf, requestOf } from './facts-for-test.ts';

const word = fc.constantFrom('a', 'b', 'api', 'x', 'A');
const path = fc.array(word, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const stringMatch = fc.oneof(
  word.map((exact) => ({ exact })),
  word.map((prefix) => ({ prefix })),
  word.map((suffix) => ({ suffix })),
  fc.constantFrom('a+', '[a-b]', '(a|b)*').map((regex) => ({ safeRegex: { regex } })),
);
const headerMatch = fc.record({ name: word, stringMatch, invertMatch: fc.boolean(), treatMissingHeaderAsEmpty: fc.boolean() });
const match = fc.record({
  prefix: path,
  headers: fc.array(headerMatch, { maxLength: 2 }),
  queryParameters: fc.array(fc.record({ name: word, stringMatch }), { maxLength: 1 }),
});
const action = fc.oneof(
  word.map((cluster) => ({ route: { cluster, prefixRewrite: '/new' } })),
  path.map((pathRedirect) => ({ redirect: { pathRedirect } })),
  fc.constant({ directResponse: { status: 204 } }),
);
const route: fc.Arbitrary<RouteJson> = fc.tuple(match, action).map(([conditions, does]) => ({ match: conditions, ...does }));
const domain = fc.constantFrom('*', 'a.com', '*.com', 'a.*', '*.a.com');
const host = fc.record({
  name: word,
  domains: fc.array(domain, { minLength: 1, maxLength: 2 }),
  routes: fc.array(route, { maxLength: 4 }),
});
const principal = word.map((name) => ({ authenticated: { principalName: { exact: `spiffe://${name}` } } }));
const policy = fc.record({
  permissions: fc.array(
    fc.oneof(
      headerMatch.map((header) => ({ header })),
      path.map((exact) => ({ urlPath: { path: { exact } } })),
    ),
    { minLength: 1, maxLength: 2 },
  ),
  principals: fc.array(fc.oneof(principal, fc.constant({ any: true })), { minLength: 1, maxLength: 2 }),
});
const rules = fc.record({ action: fc.constantFrom('ALLOW', 'DENY'), policies: fc.dictionary(word, policy, { maxKeys: 3 }) });
const request = fc.record({
  path: fc.tuple(path, fc.constantFrom('', '?a=b', '?x=a&b')).map((parts) => parts.join('')),
  authority: fc.constantFrom('a.com', 'b.com', 'x.a.com', 'a.org', 'A.com:80'),
  headers: fc.dictionary(word, word, { maxKeys: 3 }),
});

const plan = buildPlan({ clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] }, null);

test('a trace changes nothing about a decision', () => {
  fc.assert(
    fc.property(fc.array(host, { maxLength: 3 }), rules, request, word, (virtualHosts, rbac, spec, client) => {
      const manager = {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
        routeConfig: { virtualHosts },
        httpFilters: [
          {
            name: 'rbac',
            typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', rules: rbac, shadowRules: rbac },
          },
        ],
      };
      const [chain] = buildListener({ filterChains: [{ filters: [{ name: 'http', typedConfig: manager as never }] }] }).filterChains;
      assert.ok(chain);
      const facts = requestOf({ ...spec, connection: connectionOf({ isTls: true, peerCertificate: certificateOf(`spiffe://${client}`) }) });
      const trace = { steps: [] };
      assert.deepEqual(decideRequest(plan, chain, facts, trace, null), decideRequest(plan, chain, facts, null, null));
      assert.ok(trace.steps.length > 0);
    }),
    { numRuns: 300 },
  );
});
