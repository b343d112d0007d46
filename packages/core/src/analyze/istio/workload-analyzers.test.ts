import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, findingsOf, istioYaml, podYaml, serviceYaml } from '../test-findings.ts';

const namespace = (name: string, labels = '{istio-injection: enabled}') =>
  `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: ${labels}}\n`;
const deployment = (name: string, template: string, labels = '{}') =>
  `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: default, labels: ${labels}}\nspec: {template: ${template}}\n`;

test('a policy needs a workload with a sidecar, in its namespace', () => {
  const analyzer = 'auth.AuthorizationPoliciesAnalyzer';
  const policy = istioYaml('AuthorizationPolicy', 'p', '{selector: {matchLabels: {app: shop}}}');
  assert.deepEqual(findingsOf(analyzer, policy + podYaml('shop')), []);
  assert.deepEqual(findingsOf(analyzer, policy + podYaml('shop', 'other')), [
    'IST0127 AuthorizationPolicy default/p spec.selector.matchLabels',
  ]);
  assert.deepEqual(findingsOf(analyzer, policy + podYaml('shop').replace('{name: istio-proxy, image: proxy}', '{name: b}')), [
    'IST0127 AuthorizationPolicy default/p spec.selector.matchLabels',
  ]);
});

test('a policy is not said to select nothing where nothing is known of what runs, or where pods will come', () => {
  const policy = istioYaml('AuthorizationPolicy', 'p', '{selector: {matchLabels: {app: shop}}}');
  assert.deepEqual(findings(policy), []);
  assert.deepEqual(findings(policy + podYaml('shop', 'other')), []);
  assert.deepEqual(findings(podYaml('cart') + policy + deployment('shop', '{metadata: {labels: {app: shop}}}')), []);
  assert.equal(findings(podYaml('cart') + policy).length, 1);
});

test('a pod may be in the mesh unless its namespace or the pod itself says no', () => {
  const pod = podYaml('shop').replace('{name: istio-proxy, image: proxy}', '{name: b}');
  const mesh = istioYaml('AuthorizationPolicy', 'p', '{selector: {matchLabels: {app: shop}}}') + pod;
  const unselected = (yaml: string) => findings(yaml).filter((finding) => finding.startsWith('IST0127')).length;
  assert.equal(unselected(mesh), 0);
  assert.equal(unselected(mesh + namespace('default', '{istio.io/rev: canary}')), 0);
  assert.equal(unselected(mesh + namespace('default', '{istio.io/dataplane-mode: ambient}')), 0);
  assert.equal(unselected(mesh + namespace('default', '{}')), 1);
  assert.equal(unselected(mesh.replace('labels: {app: shop}', 'labels: {app: shop, sidecar.istio.io/inject: "false"}')), 1);
});

test('WorkloadEntries are workloads', () => {
  const entry = istioYaml('WorkloadEntry', 'w', '{address: 127.0.0.1, labels: {app: shop}}');
  assert.deepEqual(findings(entry + istioYaml('AuthorizationPolicy', 'p', '{selector: {matchLabels: {app: shop}}}')), []);
});

test('a policy for the mesh selects workloads of every namespace', () => {
  const policy = istioYaml('AuthorizationPolicy', 'p', '{selector: {matchLabels: {app: shop}}}', 'istio-system');
  assert.deepEqual(findingsOf('auth.AuthorizationPoliciesAnalyzer', policy + podYaml('shop')), []);
});

test('namespaces of sources must exist; prefixes and suffixes may match any', () => {
  const policy = (names: string) => istioYaml('AuthorizationPolicy', 'p', `{rules: [{from: [{source: {namespaces: ${names}}}]}]}`);
  const mesh = (names: string) => podYaml('shop') + namespace('default') + namespace('shop-test') + policy(names);
  const analyzer = 'auth.AuthorizationPoliciesAnalyzer';
  assert.deepEqual(findingsOf(analyzer, mesh('["default", "shop-*", "*-test", "*"]')), []);
  assert.deepEqual(findingsOf(analyzer, mesh('[gone, "x-*"]')), [
    'IST0101 AuthorizationPolicy default/p spec.rules[0].from[0].source.namespaces[0]',
    'IST0101 AuthorizationPolicy default/p spec.rules[0].from[0].source.namespaces[1]',
  ]);
  assert.deepEqual(findings(podYaml('shop') + policy('[gone]')), []);
  assert.equal(findings(mesh('[gone, "x-*"]')).length, 1);
});

