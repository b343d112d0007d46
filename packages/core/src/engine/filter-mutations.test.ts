import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import fc from 'fast-check';
import { buildListener } from '../plan/build-listener.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import { decideRequest } from './decide-request.ts';
import type { HeaderChange, RequestDecision, Resume } from './decision.ts';
import { type RequestSpec, requestOf } from './facts-for-test.ts';
import { RequestOverlay } from './request-overlay.ts';

const plan = buildPlan({ clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] }, null);
const api = 'type.googleapis.com/envoy.extensions.filters';

function filter(name: string, type: string, config: object): HttpFilterJson {
  return { name, typedConfig: { '@type': `${api}.http.${type}`, ...config } };
}

interface Mutation {
  readonly remove?: string;
  readonly append?: { readonly header: { readonly key: string; readonly value: string }; readonly appendAction?: string };
}

function mutation(name: string, requestMutations: readonly Mutation[], responseMutations: readonly Mutation[] = []): HttpFilterJson {
  return filter(name, 'header_mutation.v3.HeaderMutation', { mutations: { requestMutations, responseMutations } });
}

/** Refuses requests with one of these conditions. */
function denial(...permissions: readonly object[]): HttpFilterJson {
  const policies = Object.fromEntries(permissions.map((each, at) => [`p${at}`, { permissions: [each], principals: [{ any: true }] }]));
  return filter('rbac', 'rbac.v3.RBAC', { rules: { action: 'DENY', policies } });
}

function chainOf(
  filters: readonly HttpFilterJson[],
  route: RouteJson = { match: { prefix: '/' }, route: { cluster: 'c' } },
): FilterChainPlan {
  const manager = {
    '@type': `${api}.network.http_connection_manager.v3.HttpConnectionManager`,
    routeConfig: { name: 'r', virtualHosts: [{ name: 'h', domains: ['*'], routes: [route] }] },
    httpFilters: [...filters, filter('envoy.filters.http.router', 'router.v3.Router', {})],
  };
  const [chain] = buildListener({ filterChains: [{ filters: [{ name: 'http', typedConfig: manager as never }] }] }).filterChains;
  assert.ok(chain);
  return chain;
}

const set = (key: string, value: string, appendAction = 'OVERWRITE_IF_EXISTS_OR_ADD'): Mutation => ({
  append: { header: { key, value }, appendAction },
});
const has = (name: string, exact: string): object => ({ header: { name, stringMatch: { exact } } });

/** Status of a local reply, or `forward`. */
function verdict(filters: readonly HttpFilterJson[], spec: RequestSpec = {}): number | string {
  const decision = decideRequest(plan, chainOf(filters), requestOf(spec), null, null);
  return decision.kind === 'localReply' ? decision.status : decision.kind;
}

test('filters after a mutation judge the changed request, filters before it the one that came', () => {
  assert.equal(verdict([mutation('m', [set('x-a', 'b')]), denial(has('x-a', 'b'))]), 403);
  assert.equal(verdict([denial(has('x-a', 'b')), mutation('m', [set('x-a', 'b')])]), 'forward');
  assert.equal(verdict([mutation('m', [{ remove: 'x-a' }]), denial(has('x-a', 'b'))], { headers: { 'x-a': 'b' } }), 'forward');
});

test('an added value stands beside the values that came, and each is judged', () => {
  const filters = [mutation('m', [set('x-a', 'two', 'APPEND_IF_EXISTS_OR_ADD')]), denial(has('x-a', 'two'))];
  assert.equal(verdict(filters, { headers: { 'x-a': 'one' } }), 403);
});

test('mutations are made in the order written, each seeing the ones before', () => {
  const changes = changesOf([mutation('m', [set('x-a', '1'), { remove: 'x-a' }, set('x-b', '[%REQ(x-a)%]'), set('x-a', '2')])]);
  assert.deepEqual(changes, [
    { op: 'set', name: 'x-a', value: '1' },
    { op: 'remove', name: 'x-a' },
    { op: 'set', name: 'x-b', value: '[]' },
    { op: 'set', name: 'x-a', value: '2' },
  ]);
});

test('additions keep what is there, or only change what is there, as their action says', () => {
  const additions = [set('x-a', 'new', 'ADD_IF_ABSENT'), set('x-c', 'new', 'OVERWRITE_IF_EXISTS'), set('x-b', 'new', 'ADD_IF_ABSENT')];
  assert.deepEqual(changesOf([mutation('m', additions)], { headers: { 'x-a': 'old' } }), [{ op: 'append', name: 'x-b', value: 'new' }]);
});

