import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '../resource/resource.ts';
import { applicablePolicies, type PolicySelection, type PolicyTarget } from './policy-target.ts';

function policy(namespace: string, spec: PolicySelection): Resource<PolicySelection> {
  return {
    ref: { group: 'security.istio.io', version: 'v1', kind: 'AuthorizationPolicy', namespace, name: 'p' },
    labels: {},
    annotations: {},
    createdAt: null,
    spec,
    raw: {},
    source: { file: 'f', line: 1, text: '' },
  };
}

const labels = { 'gateway.networking.k8s.io/gateway-name': 'gw', 'gateway.networking.k8s.io/gateway-class-name': 'istio', app: 'gw' };
const gateway: PolicyTarget = { namespace: 'shop', labels, type: 'router' };
const applies = (namespace: string, spec: PolicySelection, target = gateway): boolean =>
  applicablePolicies([policy(namespace, spec)], target, 'istio-system').length === 1;
const to = (kind: string, name: string, namespace?: string): PolicySelection => ({
  targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name, ...(namespace !== undefined && { namespace }) }],
});

test('a policy reaches the gateway that it names in its own namespace', () => {
  assert.ok(applies('shop', to('Gateway', 'gw')));
  assert.ok(applies('shop', to('Gateway', 'gw', 'shop')));
  assert.ok(!applies('shop', to('Gateway', 'gw', 'bank')));
  assert.ok(!applies('shop', to('Gateway', 'other')));
  assert.ok(!applies('istio-system', to('Gateway', 'gw')));
});

test('a class of gateways stands for waypoints, and only in the root namespace', () => {
  const waypoint: PolicyTarget = { ...gateway, type: 'waypoint' };
  assert.ok(!applies('istio-system', to('GatewayClass', 'istio')));
  assert.ok(applies('istio-system', to('GatewayClass', 'istio'), waypoint));
  assert.ok(!applies('shop', to('GatewayClass', 'istio'), waypoint));
});

test('selectors reach sidecars and gateways, but no waypoint', () => {
  const selection: PolicySelection = { selector: { matchLabels: { app: 'gw' } } };
  assert.ok(applies('shop', selection));
  assert.ok(applies('istio-system', {}));
  assert.ok(!applies('shop', selection, { ...gateway, type: 'waypoint' }));
});
