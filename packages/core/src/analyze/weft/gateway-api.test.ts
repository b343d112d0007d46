import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, messagesOf, serviceYaml } from '../test-findings.ts';

const api = (kind: string, name: string, spec: string, namespace = 'default') =>
  `---\napiVersion: gateway.networking.k8s.io/v1${kind === 'ReferenceGrant' ? 'beta1' : ''}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
const gateway = (allowed = '') =>
  api('Gateway', 'g', `{gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP${allowed}}]}`);
const route = (backend: string, parent = '{name: g}', namespace = 'default') =>
  api('HTTPRoute', 'r', `{parentRefs: [${parent}], rules: [{backendRefs: [${backend}]}]}`, namespace);
const cart = serviceYaml('cart');

test('a route whose gateway and backend exist is in order', () => {
  assert.deepEqual(findings(gateway() + cart + route('{name: cart, port: 80}')), []);
  assert.deepEqual(findings(cart + route('{name: cart, port: 80}', '{group: "", kind: Service, name: cart, port: 80}')), []);
});

test('a gateway, a listener or a backend that does not exist is reported', () => {
  assert.deepEqual(findings(cart + route('{name: cart, port: 80}')), ['WFT1401 HTTPRoute default/r spec.parentRefs[0].name']);
  assert.deepEqual(findings(gateway() + cart + route('{name: cart, port: 80}', '{name: g, sectionName: https}')), [
    'WFT1401 HTTPRoute default/r spec.parentRefs[0].sectionName',
  ]);
  assert.deepEqual(findings(gateway() + cart + route('{name: gone, port: 80}')), [
    'WFT1402 HTTPRoute default/r spec.rules[0].backendRefs[0].name',
  ]);
  assert.deepEqual(findings(gateway() + cart + route('{name: cart, port: 81}')), [
    'WFT1402 HTTPRoute default/r spec.rules[0].backendRefs[0].port',
  ]);
});

test('a missing backend is told of by what becomes of the traffic', () => {
  const fates = ['HTTPRoute', 'GRPCRoute', 'TCPRoute'].flatMap((kind) =>
    messagesOf(api(kind, 'r', '{rules: [{backendRefs: [{name: gone, port: 80}]}]}')).map(({ message }) => message.split('; ')[1]),
  );
  assert.deepEqual(
    fates.map((fate) => fate?.split('. ')[0]),
    ['requests sent there get 500', 'calls sent there fail', 'connections sent there are closed'],
  );
});

test('a route of another namespace attaches only where it is allowed', () => {
  const elsewhere = serviceYaml('cart', 'shop') + route('{name: cart, port: 80}', '{name: g, namespace: default}', 'shop');
  assert.deepEqual(findings(gateway() + elsewhere), ['WFT1401 HTTPRoute shop/r spec.parentRefs[0]']);
  assert.deepEqual(findings(gateway(', allowedRoutes: {namespaces: {from: All}}') + elsewhere), []);
  const selected = gateway(', allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}');
  assert.deepEqual(findings(selected + elsewhere), []);
});

test('a backend of another namespace needs a grant, of which any from goes with any to', () => {
  const far = gateway() + serviceYaml('cart', 'shop') + route('{name: cart, namespace: shop, port: 80}');
  const grant = (from: string, to: string) => api('ReferenceGrant', 'x', `{from: [${from}], to: [${to}]}`, 'shop');
  const ours = '{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}';
  const others = '{group: gateway.networking.k8s.io, kind: GRPCRoute, namespace: default}';
  assert.deepEqual(findings(far), ['WFT1403 HTTPRoute default/r spec.rules[0].backendRefs[0]']);
  const inMesh = route('{name: cart, namespace: other, port: 80}', '{group: "", kind: Service, name: cart, namespace: other}');
  assert.deepEqual(findings(serviceYaml('cart', 'other') + inMesh), []);
  assert.deepEqual(findings(far + grant(`${others}, ${ours}`, '{group: "", kind: Secret}, {group: "", kind: Service}')), []);
  assert.deepEqual(findings(far + grant(ours, '{group: "", kind: Service, name: cart}')), []);
  assert.equal(findings(far + grant(ours, '{group: "", kind: Service, name: other}')).length, 1);
  assert.equal(findings(far + grant(others, '{group: "", kind: Service}')).length, 1);
});

test('a listener needs its certificate, with a grant when it is elsewhere', () => {
  const secure = (reference: string) =>
    api(
      'Gateway',
      'g',
      `{gatewayClassName: istio, listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [${reference}]}}]}`,
    );
  const secret = (namespace: string) => `---\napiVersion: v1\nkind: Secret\nmetadata: {name: c, namespace: ${namespace}}\n`;
  assert.deepEqual(findings(secure('{name: c}') + secret('default')), []);
  assert.deepEqual(findings(secure('{name: c}')), ['IST0101 Gateway default/g spec.listeners[0].tls.certificateRefs[0].name']);
  assert.deepEqual(findings(secure('{name: c, namespace: shop}') + secret('shop')), [
    'WFT1403 Gateway default/g spec.listeners[0].tls.certificateRefs[0]',
  ]);
});

test('a grant names namespaces that exist, when the set says which do', () => {
  const grant = api(
    'ReferenceGrant',
    'x',
    '{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: gone}], to: [{group: "", kind: Service}]}',
  );
  const namespace = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: NAME, labels: {istio-injection: enabled}}\n';
  assert.deepEqual(findings(grant), []);
  assert.deepEqual(findings(grant + namespace.replace('NAME', 'default')), ['WFT1601 ReferenceGrant default/x spec.from[0].namespace']);
  assert.deepEqual(findings(grant + namespace.replace('NAME', 'gone')), []);
});
