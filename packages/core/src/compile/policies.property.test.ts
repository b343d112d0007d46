import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMeshSettings } from '../mesh/mesh-settings.ts';
import { resolveMesh } from '../mesh/resolve-mesh.ts';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { compile } from './compile.ts';
import { viewOf } from './test-mesh.ts';

const settings = createMeshSettings(
  { ...defaultMeshConfig, extensionProviders: [{ name: 'p', envoyExtAuthzGrpc: { service: 'a.shop.svc.cluster.local', port: 80 } }] },
  defaultMeshNetworks,
);

const names = fc.constantFrom('a', 'b', 'c', 'd');
const namespaces = fc.constantFrom('shop', 'edge', 'istio-system');
const selector = fc.option(fc.constant({ matchLabels: { app: 'a' } }), { nil: undefined });
const texts = fc.constantFrom(
  '*',
  'a',
  'a*',
  '*a',
  '',
  'x/y',
  'cluster.local/ns/shop/sa/a',
  '10.0.0.0/8',
  'no/such/cidr',
  '{*}',
  '/a/{**}',
  '[',
  '(',
  '80',
);
const list = fc.option(fc.array(texts, { maxLength: 3 }), { nil: undefined });
const hosts = fc.array(fc.constantFrom('*', 'a.com', '*.a.com', './a.com', 'shop/b.com', 'edge/*', '*foo.com'), {
  minLength: 1,
  maxLength: 3,
});

type Identified = { readonly namespace: string; readonly name: string; readonly age: number };

function resource(
  group: string,
  kind: string,
  { namespace, name, age }: Identified,
  spec: unknown,
  annotations: Record<string, string> = {},
): Resource {
  const raw = { metadata: { namespace, name }, spec };
  return {
    ref: { group, version: 'v1', kind, namespace, name },
    labels: {},
    annotations,
    createdAt: age,
    spec,
    raw,
    source: { file: 'f', line: 1, text: '' },
  };
}

const identity = { namespace: namespaces, name: names, age: fc.integer({ min: 0, max: 2 }) };
const rule = fc.record({
  from: fc.option(
    fc.array(
      fc.record({
        source: fc.record({
          principals: list,
          notPrincipals: list,
          requestPrincipals: list,
          namespaces: list,
          serviceAccounts: list,
          ipBlocks: list,
          remoteIpBlocks: list,
        }),
      }),
      { maxLength: 2 },
    ),
    { nil: undefined },
  ),
  to: fc.option(
    fc.array(
      fc.record({ operation: fc.record({ hosts: list, notHosts: list, ports: list, methods: list, paths: list, notPaths: list }) }),
      { maxLength: 2 },
    ),
    { nil: undefined },
  ),
  when: fc.option(
    fc.array(
      fc.record({
        key: fc.constantFrom(
          'request.headers[x]',
          'request.headers',
          'request.auth.claims[a][b]',
          'request.auth.claims[',
          'source.ip',
          'destination.port',
          'nonsense',
          'experimental.envoy.filters.a[b]',
        ),
        values: list,
        notValues: list,
      }),
      { maxLength: 2 },
    ),
    { nil: undefined },
  ),
});
const authorization = fc
  .record({
    ...identity,
    selector,
    action: fc.constantFrom('ALLOW', 'DENY', 'AUDIT', 'CUSTOM', undefined),
    provider: fc.constantFrom({ name: 'p' }, { name: 'none' }, undefined),
    rules: fc.option(fc.array(rule, { maxLength: 2 }), { nil: undefined }),
    dryRun: fc.boolean(),
  })
  .map(({ selector, action, provider, rules, dryRun, ...id }) =>
    resource(
      'security.istio.io',
      'AuthorizationPolicy',
      id,
      { selector, action, provider, rules },
      dryRun ? { 'istio.io/dry-run': 'true' } : {},
    ),
  );
const mode = fc.option(fc.record({ mode: fc.constantFrom('STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET', 'OTHER') }), { nil: undefined });
const peer = fc
  .record({ ...identity, selector, mtls: mode, port: mode })
  .map(({ selector, mtls, port, ...id }) =>
    resource('security.istio.io', 'PeerAuthentication', id, { selector, mtls, portLevelMtls: port && { 8080: port, x: port } }),
  );
const request = fc
  .record({
    ...identity,
    selector,
    issuer: texts,
    jwks: fc.option(texts, { nil: undefined }),
    jwksUri: fc.constantFrom('http://a.shop.svc.cluster.local/keys', 'nonsense', undefined),
  })
  .map(({ selector, issuer, jwks, jwksUri, ...id }) =>
    resource('security.istio.io', 'RequestAuthentication', id, { selector, jwtRules: [{ issuer, jwks, jwksUri }] }),
  );
