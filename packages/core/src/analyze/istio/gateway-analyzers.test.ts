import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, findingsOf, istioYaml, podYaml, serviceYaml } from '../test-findings.ts';

const server = (port: number, hosts: string, more = '') =>
  `{port: {number: ${port}, name: p${port}, protocol: HTTP}, hosts: ${hosts}${more}}`;
const gateway = (name: string, servers: string, selector = 'istio: ingressgateway') =>
  istioYaml('Gateway', name, `{selector: {${selector}}, servers: [${servers}]}`);
const tls = (fields: string) => server(443, '["a.com"]', `, tls: {mode: SIMPLE, ${fields}}`).replace('HTTP}', 'HTTPS}');

test('the ingress gateway of an installation is there without being declared', () => {
  assert.deepEqual(findingsOf('gateway.IngressGatewayPortAnalyzer', gateway('g', server(80, '["*"]'))), []);
  assert.deepEqual(findings(gateway('g', server(8080, '["*"]'))), []);
});

test('a port that no service of the gateway has is reported', () => {
  assert.deepEqual(findingsOf('gateway.IngressGatewayPortAnalyzer', gateway('g', server(81, '["*"]'))), [
    'IST0162 Gateway default/g spec.servers[0].port.number',
  ]);
});

test("the port of a gateway is that of the service or, in Istio's own rule, of the container", () => {
  const own = podYaml('edge') + serviceYaml('edge', 'default', '[{name: http, port: 80, protocol: TCP, targetPort: 8000}]');
  const at = (port: number) => own + gateway('g', server(port, '["*"]'), 'app: edge');
  assert.deepEqual(findingsOf('gateway.IngressGatewayPortAnalyzer', at(8000)), []);
  assert.equal(findingsOf('gateway.IngressGatewayPortAnalyzer', at(80)).length, 1);
  assert.deepEqual(findings(at(80)), []);
});

test('a gateway without a workload is told once, and only where it can be known', () => {
  const lost = gateway('g', tls('credentialName: c'), 'app: gone');
  assert.deepEqual(findings(podYaml('other') + lost), ['IST0101 Gateway default/g spec.selector']);
  assert.deepEqual(findings(lost), []);
  assert.deepEqual(findingsOf('gateway.SecretAnalyzer', lost), ['IST0101 Gateway default/g spec.selector']);
});

test('a credential is looked for where the gateway runs', () => {
  const secret = (namespace: string) =>
    `---\napiVersion: v1\nkind: Secret\nmetadata: {name: c, namespace: ${namespace}}\nstringData: {tls.crt: x, tls.key: y}\n`;
  assert.deepEqual(findings(gateway('g', tls('credentialName: c')) + secret('default')), [
    'IST0101 Gateway default/g spec.servers[0].tls.credentialName',
  ]);
  assert.deepEqual(findings(gateway('g', tls('credentialName: c')) + secret('istio-system')), [
    'IST0161 Gateway default/g spec.servers[0].tls.credentialName',
  ]);
});

test('gateways that claim one host on one port of one workload are reported', () => {
  const analyzer = 'gateway.ConflictingGatewayAnalyzer';
  const both = (a: string, b: string) => findingsOf(analyzer, gateway('a', a) + gateway('b', b));
  assert.deepEqual(both(server(80, '[x.com]'), server(80, '[x.com, y.com]')), [
    'IST0145 Gateway default/a spec.servers[0]',
    'IST0145 Gateway default/b spec.servers[0]',
  ]);
  assert.deepEqual(both(server(80, '[x.com]'), server(81, '[x.com]')), []);
  assert.deepEqual(both(server(80, '[x.com]'), server(80, '[y.com]')), []);
  assert.deepEqual(both(server(80, '[x.com]', ', bind: 10.0.0.1'), server(80, '[x.com]', ', bind: 10.0.0.2')), []);
});

test('selectors of which one contains the other conflict only when they meet at a workload', () => {
  const nested =
    gateway('a', server(80, '[x.com]'), 'istio: ingressgateway') + gateway('b', server(80, '[x.com]'), 'app: x, istio: ingressgateway');
  assert.deepEqual(findingsOf('gateway.ConflictingGatewayAnalyzer', nested), []);
  assert.equal(
    findingsOf('gateway.ConflictingGatewayAnalyzer', nested + podYaml('p', 'istio-system', '{app: x, istio: ingressgateway}')).length,
    2,
  );
});

test('one certificate on two gateways of a workload is reported for the one that selects more', () => {
  const analyzer = 'gateway.CertificateAnalyzer';
  const two = (selector: string) => gateway('a', tls('credentialName: c')) + gateway('b', tls('credentialName: c'), selector);
  assert.equal(findingsOf(analyzer, two('istio: ingressgateway')).length, 2);
  assert.equal(findingsOf(analyzer, two('istio: ingressgateway, app: x')).length, 1);
  assert.equal(findingsOf(analyzer, two('istio: other')).length, 0);
});
