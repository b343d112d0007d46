import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../resource/parse.ts';
import { createResourceSet } from '../../resource/resource-set.ts';
import { findings, findingsOf, istioYaml, podYaml, serviceYaml } from '../test-findings.ts';

const annotated = (kind: string, annotations: string, more = '') =>
  `apiVersion: ${kind === 'Deployment' ? 'apps/v1' : 'v1'}\nkind: ${kind}\nmetadata: {name: x, namespace: a, annotations: {${annotations}}${more}}\nspec: {}\n`;

test("annotations of Istio's are checked for name, place, age and value", () => {
  const analyzer = 'annotations.K8sAnalyzer';
  const codes = (yaml: string) => findingsOf(analyzer, yaml).map((finding) => finding.slice(0, 7));
  assert.deepEqual(codes(annotated('Pod', 'sidecar.istio.io/proxyCPU: "1", example.com/x: y')), []);
  assert.deepEqual(codes(annotated('Pod', 'sidecar.istio.io/proxyCpu: "1"')), ['IST0108']);
  assert.deepEqual(codes(annotated('Service', 'sidecar.istio.io/proxyCPU: "1"')), ['IST0107']);
  assert.deepEqual(codes(annotated('Pod', 'sidecar.istio.io/inject: "true"')), ['IST0135']);
  assert.deepEqual(codes(annotated('Pod', 'sidecar.istio.io/inject: "true"', ', labels: {sidecar.istio.io/inject: "true"}')), []);
  assert.deepEqual(codes(annotated('Deployment', 'sidecar.istio.io/statsInclusionPrefixes: x')), ['IST0107', 'IST0135']);
  assert.deepEqual(codes(annotated('Pod', 'kubernetes.io/ingress.class: x')), ['IST0107']);
});

test('values of annotations that injection reads must be readable', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['traffic.sidecar.istio.io/includeInboundPorts', '*', true],
    ['traffic.sidecar.istio.io/includeInboundPorts', '80, 90', true],
    ['traffic.sidecar.istio.io/excludeInboundPorts', '*', false],
    ['traffic.sidecar.istio.io/excludeOutboundPorts', '80,x', false],
    ['traffic.sidecar.istio.io/includeOutboundIPRanges', '10.0.0.0/8,fd00::/8', true],
    ['traffic.sidecar.istio.io/excludeOutboundIPRanges', '10.0.0.1', false],
    ['sidecar.istio.io/interceptionMode', 'NONE', true],
    ['sidecar.istio.io/interceptionMode', 'redirect', false],
    ['readiness.status.sidecar.istio.io/periodSeconds', '-1', false],
    ['prometheus.istio.io/merge-metrics', 'yes', false],
    ['proxy.istio.io/config', 'concurrency: 2', true],
    ['proxy.istio.io/config', 'two', false],
    ['proxy.istio.io/config', 'tracing: {sampling: 10, zipkin: {address: collector:9411}}', true],
    ['proxy.istio.io/config', 'concurrency: two', false],
    ['proxy.istio.io/config', 'statusPort: 0', false],
    ['proxy.istio.io/config', 'drainDuration: 1500ms', false],
    ['proxy.istio.io/config', 'ofTheFuture: 1', true],
  ];
  for (const [name, value, isValid] of table) {
    const found = findingsOf('annotations.K8sAnalyzer', annotated('Pod', `${name}: "${value}"`));
    assert.equal(found.length, isValid ? 0 : 1, `${name}: ${value}`);
  }
});

test('annotations of alpha features are told only when asked for', () => {
  const pod = annotated('Pod', 'sidecar.istio.io/proxyCPU: "1", istio.io/rev: x');
  assert.equal(findingsOf('annotations.AlphaAnalyzer', pod).length, 1);
  assert.deepEqual(findings(pod), []);
});

