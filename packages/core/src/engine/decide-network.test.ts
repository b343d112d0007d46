import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { buildListener } from '../plan/build-listener.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import { decideNetwork } from './decide-network.ts';
import { connectionOf } from './facts-for-test.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.network.${name}`;
const policies = (permission: object) => ({ 'istio-ext-authz-p': { permissions: [permission], principals: [{ any: true }] } });
const rbac = (config: object): FilterJson => ({ name: 'rbac', typedConfig: { '@type': type('rbac.v3.RBAC'), ...config } });
const shadow = (permission: object): FilterJson =>
  rbac({ shadowRules: { action: 'DENY', policies: policies(permission) }, shadowRulesStatPrefix: 'istio_ext_authz_' });
const filterEnabledMetadata = {
  filter: 'envoy.filters.network.rbac',
  path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
  value: { stringMatch: { prefix: 'istio-ext-authz-p' } },
};
const extAuthz = { '@type': type('ext_authz.v3.ExtAuthz'), filterEnabledMetadata };
const authz: FilterJson = { name: 'authz', typedConfig: extAuthz };
const denyAll = rbac({ rules: { action: 'DENY', policies: policies({ any: true }) } });

function chainOf(...filters: FilterJson[]): FilterChainPlan {
  const [chain] = buildListener({ filterChains: [{ filters }] }).filterChains;
  assert.ok(chain);
  return chain;
}

test('a connection that shadow rules mark is allowed only once the service was asked, and by the filters after that', () => {
  const chain = chainOf(shadow({ any: true }), authz, denyAll);
  const verdict = decideNetwork(chain, connectionOf(), null);
  assert.equal(verdict.check?.filter.name, 'authz');
  const then = decideNetwork(chain, connectionOf(), null, verdict);
  assert.deepEqual([then.check, then.allowed, then.policy, then.shadows.length], [null, false, 'istio-ext-authz-p', 1]);
});

test('a refusal before the question is final', () => {
  const verdict = decideNetwork(chainOf(denyAll, shadow({ any: true }), authz), connectionOf(), null);
  assert.deepEqual([verdict.allowed, verdict.check], [false, null]);
});

test('other connections are not asked about', () => {
  const verdict = decideNetwork(chainOf(shadow({ destinationPort: 1 }), authz), connectionOf(), null);
  assert.deepEqual([verdict.allowed, verdict.check, verdict.unasked.length], [true, null, 1]);
  assert.deepEqual(verdict.metadata, { 'envoy.filters.network.rbac': { istio_ext_authz_shadow_engine_result: 'allowed' } });
});
