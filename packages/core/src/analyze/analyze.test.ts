import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import { parseResource, parseYaml } from '../resource/parse.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { createAnalysisCache } from './analysis-cache.ts';
import { analyze, analyzerNames } from './analyze.ts';
import { findings, istioYaml, messagesOf, podYaml, serviceYaml } from './test-findings.ts';

const settings = { meshConfig: defaultMeshConfig, meshNetworks: defaultMeshNetworks };
const lostRoute = istioYaml('VirtualService', 'shop', '{hosts: [shop], http: [{route: [{destination: {host: nowhere}}]}]}');

test('a message says where it stands, why it is so, and where it is explained', () => {
  const [message] = messagesOf(lostRoute);
  assert.ok(message);
  assert.equal(message.code, 'IST0101');
  assert.equal(message.type, 'ReferencedResourceNotFound');
  assert.equal(message.origin, 'VirtualService default/shop');
  assert.deepEqual(message.reference, { file: 'test.yaml', line: 5, column: 54 });
  assert.equal(message.proof[0]?.path, 'spec.http[0].route[0].destination.host');
  assert.match(message.documentationUrl, /analysis\/ist0101\/$/);
});

test('a mesh in which everything fits has no messages', () => {
  const mesh =
    serviceYaml('shop') +
    podYaml('shop') +
    istioYaml('VirtualService', 'shop', '{hosts: [shop], http: [{route: [{destination: {host: shop, subset: v1}}]}]}') +
    istioYaml('DestinationRule', 'shop', '{host: shop, subsets: [{name: v1, labels: {app: shop}}]}');
  assert.deepEqual(findings(mesh), []);
});

test('errors come first, then warnings, then information, each by code and resource', () => {
  const levels = messagesOf(`${lostRoute}${istioYaml('DestinationRule', 'lost', '{host: lost}')}
---
apiVersion: v1
kind: Namespace
metadata: {name: quiet}
`).map(({ level }) => level);
  assert.deepEqual(levels, ['Error', 'Warning', 'Info']);
});

test('an annotation on the resource suppresses codes, or all of them', () => {
  const annotated = (value: string) =>
    lostRoute.replace('namespace: default}', `namespace: default, annotations: {galley.istio.io/analyze-suppress: "${value}"}}`);
  assert.deepEqual(findings(annotated('IST0999,IST0101')), []);
  assert.deepEqual(findings(annotated('*')), []);
  assert.equal(findings(annotated('IST0109')).length, 1);
});

test('the caller suppresses a code for resources whose name matches a pattern, in either spelling', () => {
  const left = (origin: string) => findings(lostRoute, { suppress: [{ code: 'IST0101', origin }] }).length;
  assert.equal(left('VirtualService default/shop'), 0);
  assert.equal(left('VirtualService shop.default'), 0);
  assert.equal(left('*Service*/sh*p'), 0);
  assert.equal(left('VirtualService other/*'), 1);
});

test('a namespace limits the messages to its own resources', () => {
  assert.equal(findings(lostRoute, { namespace: 'default' }).length, 1);
  assert.equal(findings(lostRoute, { namespace: 'other' }).length, 0);
});

test('naming an analyzer runs that one alone', () => {
  assert.deepEqual(findings(lostRoute, { analyzers: ['gateway.SecretAnalyzer'] }), []);
  assert.equal(findings(lostRoute, { analyzers: ['virtualservice.DestinationHostAnalyzer'] }).length, 1);
});

test('no two analyzers have one name', () => {
  assert.equal(new Set(analyzerNames).size, analyzerNames.length);
});

test('system namespaces are left alone', () => {
  assert.deepEqual(findings(lostRoute.replaceAll('namespace: default', 'namespace: kube-system')), []);
});

test('of resources with one name the last one counts', () => {
  assert.deepEqual(findings(lostRoute + istioYaml('VirtualService', 'shop', '{hosts: [shop], http: [{redirect: {uri: /}}]}')), []);
});

test('kinds that Weft does not know, and installations, are no mistakes', () => {
  assert.deepEqual(
    findings(`apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: primary}
spec: {profile: default, values: {global: {meshID: mesh1}}}
---
apiVersion: example.com/v1
kind: Unheard
metadata: {name: of}
spec: 7
`),
    [],
  );
});

test('a cache gives the same messages as an analysis from scratch, also after an edit', () => {
  const before = parseYaml(lostRoute + serviceYaml('shop'), 'a.yaml').resources;
  const cache = createAnalysisCache();
  const withCache = (resources: readonly Resource[]) => JSON.stringify(analyze(createResourceSet(resources), { ...settings, cache }));
  const fresh = (resources: readonly Resource[]) => JSON.stringify(analyze(createResourceSet(resources), settings));
  assert.equal(withCache(before), fresh(before));
  const after = before.map((resource) =>
    resource.ref.kind === 'Service' ? resource : (parseYaml(lostRoute.replace('nowhere', 'shop'), 'a.yaml').resources[0] ?? resource),
  );
  assert.equal(withCache(after), fresh(after));
  assert.deepEqual(JSON.parse(withCache(after)), []);
});