test('service ports should say their protocol', () => {
  const analyzer = 'service.PortNameAnalyzer';
  const named = (port: string) => findingsOf(analyzer, serviceYaml('s', 'default', `[${port}]`)).length;
  for (const port of [
    '{name: http, port: 1}',
    '{name: HTTP2-x, port: 1}',
    '{name: grpc-web-x, port: 1}',
    '{name: x, appProtocol: kubernetes.io/h2c, port: 1}',
    '{name: x, port: 3306}',
    '{name: x, port: 1, protocol: UDP}',
  ]) {
    assert.equal(named(port), 0, port);
  }
  for (const port of ['{port: 1}', '{name: web, port: 1}', '{name: httpx, port: 1}', '{name: http, appProtocol: x, port: 1}'])
    assert.equal(named(port), 1, port);
  const external = (name: string) =>
    findingsOf(analyzer, serviceYaml('s', 'default', `[{name: ${name}, port: 1}]`).replace('spec: {', 'spec: {type: ExternalName, '));
  assert.deepEqual(external('tcp'), ['IST0150 Service default/s spec.ports[0].port']);
  assert.deepEqual(external('https'), []);
});

test('TCP ports of a ServiceEntry need addresses, unless addresses are allocated', () => {
  const analyzer = 'serviceentry.Analyzer';
  const entry = (fields: string) =>
    istioYaml(
      'ServiceEntry',
      'e',
      `{hosts: [a.com], ports: [{number: 1, name: a, protocol: tcp}, {number: 2, name: b}, {number: 3, name: c, protocol: HTTP}]${fields}}`,
    );
  assert.deepEqual(findingsOf(analyzer, entry('')), [
    'IST0134 ServiceEntry default/e spec.ports[0]',
    'IST0134 ServiceEntry default/e spec.ports[1]',
  ]);
  assert.deepEqual(findingsOf(analyzer, entry(', addresses: [10.0.0.1]')), []);
  const proxyMetadata = { ISTIO_META_DNS_CAPTURE: 'true', ISTIO_META_DNS_AUTO_ALLOCATE: 'true' };
  assert.deepEqual(findingsOf(analyzer, entry(''), { meshConfig: { defaultConfig: { proxyMetadata } } }), []);
});

test('ServiceEntries that contradict each other about a protocol are both reported', () => {
  const analyzer = 'serviceentry.ConflictingServiceEntryProtocolAnalyzer';
  const entry = (name: string, protocol: string, more = '') =>
    istioYaml('ServiceEntry', name, `{hosts: [a.com], ports: [{number: 1, name: p, protocol: ${protocol}}]${more}}`);
  assert.equal(findingsOf(analyzer, entry('a', 'HTTP') + entry('b', 'TCP')).length, 2);
  assert.equal(findingsOf(analyzer, entry('a', 'HTTP') + entry('b', 'http')).length, 0);
  assert.equal(findingsOf(analyzer, entry('a', 'HTTP', ', exportTo: [one]') + entry('b', 'TCP', ', exportTo: [two]')).length, 0);
  assert.equal(findingsOf(analyzer, entry('a', 'HTTP', ', exportTo: [one]') + entry('b', 'TCP')).length, 2);
});

test('servers whose certificate nobody verifies are reported', () => {
  const analyzer = 'destinationrule.CaCertificateAnalyzer';
  const rule = (tls: string, more = '') => istioYaml('DestinationRule', 'd', `{host: a.com, trafficPolicy: {tls: ${tls}}${more}}`);
  const path = 'IST0128 DestinationRule default/d spec.trafficPolicy.tls.caCertificates';
  assert.deepEqual(findingsOf(analyzer, rule('{mode: SIMPLE}')), [path]);
  assert.deepEqual(findingsOf(analyzer, rule('{mode: SIMPLE, caCertificates: /ca.pem}')), []);
  assert.deepEqual(findingsOf(analyzer, rule('{mode: ISTIO_MUTUAL}')), []);
  assert.deepEqual(findingsOf(analyzer, rule('{mode: SIMPLE, credentialName: c}', ', workloadSelector: {matchLabels: {a: b}}')), []);
  const external = istioYaml(
    'ServiceEntry',
    'e',
    '{hosts: [a.com], ports: [{number: 443, name: https, protocol: HTTPS}], resolution: DNS}',
  );
  assert.deepEqual(findings(external + rule('{mode: SIMPLE}')), []);
  assert.deepEqual(findings(external + rule('{mode: SIMPLE, insecureSkipVerify: true}')), [path]);
});