test('a Sidecar that selects nothing, and two that select one workload, are reported', () => {
  const analyzer = 'sidecar.SelectorAnalyzer';
  const sidecar = (name: string, app: string) => istioYaml('Sidecar', name, `{workloadSelector: {labels: {app: ${app}}}}`);
  assert.deepEqual(findingsOf(analyzer, podYaml('shop') + sidecar('a', 'shop')), []);
  assert.deepEqual(findingsOf(analyzer, podYaml('shop') + sidecar('a', 'gone')), [
    'IST0101 Sidecar default/a spec.workloadSelector.labels',
  ]);
  assert.deepEqual(findingsOf(analyzer, podYaml('shop') + sidecar('a', 'shop') + sidecar('b', 'shop')), [
    'IST0110 Sidecar default/a spec.workloadSelector.labels',
    'IST0110 Sidecar default/b spec.workloadSelector.labels',
  ]);
});

test('two Sidecars for a whole namespace are reported, in ambient mode every one', () => {
  const whole = istioYaml('Sidecar', 'a', '{egress: []}') + istioYaml('Sidecar', 'b', '{egress: []}');
  assert.deepEqual(findingsOf('sidecar.SelectorAnalyzer', whole), ['IST0111 Sidecar default/a spec', 'IST0111 Sidecar default/b spec']);
  assert.equal(findingsOf('sidecar.DefaultSelectorAnalyzer', whole).length, 2);
  const ambient = namespace('default', '{istio.io/dataplane-mode: ambient}') + istioYaml('Sidecar', 'a', '{egress: []}');
  assert.deepEqual(findingsOf('sidecar.SelectorAnalyzer', ambient), ['IST0167 Sidecar default/a spec.workloadSelector']);
});

test('Telemetries are judged by the same rules', () => {
  const telemetry = (name: string, spec: string) => istioYaml('Telemetry', name, spec);
  const selecting = '{selector: {matchLabels: {app: shop}}}';
  assert.deepEqual(findingsOf('telemetry.SelectorAnalyzer', podYaml('shop') + telemetry('a', selecting) + telemetry('b', selecting)), [
    'IST0159 Telemetry default/a spec.selector.matchLabels',
    'IST0159 Telemetry default/b spec.selector.matchLabels',
  ]);
  assert.deepEqual(findingsOf('telemetry.SelectorAnalyzer', telemetry('a', selecting)), [
    'IST0101 Telemetry default/a spec.selector.matchLabels',
  ]);
  assert.equal(
    findingsOf('telemetry.DefaultSelectorAnalyzer', telemetry('a', '{tracing: []}') + telemetry('b', '{metrics: []}')).length,
    2,
  );
});

test('access logging needs a provider from somewhere', () => {
  const telemetry = istioYaml('Telemetry', 't', '{accessLogging: [{}, {disabled: true}, {providers: [{name: envoy}]}]}');
  const analyzer = 'telemetry.ProviderAnalyzer';
  assert.deepEqual(findingsOf(analyzer, telemetry), ['IST0157 Telemetry default/t spec.accessLogging[0]']);
  assert.deepEqual(findingsOf(analyzer, telemetry, { meshConfig: { defaultProviders: { accessLogging: ['envoy'] } } }), []);
});

test('a namespace should say whether its pods get sidecars', () => {
  const analyzer = 'injection.Analyzer';
  assert.deepEqual(findingsOf(analyzer, namespace('a', '{}')), ['IST0102 Namespace a metadata.name']);
  for (const labels of [
    '{istio-injection: enabled}',
    '{istio-injection: disabled}',
    '{istio.io/rev: canary}',
    '{istio.io/dataplane-mode: ambient}',
  ]) {
    assert.deepEqual(findingsOf(analyzer, namespace('a', labels)), [], labels);
  }
  assert.deepEqual(findingsOf(analyzer, namespace('a', '{istio-injection: enabled, istio.io/rev: canary}')), [
    'IST0123 Namespace a metadata.labels',
  ]);
  assert.deepEqual(findingsOf(analyzer, namespace('a', '{istio-injection: disabled, istio.io/rev: canary}')), []);
});

test('a pod of an injected namespace should have its sidecar, unless it refuses', () => {
  const bare = (more = '') =>
    `---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a${more}}\nspec: {containers: [{name: app, image: x}]}\n`;
  assert.deepEqual(findingsOf('injection.Analyzer', namespace('a') + bare()), ['IST0103 Pod a/p spec.containers']);
  assert.deepEqual(findingsOf('injection.Analyzer', namespace('a') + bare(', labels: {sidecar.istio.io/inject: "false"}')), []);
  const native = bare().replace('spec: {', 'spec: {initContainers: [{name: istio-proxy, image: proxy}], ');
  assert.deepEqual(findingsOf('injection.Analyzer', namespace('a') + native), []);
});