const server = fc.record({
  port: fc.record({
    number: fc.constantFrom(80, 443, 0, 70000, undefined),
    name: fc.constantFrom('http', 'https', undefined),
    protocol: fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP', 'GRPC', 'nonsense', undefined),
  }),
  hosts,
  bind: fc.constantFrom(undefined, '10.0.0.5'),
  tls: fc.option(
    fc.record({
      mode: fc.constantFrom('SIMPLE', 'MUTUAL', 'PASSTHROUGH', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL', undefined),
      credentialName: fc.constantFrom('c', undefined),
      httpsRedirect: fc.boolean(),
    }),
    { nil: undefined },
  ),
});
const gateway = fc
  .record({ ...identity, servers: fc.array(server, { maxLength: 3 }) })
  .map(({ servers, ...id }) => resource('networking.istio.io', 'Gateway', id, { selector: { app: 'a' }, servers }));
const destination = { destination: { host: 'a', port: { number: 80 } } };
const virtualService = fc
  .record({
    ...identity,
    hosts: fc.constantFrom(['*'], ['a.com'], ['*.a.com', 'b.com']),
    gateways: fc.array(fc.constantFrom('edge/a', 'shop/b', 'a', 'mesh'), { maxLength: 2 }),
  })
  .map(({ hosts, gateways, ...id }) =>
    resource('networking.istio.io', 'VirtualService', id, {
      hosts,
      gateways,
      http: [{ route: [destination] }],
      tcp: [{ route: [destination] }],
      tls: [{ match: [{ sniHosts: hosts }], route: [destination] }],
    }),
  );
const apiGateway = fc
  .record({
    ...identity,
    listeners: fc.array(
      fc.record({
        name: names,
        port: fc.constantFrom(80, 443, 8080, undefined),
        protocol: fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP', undefined),
        hostname: fc.constantFrom('a.com', '*.a.com', undefined),
        allowedRoutes: fc.constantFrom({ namespaces: { from: 'All' } }, { kinds: [{ kind: 'Other' }] }, undefined),
        tls: fc.constantFrom({ certificateRefs: [{ name: 'c' }] }, { mode: 'Passthrough' }, undefined),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ listeners, ...id }) => resource('gateway.networking.k8s.io', 'Gateway', id, { gatewayClassName: 'istio', listeners }));
const httpRoute = fc
  .record({
    ...identity,
    parent: fc.constantFrom(
      { name: 'a', namespace: 'edge' },
      { name: 'b' },
      { group: '', kind: 'Service', name: 'a', namespace: 'shop' },
      {},
    ),
    hostnames: fc.constantFrom(['a.com'], ['x.a.com'], undefined),
    filter: fc.constantFrom('URLRewrite', 'RequestRedirect', 'RequestMirror', 'CORS', 'Nonsense', 'RequestHeaderModifier'),
    backend: fc.constantFrom({ name: 'a', port: 80 }, { name: 'x' }, { kind: 'Other', name: 'a' }, {}),
  })
  .map(({ parent, hostnames, filter, backend, ...id }) =>
    resource('gateway.networking.k8s.io', 'HTTPRoute', id, {
      parentRefs: [parent],
      hostnames,
      rules: [{ filters: [{ type: filter }], backendRefs: [backend], matches: [{ path: { value: '/a/' } }, {}] }],
    }),
  );
const telemetry = fc
  .record({
    ...identity,
    selector,
    provider: fc.constantFrom('envoy', 'prometheus', 'none'),
    disabled: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(({ selector, provider, disabled, ...id }) =>
    resource('telemetry.istio.io', 'Telemetry', id, {
      selector,
      accessLogging: [{ providers: [{ name: provider }], disabled }],
      metrics: [{ overrides: [{ disabled }] }],
      tracing: [{ customTags: { a: {} } }],
    }),
  );
const service = resource(
  '',
  'Service',
  { namespace: 'shop', name: 'a', age: 0 },
  { clusterIP: '10.1.0.1', selector: { app: 'a' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
);
const workload = resource(
  'networking.istio.io',
  'WorkloadEntry',
  { namespace: 'shop', name: 'app', age: 0 },
  { address: '10.0.0.99', labels: { app: 'a' } },
);

const resources = fc.uniqueArray(fc.oneof(authorization, peer, request, gateway, virtualService, apiGateway, httpRoute, telemetry), {
  maxLength: 14,
  selector: ({ ref }) => `${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`,
});

function snapshots(all: readonly Resource[]): string {
  const mesh = resolveMesh(createResourceSet([service, workload, ...all]), settings, null);
  const sidecar = compile(viewOf(mesh, { labels: { app: 'a' } }));
  const router = compile(
    viewOf(mesh, {
      type: 'router',
      namespace: 'edge',
      labels: { app: 'a', 'gateway.networking.k8s.io/gateway-name': 'a' },
      ip: '10.0.0.5',
    }),
  );
  return JSON.stringify([sidecar, router]);
}

test('any policies, gateways and routes compile, and the order of documents does not matter', () => {
  fc.assert(
    fc.property(
      resources.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, shuffled]) => {
        assert.equal(snapshots(shuffled), snapshots(all));
      },
    ),
    { numRuns: 60 },
  );
});

test('no listener has two filter chains with one match, which Envoy would refuse', () => {
  fc.assert(
    fc.property(resources, (all) => {
      const [sidecar, router] = JSON.parse(snapshots(all)) as {
        listeners: { name: string; filterChains?: { filterChainMatch?: object }[] }[];
      }[];
      for (const listener of [...(sidecar?.listeners ?? []), ...(router?.listeners ?? [])]) {
        const matches = (listener.filterChains ?? []).map((chain) => JSON.stringify(chain.filterChainMatch ?? {}));
        assert.equal(new Set(matches).size, matches.length, `${listener.name}: ${matches.join(' ')}`);
        assert.ok(matches.length > 0, listener.name);
      }
    }),
    { numRuns: 60 },
  );
});
