import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, findingsOf, istioYaml, serviceYaml } from '../test-findings.ts';

const analyzer = 'virtualservice.DestinationHostAnalyzer';
const route = (destination: string, more = '') =>
  istioYaml('VirtualService', 'r', `{hosts: [r.example.com], http: [{route: [{destination: ${destination}}]${more}}]}`);

test('a destination is found by short name, full name, or through a ServiceEntry', () => {
  const entries =
    istioYaml('ServiceEntry', 'e', '{hosts: [api.example.org], ports: [{number: 80, name: http, protocol: HTTP}]}') +
    istioYaml('ServiceEntry', 'w', '{hosts: ["*.wild.org"]}');
  for (const host of ['cart', 'cart.default.svc.cluster.local', 'api.example.org', 'a.wild.org', '"*.wild.org"']) {
    assert.deepEqual(findingsOf(analyzer, serviceYaml('cart') + entries + route(`{host: ${host}}`)), [], host);
  }
});

test('a name with a dot is not completed with the cluster domain', () => {
  assert.deepEqual(findingsOf(analyzer, serviceYaml('cart') + route('{host: cart.default}')), [
    'IST0101 VirtualService default/r spec.http[0].route[0].destination.host',
  ]);
});

test('a service that is exported elsewhere only is not found', () => {
  const hidden = serviceYaml('cart', 'shop').replace(
    'namespace: shop}',
    'namespace: shop, annotations: {networking.istio.io/exportTo: "."}}',
  );
  assert.equal(findingsOf(analyzer, hidden + route('{host: cart.shop.svc.cluster.local}')).length, 1);
});

test('a port that the service lacks, and one left open among several, are reported', () => {
  const two = serviceYaml('cart', 'default', '[{name: http, port: 80}, {name: grpc, port: 90}]');
  assert.deepEqual(findingsOf(analyzer, two + route('{host: cart, port: {number: 81}}')), [
    'IST0101 VirtualService default/r spec.http[0].route[0].destination.port.number',
  ]);
  assert.deepEqual(findingsOf(analyzer, two + route('{host: cart}')), [
    'IST0112 VirtualService default/r spec.http[0].route[0].destination',
  ]);
  assert.deepEqual(findingsOf(analyzer, two + route('{host: cart, port: {number: 90}}')), []);
});

test('mirrors are destinations too', () => {
  assert.deepEqual(findingsOf(analyzer, serviceYaml('cart') + route('{host: cart}', ', mirror: {host: gone}')), [
    'IST0101 VirtualService default/r spec.http[0].mirror.host',
  ]);
  assert.deepEqual(findingsOf(analyzer, serviceYaml('cart') + route('{host: cart}', ', mirrors: [{destination: {host: gone}}]')), [
    'IST0101 VirtualService default/r spec.http[0].mirrors[0].destination.host',
  ]);
});

test('a route at a gateway that passes by the subsets of the mesh is pointed out', () => {
  const inside = istioYaml('VirtualService', 'cart', '{hosts: [cart], http: [{route: [{destination: {host: cart, subset: v1}}]}]}');
  const edge = istioYaml(
    'VirtualService',
    'edge',
    '{hosts: [shop.example.com], gateways: [g], http: [{route: [{destination: {host: cart}}]}]}',
  );
  assert.deepEqual(findingsOf(analyzer, serviceYaml('cart') + inside + edge), [
    'IST0140 VirtualService default/edge spec.http[0].route[0].destination',
  ]);
  const meshOnly = edge.replace('gateways: [g]', 'gateways: [mesh]');
  assert.ok(!findings(serviceYaml('cart') + inside + meshOnly).some((finding) => finding.startsWith('IST0140')));
});

test('services of every installation need no declaration', () => {
  assert.deepEqual(findings(route('{host: istiod.istio-system.svc.cluster.local}')), []);
  assert.deepEqual(findings(route('{host: istio-ingressgateway.istio-system.svc.cluster.local, port: {number: 80}}')), []);
});

test('another cluster domain is taken into account', () => {
  const there = { domain: 'corp.example' };
  assert.deepEqual(findings(serviceYaml('cart') + route('{host: cart.default.svc.corp.example}'), there), []);
  assert.equal(findings(serviceYaml('cart') + route('{host: cart.default.svc.cluster.local}'), there).length, 1);
});
