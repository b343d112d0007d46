import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, istioYaml, podYaml, serviceYaml } from './test-findings.ts';

// Work in proportion to the square of these sets takes minutes, in proportion to their size a second; the limit is for the slowest machine.
const limit = { timeout: 120_000 };
const count = 1000;

const times = (make: (index: number) => string): string => Array.from({ length: count }, (_, index) => make(index)).join('');

test('objects that all select each other are looked at in bounded time', limit, () => {
  const selector = '{matchLabels: {app: a}}';
  const mesh = [
    times((i) => podYaml(`p${i}`, 'default', '{app: a, gateway.networking.k8s.io/gateway-name: g}')),
    times((i) => serviceYaml(`s${i}`).replace(`{app: s${i}}`, '{app: a}')),
    times((i) =>
      istioYaml('AuthorizationPolicy', `d${i}`, `{selector: ${selector}, action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}`),
    ),
    times((i) => istioYaml('PeerAuthentication', `m${i}`, `{selector: ${selector}, mtls: {mode: STRICT}}`)),
    times((i) => istioYaml('Telemetry', `t${i}`, `{selector: ${selector}}`)),
    times((i) => istioYaml('Sidecar', `s${i}`, '{workloadSelector: {labels: {app: a}}, egress: [{hosts: ["./*"]}]}')),
  ];
  const found = findings(mesh.join(''));
  const perCode = (code: string): number => found.filter((finding) => finding.startsWith(code)).length;
  assert.equal(perCode('IST0110'), count);
  assert.equal(perCode('IST0159'), count);
  assert.equal(perCode('WFT0003'), count - 1);
});

test('gateways, certificates and hosts by the thousand are looked at in bounded time', limit, () => {
  const server = 'hosts: ["*"], port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: same}';
  const mesh = [
    times((i) => istioYaml('Gateway', `g${i}`, `{selector: {istio: ingressgateway}, servers: [{${server}}]}`)),
    times((i) => istioYaml('Gateway', `o${i}`, `{selector: {app: o${i}}, servers: [{${server}}]}`)),
    times((i) => podYaml(`o${i}`)),
    times((i) => serviceYaml(`o${i}`)),
    times((i) => istioYaml('VirtualService', `v${i}`, '{hosts: [a.com], http: [{route: [{destination: {host: a.com}}]}]}')),
    times((i) =>
      istioYaml(
        'ServiceEntry',
        `e${i}`,
        `{hosts: ["*.h${i}.com", a.com], ports: [{number: 80, name: p, protocol: ${i % 2 ? 'HTTP' : 'TLS'}}]}`,
      ),
    ),
    times((i) => istioYaml('DestinationRule', `d${i}`, '{host: a.com, subsets: [{name: v1, labels: {version: v1}}]}')),
  ];
  const found = findings(mesh.join(''));
  const perCode = (code: string): number => found.filter((finding) => finding.startsWith(code)).length;
  assert.deepEqual(['IST0138', 'IST0145', 'IST0109', 'IST0177'].map(perCode), [count, count, count, count]);
});