const documents = [
  lostRoute,
  serviceYaml('shop'),
  serviceYaml('cart', 'other'),
  podYaml('shop'),
  podYaml('cart', 'other'),
  istioYaml('PeerAuthentication', 'a', '{mtls: {mode: STRICT}}'),
  istioYaml('PeerAuthentication', 'b', '{mtls: {mode: DISABLE}}'),
  istioYaml('DestinationRule', 'shop', '{host: shop, trafficPolicy: {tls: {mode: DISABLE}}}'),
  istioYaml('DestinationRule', 'shop-too', '{host: shop, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}'),
  istioYaml('Sidecar', 'x', '{workloadSelector: {labels: {app: shop}}, egress: [{hosts: ["./*"]}]}'),
  istioYaml('Sidecar', 'y', '{workloadSelector: {labels: {app: shop}}, egress: [{hosts: ["./*"]}]}'),
  istioYaml('Telemetry', 't', '{accessLogging: [{}]}'),
  istioYaml(
    'Gateway',
    'g',
    '{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}',
  ),
  istioYaml(
    'Gateway',
    'h',
    '{selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}',
  ),
].map((text) => parseYaml(text, 'a.yaml').resources);

test('a cache gives the same messages as an analysis from scratch whatever comes and goes', () => {
  const cache = createAnalysisCache();
  const options = { ...settings, meshConfig: { ...settings.meshConfig } };
  fc.assert(
    fc.property(fc.subarray(documents), (some) => {
      const set = createResourceSet(some.flat());
      assert.deepEqual(analyze(set, { ...options, cache }), analyze(set, settings));
    }),
    { numRuns: 300 },
  );
});

test('the order of documents does not matter', () => {
  const all = (order: readonly (readonly Resource[])[]) => JSON.stringify(analyze(createResourceSet(order.flat()), settings));
  const expected = all(documents);
  assert.ok(JSON.parse(expected).length > 8);
  fc.assert(
    fc.property(fc.shuffledSubarray(documents, { minLength: documents.length }), (order) => all(order) === expected),
    { numRuns: 40 },
  );
});

const kinds = [
  ['networking.istio.io/v1', 'VirtualService'],
  ['networking.istio.io/v1', 'DestinationRule'],
  ['networking.istio.io/v1', 'Gateway'],
  ['networking.istio.io/v1', 'ServiceEntry'],
  ['networking.istio.io/v1', 'Sidecar'],
  ['networking.istio.io/v1', 'WorkloadEntry'],
  ['networking.istio.io/v1', 'WorkloadGroup'],
  ['networking.istio.io/v1alpha3', 'EnvoyFilter'],
  ['networking.istio.io/v1beta1', 'ProxyConfig'],
  ['security.istio.io/v1', 'AuthorizationPolicy'],
  ['security.istio.io/v1', 'PeerAuthentication'],
  ['security.istio.io/v1', 'RequestAuthentication'],
  ['telemetry.istio.io/v1', 'Telemetry'],
  ['extensions.istio.io/v1alpha1', 'WasmPlugin'],
  ['v1', 'Service'],
  ['v1', 'Pod'],
  ['v1', 'Namespace'],
  ['v1', 'Secret'],
  ['v1', 'ConfigMap'],
  ['apps/v1', 'Deployment'],
  ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'],
  ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
  ['gateway.networking.k8s.io/v1', 'Gateway'],
  ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
  ['gateway.networking.k8s.io/v1', 'ReferenceGrant'],
] as const;

const words = [
  'spec',
  'host',
  'hosts',
  'http',
  'tcp',
  'tls',
  'route',
  'destination',
  'match',
  'uri',
  'headers',
  'gateways',
  'servers',
  'port',
  'number',
  'selector',
  'matchLabels',
  'labels',
  'subsets',
  'name',
  'trafficPolicy',
  'rules',
  'from',
  'source',
  'principals',
  'namespaces',
  'to',
  'operation',
  'methods',
  'mtls',
  'mode',
  'ports',
  'template',
  'containers',
  'webhooks',
  'clientConfig',
  'configPatches',
  'patch',
  'value',
  'endpoints',
  'egress',
  'workloadSelector',
  'parentRefs',
  'backendRefs',
  'listeners',
  'fault',
  'delay',
  'mirror',
  'mirrors',
  'accessLogging',
  'data',
  'values',
  'status',
  'conditions',
  'portLevelMtls',
];
const leaf = fc.oneof(
  fc.constantFrom(...words, '*', './*', 'mesh', 'STRICT', 'shop', 'shop.default.svc.cluster.local', ''),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 4 }),
  ),
}));

test('whatever resources hold, analysis answers', () => {
  const resource = fc.tuple(
    fc.constantFrom(...kinds),
    fc.constantFrom('shop', 'cart', ''),
    fc.dictionary(fc.constantFrom(...words), anything, { maxKeys: 5 }),
    anything,
  );
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 8 }), (drawn) => {
      const resources = drawn.flatMap(([[apiVersion, kind], name, spec, extra]) => {
        const value = { apiVersion, kind, metadata: { name }, spec, data: extra, webhooks: extra, status: extra };
        return parseResource(value, { file: 'a.yaml', line: 1, text: '' }, 'default') ?? [];
      });
      analyze(createResourceSet(resources), settings);
      analyze(createResourceSet(resources), { ...settings, analyzers: analyzerNames });
    }),
    { numRuns: 600 },
  );
});
