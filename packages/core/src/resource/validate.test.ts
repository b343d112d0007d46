import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResource, parseYaml } from './parse.ts';
import { isWellTyped, validateMeshConfig, validateResource } from './validate.ts';
import { apiVersions, checkRows, to, validate, virtualService } from './validation/test-rows.ts';

test('a schema refuses wrong types, unknown fields, unknown values and numbers out of range', () => {
  checkRows([
    ['VirtualService', '{hosts: a}', 'spec.hosts'],
    ['VirtualService', virtualService(`{${to}, retry: {}}`), 'spec.http[0].retry'],
    ['VirtualService', virtualService('{route: [{destination: {host: 1}}]}'), 'spec.http[0].route[0].destination.host'],
    ['VirtualService', virtualService('null'), 'spec.http[0]'],
    ['VirtualService', `{hosts: [a], http: [{${to}}], tls: null}`],
    ['DestinationRule', '{host: a, trafficPolicy: {loadBalancer: {simple: FASTEST}}}', 'spec.trafficPolicy.loadBalancer.simple'],
    ['WorkloadEntry', '{address: 1.2.3.4, weight: -1}', 'spec.weight'],
    ['PeerAuthentication', '{mtls: {mode: SOMETIMES}}', 'spec.mtls.mode'],
    ['Telemetry', '{tracing: [{randomSamplingPercentage: 101}]}', 'spec.tracing[0].randomSamplingPercentage'],
    ['VirtualService', virtualService(`{${to}, match: [{uri: {exact: /a, prefix: /b}}]}`), 'spec.http[0].match[0].uri'],
  ]);
});

test('an unknown field that is nearly known is answered with the known one', () => {
  const [error] = validate('DestinationRule', '{host: a, traffic_policy: {}}').errors;
  assert.match(error?.message ?? '', /trafficPolicy/);
});

test('names, labels and annotations are checked as an API server does', () => {
  const spec = '{host: a}';
  assert.deepEqual(
    validate('DestinationRule', spec, 'name: A_b').errors.map(({ path }) => path),
    ['metadata.name'],
  );
  assert.deepEqual(
    validate('DestinationRule', spec, 'labels: {version: 1.0}').errors.map(({ path }) => path),
    ['metadata.name', 'metadata.labels.version'],
  );
  assert.deepEqual(
    validate('DestinationRule', spec, 'name: a, annotations: {istio.io/dry-run: "true"}').errors.map(({ path }) => path),
    ['metadata.annotations["istio.io/dry-run"]'],
  );
});

test('the fields of Kubernetes resources that a mesh reads have the right types', () => {
  const paths = (text: string) =>
    parseYaml(text, 'f').resources.flatMap((resource) => validateResource(resource).errors.map(({ path }) => path));
  const service = (spec: string) => `apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: ${spec}\n`;
  assert.deepEqual(paths(service('{ports: [{port: 80, targetPort: http}], clusterIP: None, sessionAffinity: None}')), []);
  assert.deepEqual(paths(service('{ports: 80}')), ['spec.ports']);
  assert.deepEqual(paths(service('{selector: {version: 1.0}, ports: [{port: "80"}]}')), ['spec.selector.version', 'spec.ports[0].port']);
  assert.deepEqual(paths('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1}\n'), ['data.a']);
  const [wrong, right] = parseYaml(`${service('{ports: 80}')}---\n${service('{ports: [{port: 0}]}')}`, 'f').resources;
  assert.deepEqual([wrong && isWellTyped(wrong), right && isWellTyped(right)], [false, true]);
});

test('a mesh configuration is checked like a resource, with paths of its own', () => {
  const errors = (text: string) => validateMeshConfig(text).errors.map(({ path }) => path);
  assert.deepEqual(errors('trustDomain: cluster.local\ndefaultConfig: {discoveryAddress: "istiod.istio-system.svc:15012"}\n'), []);
  assert.deepEqual(errors('trustDomain: "a b"\ntrustDomainAliases: [a, ""]\n'), ['trustDomain', 'trustDomainAliases[1]']);
  assert.deepEqual(errors('defaultConfig: {discoveryAddress: nowhere, statusPort: 0}\n'), [
    'defaultConfig.statusPort',
    'defaultConfig.discoveryAddress',
  ]);
  assert.deepEqual(errors('connectTimeout: 5\n'), ['connectTimeout']);
  assert.deepEqual(errors('- a\n'), ['']);
  assert.deepEqual(
    validateMeshConfig('extensionProviders: [{name: p, zipkin: {service: z, port: 0}}]\nnewField: 1\n').warnings.map(({ path }) => path),
    ['newField', 'extensionProviders[0].zipkin.port'],
  );
  const providers = `extensionProviders:
- {name: a, envoyExtAuthzHttp: {service: a.b, port: 80, statusOnError: teapot, pathPrefix: check, timeout: 0s}}
- {name: b, envoyExtAuthzGrpc: {service: a.b, port: 80, statusOnError: "503", timeout: 1s}}
- {name: c, opentelemetry: {service: a.b, port: 4318, http: {timeout: 1s}}}
`;
  assert.deepEqual(
    validateMeshConfig(providers).warnings.map(({ path }) => path),
    [
      'extensionProviders[0].envoyExtAuthzHttp.statusOnError',
      'extensionProviders[0].envoyExtAuthzHttp.pathPrefix',
      'extensionProviders[0].envoyExtAuthzHttp.timeout',
      'extensionProviders[2].opentelemetry.http.path',
    ],
  );
});