test('subsets must select workloads, counting labels that come from the node', () => {
  const analyzer = 'destinationrule.SubsetSelectPodAnalyzer';
  const rule = (labels: string, host = 'shop') =>
    istioYaml('DestinationRule', 'd', `{host: "${host}", subsets: [{name: s, labels: ${labels}}]}`);
  const node = '---\napiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: {topology.kubernetes.io/zone: z}}\n';
  const mesh = serviceYaml('shop') + podYaml('shop').replace('spec: {', 'spec: {nodeName: node-1, ') + node;
  assert.deepEqual(findingsOf(analyzer, mesh + rule('{app: shop, topology.kubernetes.io/zone: z}')), []);
  assert.deepEqual(findingsOf(analyzer, mesh + rule('{app: gone}')), ['IST0173 DestinationRule default/d spec.subsets[0]']);
  assert.deepEqual(findingsOf(analyzer, mesh + rule('{app: shop}', 'gone')), ['IST0174 DestinationRule default/d spec.host']);
  assert.deepEqual(findings(serviceYaml('shop') + rule('{app: gone}')), []);
  assert.deepEqual(findings(mesh + rule('{app: shop}', '*.default.svc.cluster.local')), []);
});

test('subsets of a ServiceEntry may select its endpoints', () => {
  const entry = istioYaml(
    'ServiceEntry',
    'e',
    '{hosts: [a.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: STATIC, endpoints: [{address: 10.0.0.1, labels: {v: "1"}}]}',
  );
  const rule = (v: string) => istioYaml('DestinationRule', 'd', `{host: a.com, subsets: [{name: s, labels: {v: "${v}"}}]}`);
  const route = istioYaml('VirtualService', 'v', '{hosts: [a.com], http: [{route: [{destination: {host: a.com, subset: s}}]}]}');
  assert.deepEqual(findings(podYaml('x') + entry + rule('1') + route), []);
  assert.equal(findings(podYaml('x') + entry + rule('2') + route).length, 1);
});

test('an empty subset that no route leads to does no harm', () => {
  const mesh =
    podYaml('a') + serviceYaml('a') + istioYaml('DestinationRule', 'd', '{host: a, subsets: [{name: later, labels: {version: v2}}]}');
  assert.deepEqual(findings(mesh), []);
  const route = istioYaml('VirtualService', 'v', '{hosts: [a], http: [{route: [{destination: {host: a, subset: later}}]}]}');
  assert.deepEqual(findings(mesh + route), ['IST0173 DestinationRule default/d spec.subsets[0]']);
  assert.equal(findingsOf('destinationrule.SubsetSelectPodAnalyzer', mesh).length, 1, "Istio's analyzer tells of every empty subset");
});

test('EnvoyFilter patches that do nothing are reported, and those that depend on order', () => {
  const filter = (applyTo: string, operation: string, more = '') =>
    istioYaml('EnvoyFilter', 'f', `{configPatches: [{applyTo: ${applyTo}, patch: {operation: ${operation}, value: {name: x}}}]${more}}`);
  const code = (yaml: string) => findingsOf('envoyfilter.EnvoyPatchAnalyzer', yaml).map((finding) => finding.slice(0, 7));
  const table: readonly (readonly [string, readonly string[]])[] = [
    [filter('HTTP_ROUTE', 'ADD'), ['IST0153']],
    [filter('HTTP_ROUTE', 'REMOVE'), ['IST0154']],
    [filter('CLUSTER', 'REPLACE'), ['IST0152']],
    [filter('HTTP_FILTER', 'REPLACE'), ['IST0151']],
    [filter('HTTP_FILTER', 'INSERT_BEFORE'), ['IST0151']],
    [filter('HTTP_FILTER', 'INSERT_BEFORE', ', priority: 10'), []],
    [filter('HTTP_FILTER', 'INSERT_FIRST'), []],
    [filter('CLUSTER', 'MERGE'), []],
  ];
  for (const [yaml, want] of table) assert.deepEqual(code(yaml), want, yaml);
  const versioned = istioYaml(
    'EnvoyFilter',
    'f',
    '{configPatches: [{applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: "1"}}, patch: {operation: ADD, value: {name: x}}}, {applyTo: HTTP_FILTER, patch: {operation: INSERT_AFTER, value: {name: x}}}]}',
  );
  assert.deepEqual(code(versioned), ['IST0155']);
});

