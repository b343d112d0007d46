import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlanStore } from './plan-store.ts';
import { ResourceStore } from './resource-store.ts';

const type = (name: string): string => `type.googleapis.com/${name}`;

function listenerDenying(permission: object): object {
  const rules = { action: 'DENY', policies: { p: { permissions: [permission], principals: [{ any: true }] } } };
  const typedConfig = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    routeConfig: { virtualHosts: [] },
    httpFilters: [{ name: 'rbac', typedConfig: { '@type': type('envoy.extensions.filters.http.rbac.v3.RBAC'), rules } }],
  };
  return { name: 'in', filterChains: [{ filters: [{ name: 'http', typedConfig }] }] };
}

const routeTo = (action: object): object => ({
  name: 'r',
  virtualHosts: [{ name: 'h', domains: ['*'], routes: [{ match: { prefix: '/' }, route: action }] }],
});

function emptyStore(): PlanStore {
  const empty = { clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] };
  return new PlanStore(new ResourceStore(empty, () => null), { now: () => 0, providesSecret: () => false, onPlan: () => {} });
}

test('a listener with a rule that cannot be judged is refused and its last good form stays', () => {
  const store = emptyStore();
  const good = listenerDenying({ any: true });
  assert.deepEqual(store.resources.apply('listeners', { set: new Map([['in', good]]), removed: [] }), []);
  const [rejection] = store.resources.apply('listeners', { set: new Map([['in', listenerDenying({ matcher: {} })]]), removed: [] });
  assert.equal(rejection?.name, 'in');
  assert.match(rejection?.message ?? '', /permissions\[0\]\.matcher is not supported/);
  store.flush();
  assert.equal(store.plan.listenerByName.get('in')?.source, good);
});

test('a route configuration that cannot be run is refused and its last good form stays', () => {
  const store = emptyStore();
  const good = routeTo({ cluster: 'c' });
  store.resources.apply('routes', { set: new Map([['r', good]]), removed: [] });
  const rejections = store.resources.apply('routes', { set: new Map([['r', routeTo({ clusterSpecifierPlugin: 'p' })]]), removed: [] });
  assert.match(rejections[0]?.message ?? '', /clusterSpecifierPlugin is not supported/);
  store.flush();
  assert.equal(store.plan.routeTableByName.get('r')?.source, good);
});