test('the settings of proxies in a mesh configuration are checked', () => {
  const problems = (proxy: string) => {
    const { errors, warnings } = validateMeshConfig(`defaultConfig: {${proxy}}`);
    return [...errors, ...warnings].map(({ path }) => path.replace('defaultConfig.', ''));
  };
  assert.deepEqual(problems('serviceCluster: ""'), ['serviceCluster']);
  assert.deepEqual(problems('envoyMetricsServiceAddress: "metrics:x"'), ['envoyMetricsServiceAddress']);
  assert.deepEqual(problems('tracing: {zipkin: {address: "z:1"}, tlsSettings: {mode: MUTUAL}}'), [
    'tracing.tlsSettings.clientCertificate',
    'tracing.tlsSettings.privateKey',
  ]);
  assert.deepEqual(problems('privateKeyProvider: {cryptomb: {pollDelay: 10ms}}'), []);
  assert.deepEqual(problems('privateKeyProvider: {qat: {pollDelay: 0s}}'), ['privateKeyProvider.qat.pollDelay']);
  assert.deepEqual(problems('privateKeyProvider: {}'), ['privateKeyProvider']);
  assert.deepEqual(problems('proxyMetadata: {ISTIO_META_DNS_AUTO_ALLOCATE: "true"}'), ['proxyMetadata.ISTIO_META_DNS_AUTO_ALLOCATE']);
  assert.deepEqual(
    validateMeshConfig('tlsDefaults: {ecdhCurves: [P-256, X25519MLKEM768, P-999, P-256]}').warnings.map(({ path }) => path),
    ['tlsDefaults.ecdhCurves[2]', 'tlsDefaults.ecdhCurves[3]'],
  );
});

test('sources tell which rule was broken', () => {
  const { errors } = validate('WorkloadEntry', '{address: "unix://a", ports: {http: 80}, labels: {"a b": c}, colour: red}');
  assert.deepEqual(Object.fromEntries(errors.map(({ path, source }) => [path, source])), {
    'spec.colour': 'schema',
    'spec.address': 'cel',
    'spec.ports': 'cel',
    'spec.labels': 'semantic',
  });
});

test('a kind nobody knows is valid, and an old version is checked like a new one', () => {
  assert.deepEqual(
    parseYaml('apiVersion: x/v1\nkind: Thing\nspec: 3\n', 'f').resources.map((resource) => validateResource(resource)),
    [{ errors: [], warnings: [] }],
  );
  const versions = ['v1', 'v1beta1', 'v1alpha3'].map(
    (version) => `apiVersion: networking.istio.io/${version}\nkind: Gateway\nmetadata: {name: g}\nspec: {}\n`,
  );
  const results = parseYaml(versions.join('---\n'), 'f').resources.map((resource) => validateResource(resource));
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});

test('no value in place of another makes validation throw', () => {
  const specs: readonly (readonly [string, string])[] = [
    [
      'VirtualService',
      virtualService(
        `{match: [{uri: {prefix: /a}, headers: {x: {exact: b}}}], ${to}, retries: {attempts: 1}, fault: {abort: {httpStatus: 500}}}`,
      ),
    ],
    [
      'DestinationRule',
      '{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 100}}]}}, tls: {mode: SIMPLE}}, subsets: [{name: a, labels: {b: c}}]}',
    ],
    [
      'Gateway',
      '{servers: [{hosts: [a.b], port: {number: 1, name: a, protocol: HTTPS}, tls: {mode: SIMPLE, tlsCertificates: [{privateKey: a}]}}]}',
    ],
    [
      'AuthorizationPolicy',
      '{rules: [{from: [{source: {ipBlocks: [1.2.3.4]}}], to: [{operation: {paths: [a]}}], when: [{key: source.ip, values: [a]}]}]}',
    ],
    ['ServiceEntry', '{hosts: [a.b], endpoints: [{address: 1.2.3.4, ports: {a: 1}}], ports: [{number: 1, name: a}], resolution: STATIC}'],
    [
      'HTTPRoute',
      '{parentRefs: [{name: a}], rules: [{matches: [{path: {value: /}}], filters: [{type: CORS, cors: {}}], backendRefs: [{name: a, port: 1}]}]}',
    ],
    ['IstioOperator', '{meshConfig: {extensionProviders: [{name: a, zipkin: {service: b, port: 1}}], defaultConfig: {tracing: {}}}}'],
  ];
  const resources = specs.map(([kind, spec]) => {
    const text = `apiVersion: ${apiVersions[kind] ?? 'networking.istio.io/v1'}\nkind: ${kind}\nmetadata: {name: a}\nspec: ${spec}\n`;
    return parseYaml(text, 'f').resources[0];
  });
  fc.assert(
    fc.property(fc.constantFrom(...resources), fc.nat(60), fc.jsonValue({ maxDepth: 2 }), (resource, place, replacement) => {
      assert.ok(resource);
      const raw = replaceNth(structuredClone(resource.raw), place, replacement);
      const replaced = parseResource(raw, resource.source, 'default');
      assert.ok(replaced);
      validateResource(replaced);
    }),
    { numRuns: 3000 },
  );
});

/** The object with its n-th value, counted depth first, replaced. */
function replaceNth(root: Record<string, unknown>, place: number, replacement: unknown): Record<string, unknown> {
  let count = 0;
  const visit = (value: unknown): unknown => {
    if (count++ === place) return replacement;
    if (Array.isArray(value)) return value.map(visit);
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]));
    return value;
  };
  return { ...root, spec: visit(root.spec) };
}