test('fields and kinds that Istio has given up are pointed out', () => {
  const analyzer = 'deprecation.DeprecationAnalyzer';
  assert.equal(
    findingsOf(
      analyzer,
      istioYaml('VirtualService', 'v', '{hosts: [a], http: [{fault: {delay: {percent: 5}}}, {fault: {delay: {percent: 6}}}]}'),
    ).length,
    1,
  );
  assert.equal(findingsOf(analyzer, istioYaml('Sidecar', 's', '{outboundTrafficPolicy: {egressProxy: {host: x}}}')).length, 1);
  const definition =
    'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {group: rbac.istio.io, names: {kind: ServiceRole}}\n';
  assert.equal(findingsOf(analyzer, definition).length, 1);
});

test('conditions by which a controller says that something does not work are passed on', () => {
  const conditions = (...list: string[]) => `[${list.map((condition) => `{${condition}}`).join(', ')}]`;
  const found = (yaml: string, status: string) => findingsOf('conditions.ConditionAnalyzer', `${yaml}status: ${status}\n`);
  const entry = istioYaml('ServiceEntry', 'e', '{hosts: [a.com]}');
  const bound = 'type: istio.io/WaypointBound, status: "False", reason: NoWaypoint';
  assert.deepEqual(found(entry, `{conditions: ${conditions('type: Other, status: "False"', bound)}}`), [
    'IST0171 ServiceEntry default/e status.conditions[1]',
  ]);
  assert.deepEqual(found(entry, `{conditions: ${conditions(bound.replace('False', 'True'))}}`), []);
  const policy = istioYaml('AuthorizationPolicy', 'p', '{}');
  assert.equal(found(policy, `{conditions: ${conditions('type: WaypointAccepted, status: "True", reason: PartiallyInvalid')}}`).length, 1);
  const route = 'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: default}\nspec: {}\n';
  const refused = 'type: Accepted, status: "False", reason: NoMatchingParent';
  const parents = `{parents: [{conditions: ${conditions('type: ResolvedRefs, status: "True"', refused)}}, {conditions: ${conditions(refused)}}]}`;
  assert.deepEqual(
    found(route, parents),
    ['IST0171 HTTPRoute default/r status.parents[0].conditions[1]'],
    'the same condition is told once',
  );
  assert.deepEqual(found(route.replace('HTTPRoute', 'Gateway'), `{conditions: ${conditions(refused)}}`), [
    'IST0171 Gateway default/r status.conditions[0]',
  ]);
});