test('a route adds mutations of its own after those of the filter, and may switch the filter off', () => {
  const perRoute = (config: object): RouteJson => ({
    match: { prefix: '/' },
    route: { cluster: 'c' },
    typedPerFilterConfig: { m: config as never },
  });
  const own = { '@type': `${api}.http.header_mutation.v3.HeaderMutationPerRoute`, mutations: { requestMutations: [set('x-a', 'route')] } };
  const off = { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true };
  const filters = [mutation('m', [set('x-a', 'filter')], [set('x-r', '1')])];
  const decided = (route: RouteJson): RequestDecision => decideRequest(plan, chainOf(filters, route), requestOf(), null, null);
  assert.deepEqual(outcomeOf(decided(perRoute(own))), [
    { op: 'set', name: 'x-a', value: 'filter' },
    { op: 'set', name: 'x-a', value: 'route' },
  ]);
  const without = decided(perRoute(off));
  assert.deepEqual(outcomeOf(without), []);
  assert.deepEqual(without.kind === 'forward' && without.responseHeaders, []);
});

test('responses pass the filters backwards, those of refused requests too', () => {
  const filters = [mutation('first', [], [set('x-r', 'first')]), mutation('second', [], [set('x-r', 'second')]), denial(has('x-no', '1'))];
  const cases: readonly Record<string, string>[] = [{}, { 'x-no': '1' }];
  for (const headers of cases) {
    const decision = decideRequest(plan, chainOf(filters), requestOf({ headers }), null, null);
    assert.ok(decision.kind !== 'pending');
    const values = decision.responseHeaders.flatMap(({ add }) => add.map(({ value }) => value.literal));
    assert.deepEqual(values, ['second', 'first']);
  }
});

const name = fc.constantFrom('x-a', 'x-b', 'x-c');
const value = fc.constantFrom('1', '2', '', '%REQ(x-a)%', '%REQ(x-b?x-c)%,3', '%PROTOCOL%');
const action = fc.constantFrom('APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS');
const anyMutation: fc.Arbitrary<Mutation> = fc.oneof(
  name.map((remove) => ({ remove })),
  fc.tuple(name, value, action).map(([key, text, how]) => set(key, text, how)),
);
const change: fc.Arbitrary<HeaderChange> = fc.oneof(
  name.map((each) => ({ op: 'remove' as const, name: each })),
  fc.tuple(fc.constantFrom('set' as const, 'append' as const), name, value).map(([op, each, text]) => ({ op, name: each, value: text })),
  fc.constantFrom('/', '/a?t=1', '/b').map((path) => ({ op: 'set' as const, name: ':path', value: path })),
);
const request = fc.record({
  headers: fc.dictionary(name, fc.constantFrom('1', '2', '1,2'), { maxKeys: 3 }),
  path: fc.constantFrom('/', '/a', '/a?t=1', '/b#x'),
  authority: fc.constantFrom('a.com', 'A.com:80', 'b.com'),
});

test('the upstream gets no header, path or host that authorization behind the other filters did not see', () => {
  const behind = fc.record({ before: fc.array(anyMutation, { maxLength: 4 }), after: fc.array(anyMutation, { maxLength: 4 }) });
  fc.assert(
    fc.property(behind, fc.array(change, { maxLength: 3 }), request, ({ before, after }, granted, spec) => {
      const facts = requestOf(spec);
      const decided = (...denied: readonly object[]): RequestDecision => {
        const check = filter('check', 'ext_authz.v3.ExtAuthz', { grpcService: { envoyGrpc: { clusterName: 'checks' } } });
        const chain = chainOf([mutation('before', before), check, mutation('after', after), denial(...denied)]);
        const pending = decideRequest(plan, chain, facts, null, null);
        assert.ok(pending.kind === 'pending');
        return decideRequest(plan, chain, facts, null, {
          filterIndex: pending.filterIndex,
          state: pending.state,
          result: granting(granted),
        });
      };
      const forwarded = decided(has('x-never', 'sent'));
      assert.ok(forwarded.kind === 'forward');
      const sent = new RequestOverlay(facts, forwarded.outcome.headerChanges);
      for (const each of ['x-a', 'x-b', 'x-c']) {
        const values = sent.headerValues(each);
        assert.equal(decided({ header: { name: each, presentMatch: true } }).kind, values.length > 0 ? 'localReply' : 'forward', each);
        for (const exact of values)
          if (!exact.includes(',')) assert.equal(decided(has(each, exact)).kind, 'localReply', `${each}: ${exact}`);
      }
      const exact = forwarded.path.split(/[?#]/, 1)[0] ?? '';
      assert.equal(decided({ urlPath: { path: { exact } } }).kind, 'localReply');
      assert.equal(decided(has(':authority', forwarded.authority ?? sent.authority)).kind, 'localReply');
    }),
    { numRuns: 300, seed: 7 },
  );
});

function granting(headerChanges: readonly HeaderChange[]): Resume['result'] {
  return { kind: 'pass', headerChanges, responseHeaders: [], metadata: {}, clearRoute: false, requestPrincipal: '' };
}

function changesOf(filters: readonly HttpFilterJson[], spec: RequestSpec = {}): readonly HeaderChange[] {
  return outcomeOf(decideRequest(plan, chainOf(filters), requestOf(spec), null, null));
}

function outcomeOf(decision: RequestDecision): readonly HeaderChange[] {
  assert.ok(decision.kind === 'forward');
  return decision.outcome.headerChanges;
}
