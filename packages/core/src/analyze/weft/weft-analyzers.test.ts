import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, istioYaml, messagesOf, podYaml, serviceYaml } from '../test-findings.ts';

const namespace = (name: string) => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {istio-injection: enabled}}\n`;
const account = (name: string, inNamespace = 'default') =>
  `---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}, namespace: ${inNamespace}}\n`;
const peer = (name: string, mode: string, more = '', inNamespace = 'default') =>
  istioYaml('PeerAuthentication', name, `{mtls: {mode: ${mode}}${more}}`, inNamespace);
const rule = (name: string, mode: string, host = 'shop', more = '') =>
  istioYaml('DestinationRule', name, `{host: "${host}", trafficPolicy: {tls: {mode: ${mode}}${more}}}`);
const shop = serviceYaml('shop') + podYaml('shop');

test('clients that speak plain text to servers that want mutual TLS are reported', () => {
  assert.deepEqual(findings(shop + peer('p', 'STRICT') + rule('d', 'DISABLE')), [
    'WFT0207 DestinationRule default/d spec.trafficPolicy.tls.mode',
  ]);
  assert.deepEqual(findings(shop + peer('p', 'STRICT', '', 'istio-system') + rule('d', 'DISABLE')).length, 1);
  assert.deepEqual(findings(shop + peer('p', 'STRICT') + rule('d', 'DISABLE', '*.default.svc.cluster.local')).length, 1);
  assert.deepEqual(findings(serviceYaml('shop') + peer('p', 'STRICT') + rule('d', 'DISABLE')).length, 1);
});

test('clients and servers that agree, or that find their own way, are not', () => {
  for (const [server, client] of [
    ['STRICT', 'ISTIO_MUTUAL'],
    ['PERMISSIVE', 'DISABLE'],
    ['PERMISSIVE', 'ISTIO_MUTUAL'],
    ['DISABLE', 'DISABLE'],
  ] as const) {
    assert.deepEqual(findings(shop + peer('p', server) + rule('d', client)), [], `${server} ${client}`);
  }
  assert.deepEqual(findings(shop + peer('p', 'STRICT')), []);
  assert.deepEqual(
    findings(shop + peer('p', 'STRICT') + peer('q', 'PERMISSIVE', ', selector: {matchLabels: {app: shop}}') + rule('d', 'DISABLE')),
    [],
  );
});

test('mutual TLS to a server that turned it off is reported', () => {
  assert.deepEqual(findings(shop + peer('p', 'DISABLE') + rule('d', 'ISTIO_MUTUAL')), [
    'WFT0208 DestinationRule default/d spec.trafficPolicy.tls.mode',
  ]);
});

test('settings of a port count for that port, on both sides', () => {
  const level = ', portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]';
  assert.deepEqual(findings(shop + peer('p', 'STRICT') + rule('d', 'ISTIO_MUTUAL', 'shop', level)), [
    'WFT0207 DestinationRule default/d spec.trafficPolicy.portLevelSettings[0].tls.mode',
  ]);
  const open = peer('p', 'STRICT', ', selector: {matchLabels: {app: shop}}, portLevelMtls: {"80": {mode: PERMISSIVE}}');
  assert.deepEqual(findings(shop + open + rule('d', 'DISABLE')), []);
});

test('without automatic mutual TLS a strict server needs a DestinationRule', () => {
  const off = { meshConfig: { enableAutoMtls: false } };
  assert.deepEqual(findings(shop + peer('p', 'STRICT'), off), ['WFT0401 PeerAuthentication default/p spec.mtls.mode']);
  assert.deepEqual(findings(shop + peer('p', 'STRICT') + rule('d', 'ISTIO_MUTUAL', '*.local'), off), []);
});

test('of several PeerAuthentications for the same the later ones are reported', () => {
  assert.deepEqual(findings(peer('a', 'STRICT') + peer('b', 'DISABLE')), ['WFT0002 PeerAuthentication default/b spec']);
  const selecting = ', selector: {matchLabels: {app: shop}}';
  assert.deepEqual(findings(shop + peer('a', 'STRICT', selecting) + peer('b', 'DISABLE', selecting)), [
    'WFT0003 PeerAuthentication default/b spec.selector.matchLabels',
  ]);
  assert.deepEqual(findings(shop + peer('a', 'STRICT') + peer('b', 'DISABLE', selecting)), []);
});

test('RequestAuthentications add up, so several are no mistake', () => {
  assert.deepEqual(findings(istioYaml('RequestAuthentication', 'a', '{}') + istioYaml('RequestAuthentication', 'b', '{}')), []);
});

test('a selector that matches nothing is reported where workloads are known', () => {
  const policy = peer('p', 'STRICT', ', selector: {matchLabels: {app: gone}}');
  assert.deepEqual(findings(shop + policy), ['WFT0004 PeerAuthentication default/p spec.selector.matchLabels']);
  assert.deepEqual(findings(policy), []);
});

test('a caller must run under the account that a policy names', () => {
  const policy = (principal: string) =>
    istioYaml('AuthorizationPolicy', 'p', `{rules: [{from: [{source: {principals: ["${principal}"]}}]}]}`);
  const path = 'WFT0106 AuthorizationPolicy default/p spec.rules[0].from[0].source.principals[0]';
  assert.deepEqual(findings(podYaml('x') + account('shop') + policy('cluster.local/ns/default/sa/shop')), []);
  assert.deepEqual(findings(podYaml('x') + account('shop') + policy('cluster.local/ns/default/sa/shopp')), [path]);
  assert.deepEqual(findings(podYaml('x') + policy('spiffe://cluster.local/ns/default/sa/default')), [path]);
  for (const silent of [
    'cluster.local/ns/default/sa/default',
    'cluster.local/ns/unseen/sa/any',
    'other.example/ns/default/sa/gone',
    'cluster.local/ns/default/*',
    '*/sa/gone',
  ]) {
    assert.deepEqual(findings(podYaml('x') + account('shop') + policy(silent)), [], silent);
  }
  assert.deepEqual(findings(podYaml('x') + namespace('default') + policy('cluster.local/ns/gone/sa/any')), [path]);
});

test('an account is known from the workloads that run under it, too', () => {
  const entry = istioYaml('WorkloadEntry', 'w', '{address: 127.0.0.1, serviceAccount: pay}');
  const policy = istioYaml('AuthorizationPolicy', 'p', '{rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/pay]}}]}]}');
  assert.deepEqual(findings(entry + policy), []);
});

test('who calls is unknown where mutual TLS is off', () => {
  const policy = istioYaml('AuthorizationPolicy', 'p', '{rules: [{from: [{source: {namespaces: [default]}}]}]}');
  assert.deepEqual(findings(podYaml('x') + policy + peer('q', 'DISABLE')), [
    'WFT0105 AuthorizationPolicy default/p spec.rules[0].from[0].source.namespaces',
  ]);
  for (const rule of ['from: [{source: {trustDomains: [td]}}]', 'when: [{key: source.trustDomain, values: [td]}]']) {
    const asked = istioYaml('AuthorizationPolicy', 'p', `{rules: [{${rule}}]}`);
    assert.equal(findings(podYaml('x') + asked + peer('q', 'DISABLE')).length, 1, rule);
  }
  assert.deepEqual(findings(podYaml('x') + policy + peer('q', 'PERMISSIVE')), []);
  assert.deepEqual(findings(podYaml('x') + policy), []);
});

test('methods are written as requests have them', () => {
  const policy = (method: string) => istioYaml('AuthorizationPolicy', 'p', `{rules: [{to: [{operation: {methods: ["${method}"]}}]}]}`);
  for (const method of ['GET', '*', 'GET*', '*ET', 'PROPFIND']) assert.deepEqual(findings(policy(method)), [], method);
  for (const method of ['get', 'Post', '/shop.Cart/Add']) assert.equal(findings(policy(method)).length, 1, method);
});

test('hosts of policies are services, where the services are known', () => {
  const policy = (host: string) => istioYaml('AuthorizationPolicy', 'p', `{rules: [{to: [{operation: {hosts: ["${host}"]}}]}]}`);
  const legal = [
    'shop.default.svc.cluster.local',
    'shop.default.svc:80',
    'lost.other.svc.cluster.local',
    'api.example.com',
    'lost',
    '*.svc.cluster.local',
  ];
  for (const host of legal) assert.deepEqual(findings(shop + policy(host)), [], host);
  const path = 'spec.rules[0].to[0].operation.hosts[0]';
  assert.deepEqual(findings(shop + policy('lost.default.svc.cluster.local:80')), [`WFT0104 AuthorizationPolicy default/p ${path}`]);
});

test('DestinationRules for one host that contradict each other are reported, those that complete each other are not', () => {
  const subset = (name: string, version: string) =>
    istioYaml('DestinationRule', name, `{host: shop, subsets: [{name: ${version}, labels: {app: shop}}]}`);
  assert.deepEqual(findings(shop + subset('a', 'v1') + subset('b', 'v2')), []);
  assert.deepEqual(findings(shop + subset('a', 'v1') + subset('b', 'v1').replace('{app: shop}', '{}')), [
    'WFT0201 DestinationRule default/b spec.subsets[0]',
  ]);
  assert.deepEqual(findings(shop + rule('a', 'ISTIO_MUTUAL') + rule('b', 'DISABLE')), [
    'WFT0201 DestinationRule default/b spec.trafficPolicy',
  ]);
  assert.deepEqual(findings(shop + rule('a', 'ISTIO_MUTUAL') + rule('b', 'DISABLE', '*.svc.cluster.local')), []);
});

test('a named target port must be a port of a container', () => {
  const named = serviceYaml('shop', 'default', '[{name: http, port: 80, targetPort: web}]');
  const pod = (ports: string) => podYaml('shop').replace('image: app}', `image: app, ports: ${ports}}`);
  assert.deepEqual(findings(named + pod('[{name: web, containerPort: 8080}]')), []);
  assert.deepEqual(findings(named + pod('[{name: admin, containerPort: 8081}]')), [
    'WFT0701 Service default/shop spec.ports[0].targetPort',
  ]);
  assert.deepEqual(findings(named), []);
});

test('hosts of a Sidecar are names of services', () => {
  const sidecar = (host: string) => istioYaml('Sidecar', 's', `{egress: [{hosts: ["${host}"]}]}`);
  for (const host of [
    './*',
    '*/*',
    './shop.default.svc.cluster.local',
    '*/shop.default.svc.cluster.local',
    'unseen/x.unseen.svc.cluster.local',
    '~/*',
    '*/*.example.com',
  ]) {
    assert.deepEqual(findings(shop + sidecar(host)), [], host);
  }
  assert.deepEqual(findings(shop + sidecar('./gone.default.svc.cluster.local')), ['WFT1004 Sidecar default/s spec.egress[0].hosts[0]']);
});

test('weights that do nothing are pointed out', () => {
  const route = (destinations: string) => istioYaml('VirtualService', 'v', `{hosts: [shop], http: [{route: [${destinations}]}]}`);
  assert.deepEqual(findings(shop + route('{destination: {host: shop}, weight: 10}')), [
    'WFT1104 VirtualService default/v spec.http[0].route[0].weight',
  ]);
  assert.deepEqual(findings(shop + route('{destination: {host: shop}, weight: 100}')), []);
  assert.deepEqual(findings(shop + route('{destination: {host: shop}, weight: 10}, {destination: {host: shop}, weight: 90}')), [
    'WFT1105 VirtualService default/v spec.http[0].route[1].destination',
  ]);
});

test('a fault for everybody is reported, one for test requests is not', () => {
  const faulty = (match: string, share: string) =>
    istioYaml(
      'VirtualService',
      'v',
      `{hosts: [shop], http: [{${match}fault: {delay: {percentage: {value: ${share}}, fixedDelay: 5s}}, route: [{destination: {host: shop}}]}]}`,
    );
  assert.deepEqual(findings(shop + faulty('', '1')), ['WFT2001 VirtualService default/v spec.http[0].fault.delay']);
  assert.deepEqual(findings(shop + faulty('match: [{headers: {x-test: {exact: "1"}}}], ', '100')), []);
  assert.deepEqual(findings(shop + faulty('', '0')), []);
});

test('workloads without a policy are told only when asked for', () => {
  const analyzers = ['authorizationpolicy.CoverageAnalyzer'];
  assert.deepEqual(findings(shop), []);
  assert.deepEqual(findings(shop, { analyzers }), ['WFT1301 Pod default/shop metadata.labels']);
  assert.deepEqual(findings(shop + istioYaml('AuthorizationPolicy', 'p', '{}'), { analyzers }), []);
});

test('exporting to a namespace that does not exist is pointed out where namespaces are known', () => {
  const service = istioYaml(
    'ServiceEntry',
    'e',
    '{hosts: [a.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS, exportTo: [gone]}',
  );
  assert.deepEqual(findings(namespace('default') + service), ['WFT0005 ServiceEntry default/e spec.exportTo[0]']);
  assert.deepEqual(findings(service), []);
});

test("checks of our own stay out when an analyzer of Istio's is asked for", () => {
  const conflict = shop + peer('p', 'STRICT') + rule('d', 'DISABLE');
  assert.deepEqual(findings(conflict, { analyzers: ['destinationrule.SubsetSelectPodAnalyzer'] }), []);
});

test('patches that cannot be applied are reported where somebody can tell', () => {
  const filter = istioYaml(
    'EnvoyFilter',
    'f',
    '{configPatches: [{applyTo: CLUSTER, patch: {operation: ADD, value: {name: a}}}, {applyTo: BOOTSTRAP, patch: {operation: MERGE, value: {}}}]}',
  );
  const isPatchApplicable = ({ applyTo }: { readonly applyTo?: string }) => applyTo === 'CLUSTER';
  assert.deepEqual(
    findings(filter, { isPatchApplicable }).filter((finding) => finding.startsWith('WFT')),
    ['WFT2002 EnvoyFilter default/f spec.configPatches[1]'],
  );
  assert.deepEqual(
    findings(filter).filter((finding) => finding.startsWith('WFT')),
    [],
  );
});

test('a Wasm module is reported with what becomes of the traffic', () => {
  const plugin = (strategy: string) => istioYaml('WasmPlugin', 'w', `{url: "oci://example.com/filter:1"${strategy}}`);
  const [open] = messagesOf(plugin(''));
  const [closed] = messagesOf(plugin(', failStrategy: FAIL_CLOSE'));
  assert.deepEqual([open?.code, open?.path, closed?.code, closed?.path], ['WFT2003', 'spec', 'WFT2003', 'spec.failStrategy']);
  assert.match(open?.message ?? '', /left out/);
  assert.match(closed?.message ?? '', /everything it applies to is denied/);
});

test('a denial by HTTP attributes alone is reported unless all ports of the selected workloads are HTTP', () => {
  const policy = istioYaml(
    'AuthorizationPolicy',
    'p',
    '{action: DENY, selector: {matchLabels: {app: shop}}, rules: [{to: [{operation: {methods: [POST]}}]}]}',
  );
  const warning = ['IST0133 AuthorizationPolicy default/p spec.rules[0]'];
  const tcp = '[{name: http, port: 80}, {name: tcp-db, port: 81}]';
  assert.deepEqual(findings(policy), warning, 'nothing is known about the workloads');
  assert.deepEqual(findings(podYaml('shop') + policy), warning, 'nothing is known about the ports');
  assert.deepEqual(findings(serviceYaml('shop', 'default', tcp) + podYaml('shop') + policy), warning);
  assert.deepEqual(findings(shop + policy), []);
  assert.deepEqual(findings(shop + policy, { analyzers: ['schema.ValidationAnalyzer.AuthorizationPolicy'] }), warning);
  const ingress =
    '{workloadSelector: {labels: {app: shop}}, ingress: [{port: {number: 9, protocol: TCP, name: tcp}, defaultEndpoint: "127.0.0.1:9"}]}';
  assert.deepEqual(findings(shop + istioYaml('Sidecar', 's', ingress) + policy), warning);
});