test('definitions of the Gateway API must be new enough', () => {
  const definition = (name: string, version: string) =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: ${name}.gateway.networking.k8s.io, annotations: {gateway.networking.k8s.io/bundle-version: ${version}}}\nspec: {}\n`;
  const analyzer = 'k8sgateway.CRDVersionAnalyzer';
  assert.equal(findingsOf(analyzer, definition('tlsroutes', 'v1.4.1')).length, 1);
  assert.equal(findingsOf(analyzer, definition('tlsroutes', 'v1.5.0-rc.1')).length, 0);
  assert.equal(findingsOf(analyzer, definition('httproutes', 'v0.1.0')).length, 0);
});

test('networks name registries that exist', () => {
  const meshNetworks = {
    networks: { n: { endpoints: [{ fromRegistry: 'Kubernetes' }, { fromRegistry: 'east' }, { fromCidr: '10.0.0.0/8' }] } },
  };
  const secret =
    '---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: istio-system, labels: {istio/multiCluster: "true"}}\ndata: {east: ""}\n';
  assert.deepEqual(findingsOf('meshnetworks.MeshNetworksAnalyzer', '', { meshNetworks }), [
    'IST0126 MeshNetworks istio-system/meshnetworks networks.n.endpoints[1].fromRegistry',
  ]);
  assert.deepEqual(findingsOf('meshnetworks.MeshNetworksAnalyzer', secret, { meshNetworks }), []);
});

test('webhooks must not overlap, and must call a control plane that exists', () => {
  const webhook = (name: string, selector: string) =>
    `---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: ${name}}\nwebhooks: [{name: x.istio.io, clientConfig: {service: {name: istiod, namespace: istio-system}}, namespaceSelector: ${selector}}]\n`;
  const istiod = serviceYaml('istiod', 'istio-system');
  const analyzer = 'webhook.Analyzer';
  assert.deepEqual(
    findingsOf(
      analyzer,
      istiod + webhook('a', '{matchLabels: {istio-injection: enabled}}') + webhook('b', '{matchLabels: {istio.io/rev: b}}'),
    ).length,
    2,
  );
  const apart =
    webhook('a', '{matchLabels: {istio-injection: enabled}}') +
    webhook('b', '{matchLabels: {istio.io/rev: b}, matchExpressions: [{key: istio-injection, operator: DoesNotExist}]}');
  assert.deepEqual(findingsOf(analyzer, istiod + apart), []);
  assert.equal(findingsOf(analyzer, webhook('a', '{}')).length, 1);
});

test('webhooks of an external control plane need an address, better a name', () => {
  const webhook = (config: string) =>
    `apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: istio-validator-x}\nwebhooks: [{name: v.istio.io, clientConfig: ${config}}]\n`;
  const code = (config: string) =>
    findingsOf('externalcontrolplane.ExternalControlPlaneAnalyzer', webhook(config)).map((finding) => finding.slice(0, 7));
  assert.deepEqual(code('{url: "https://istiod.example.com:15017/validate"}'), []);
  assert.deepEqual(code('{service: {name: istiod}}'), []);
  assert.deepEqual(code('{}'), ['IST0163']);
  assert.deepEqual(code('{url: "https://10.0.0.1:15017/validate"}'), ['IST0164']);
  assert.deepEqual(code('{url: "https://[fd00::1]/validate"}'), ['IST0164']);
  assert.deepEqual(code('{url: "https://a b/"}'), ['IST0163']);
});

test('a service that differs between clusters is reported once', () => {
  const cluster = (ports: string) => createResourceSet(parseYaml(serviceYaml('s', 'default', ports), 'c.yaml').resources);
  const two = (a: string, b: string) => findings('', { clusters: { east: cluster(a), west: cluster(b) } });
  assert.deepEqual(two('[{name: http, port: 80}]', '[{name: http, port: 80}]'), []);
  assert.deepEqual(two('[{name: http, port: 80}]', '[{name: http, port: 81}]'), ['IST0170 Service default/s spec']);
});

test('tracing to a provider of the kind lightstep is out of date', () => {
  const telemetry = istioYaml('Telemetry', 'mesh', '{tracing: [{providers: [{name: old}]}, {providers: [{name: new}]}]}', 'istio-system');
  const meshConfig = {
    extensionProviders: [
      { name: 'old', lightstep: { service: 'collector', port: 80 } },
      { name: 'new', opentelemetry: { service: 'collector', port: 4317 } },
    ],
  };
  const found = ['IST0002 Telemetry istio-system/mesh spec.tracing[0].providers[0].name'];
  assert.deepEqual(findingsOf('telemetry.LightstepAnalyzer', telemetry, { meshConfig }), found);
  assert.deepEqual(findingsOf('telemetry.LightstepAnalyzer', telemetry), []);
});