test('sidecars of another version than the injector puts in are reported for their namespace', () => {
  const config = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-sidecar-injector, namespace: istio-system}\ndata: {values: '{"global": {"hub": "hub", "tag": "2", "proxy": {"image": "proxyv2"}}}'}\n`;
  const pod = (image: string) => podYaml('p', 'a').replace('image: proxy}', `image: "${image}"}`);
  const analyzer = 'injection.ImageAnalyzer';
  assert.deepEqual(findingsOf(analyzer, config + namespace('a') + pod('hub/proxyv2:2')), []);
  assert.deepEqual(findingsOf(analyzer, config + namespace('a') + pod('hub/proxyv2:1')), ['IST0158 Namespace a metadata.name']);
  const distroless = config + namespace('a') + pod('hub/proxyv2:2-distroless');
  assert.equal(findingsOf(analyzer, distroless).length, 1);
  assert.deepEqual(findingsOf(analyzer, distroless, { meshConfig: { defaultConfig: { image: { imageType: 'distroless' } } } }), []);
  assert.deepEqual(findingsOf(analyzer, config + namespace('a', '{}') + pod('hub/proxyv2:1')), []);
});

test('image auto needs a webhook that selects the pods', () => {
  const analyzer = 'injection.ImageAutoAnalyzer';
  const auto = deployment('d', '{spec: {containers: [{name: istio-proxy, image: auto}]}}');
  const webhook = `---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks: [{name: namespace.sidecar-injector.istio.io, namespaceSelector: {matchLabels: {istio-injection: enabled}}}]\n`;
  assert.deepEqual(findingsOf(analyzer, auto), ['IST0146 Deployment default/d spec.template.spec.containers']);
  assert.deepEqual(findingsOf(analyzer, auto + webhook + namespace('default')), []);
  assert.deepEqual(findingsOf(analyzer, podYaml('p').replace('image: proxy}', 'image: auto}') + webhook + namespace('default')), [
    'IST0147 Pod default/p spec.containers',
  ]);
});

test('services that share a deployment must agree on its ports', () => {
  const analyzer = 'deployment.MultiServiceAnalyzer';
  const shared = deployment('d', '{metadata: {labels: {app: a, also: b}}, spec: {containers: [{name: istio-proxy, image: x}]}}');
  const service = (name: string, selector: string, port: string) =>
    serviceYaml(name, 'default', `[${port}]`).replace(`selector: {app: ${name}}`, `selector: {${selector}}`);
  const two = (a: string, b: string) => findingsOf(analyzer, shared + service('one', 'app: a', a) + service('two', 'also: b', b));
  assert.deepEqual(two('{port: 80, protocol: TCP}', '{port: 80, protocol: UDP}'), ['IST0116 Deployment default/d metadata.name']);
  assert.deepEqual(two('{port: 80, targetPort: 8080}', '{port: 81, targetPort: 8080}'), ['IST0137 Deployment default/d metadata.name']);
  assert.deepEqual(two('{port: 80, targetPort: 8080}', '{port: 80, targetPort: 8080}'), []);
});

test('applications must not run as the user of the sidecar', () => {
  const analyzer = 'applicationUID.Analyzer';
  const pod = (spec: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec: ${spec}\n`;
  assert.deepEqual(
    findingsOf(analyzer, pod('{securityContext: {runAsUser: 1337}, containers: [{name: a, securityContext: {runAsUser: 1337}}]}')),
    ['IST0144 Pod a/p spec.securityContext.runAsUser'],
  );
  assert.deepEqual(findingsOf(analyzer, pod('{containers: [{name: istio-proxy, securityContext: {runAsUser: 1337}}]}')), []);
});

test('policies that select gateways of the Gateway API by label have no effect', () => {
  const pod = podYaml('g', 'default', '{gateway.networking.k8s.io/gateway-name: edge, app: g}');
  const policy = (spec: string) => istioYaml('RequestAuthentication', 'r', spec);
  assert.deepEqual(findingsOf('k8sgateway.SelectorAnalyzer', pod + policy('{selector: {matchLabels: {app: g}}}')), [
    'IST0166 RequestAuthentication default/r spec.selector',
  ]);
  assert.deepEqual(findingsOf('k8sgateway.SelectorAnalyzer', pod + policy('{selector: {matchLabels: {app: x}}}')), []);
});

test('istiod should not fetch keys from everywhere', () => {
  const istiod = (env: string) => deployment('istiod', `{spec: {containers: [{name: discovery, env: [${env}]}]}}`, '{app: istiod}');
  const policy = istioYaml('RequestAuthentication', 'r', '{}');
  assert.deepEqual(findingsOf('authn.BlockedCIDRsAnalyzer', istiod('') + policy), [
    'IST0175 Deployment default/istiod spec.template.spec.containers',
  ]);
  assert.deepEqual(findingsOf('authn.BlockedCIDRsAnalyzer', istiod('{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: 10.0.0.0/8}') + policy), []);
  assert.deepEqual(findingsOf('authn.BlockedCIDRsAnalyzer', istiod('')), []);
});
