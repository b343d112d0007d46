import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mesh } from '../mesh/mesh.ts';
import { createMeshSettings } from '../mesh/mesh-settings.ts';
import { resolveMesh } from '../mesh/resolve-mesh.ts';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { compile } from './compile.ts';
import { viewOf } from './test-mesh.ts';

const settings = createMeshSettings(defaultMeshConfig, defaultMeshNetworks);
const names = fc.constantFrom('a', 'b', 'c');
const namespaces = fc.constantFrom('shop', 'bank', 'istio-system');
const hosts = fc.constantFrom(
  'a',
  'b',
  'a.shop.svc.cluster.local',
  'b.bank.svc.cluster.local',
  '*.svc.cluster.local',
  'ext.example.com',
  '*.example.com',
  '*',
);
const plainHosts = fc.constantFrom('a', 'b', 'a.shop.svc.cluster.local', 'ext.example.com');
const ports = fc.constantFrom(80, 443, 8080, 3306);
const portNames = fc.constantFrom('http', 'tcp', 'grpc-x', 'https', 'mysql', 'x', 'udp');
const exportTo = fc.option(fc.constantFrom(['*'], ['.'], ['bank', '.'], ['~']), { nil: undefined });
const version = fc.constantFrom({ version: 'v1' }, { version: 'v2' }, {});

function resource(
  group: string,
  kind: string,
  parts: { namespace: string; name: string; spec: unknown; age: number; raw?: object; labels?: Record<string, string> },
): Resource {
  const { namespace, name, spec, age, raw = {}, labels = {} } = parts;
  return {
    ref: { group, version: 'v1', kind, namespace, name },
    labels,
    annotations: {},
    createdAt: age,
    spec,
    raw: { spec, ...raw } as never,
    source: { file: 'f', line: 1, text: '' },
  };
}

const identity = { namespace: namespaces, name: names, age: fc.integer({ min: 0, max: 3 }) };
const service = fc
  .record({
    ...identity,
    clusterIP: fc.constantFrom('10.0.0.1', '10.0.0.2', 'None', undefined),
    port: ports,
    portName: portNames,
    selector: version,
  })
  .map(({ clusterIP, port, portName, selector, ...id }) =>
    resource('', 'Service', { ...id, spec: { clusterIP, selector, ports: [{ name: portName, port }] } }),
  );
const entry = fc
  .record({
    ...identity,
    host: hosts,
    resolution: fc.constantFrom('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN'),
    address: fc.constantFrom(['10.9.0.1'], ['10.9.0.0/16'], undefined),
    port: ports,
    protocol: fc.constantFrom('HTTP', 'TCP', 'TLS', 'HTTPS', 'GRPC'),
    exportTo,
  })
  .map(({ host, resolution, address, port, protocol, exportTo: to, ...id }) =>
    resource('networking.istio.io', 'ServiceEntry', {
      ...id,
      spec: {
        hosts: [host],
        resolution,
        addresses: address,
        exportTo: to,
        ports: [{ name: 'p', number: port, protocol }],
        endpoints: resolution === 'STATIC' ? [{ address: '10.8.0.1', labels: { version: 'v1' } }] : undefined,
      },
    }),
  );
const workload = fc
  .record({
    ...identity,
    labels: version,
    address: fc.constantFrom('10.7.0.1', '10.7.0.2', 'host.example.com'),
    account: fc.constantFrom('', 'sa'),
  })
  .map(({ labels, address, account, ...id }) =>
    resource('networking.istio.io', 'WorkloadEntry', { ...id, spec: { address, labels, serviceAccount: account } }),
  );
const slice = fc
  .record({ ...identity, of: names, address: fc.constantFrom('10.6.0.1', '10.6.0.2'), portName: portNames })
  .map(({ of, address, portName, ...id }) =>
    resource('discovery.k8s.io', 'EndpointSlice', {
      ...id,
      spec: undefined,
      labels: { 'kubernetes.io/service-name': of },
      raw: { endpoints: [{ addresses: [address] }], ports: [{ name: portName, port: 9000 }] },
    }),
  );
const destination = fc.record({
  host: plainHosts,
  subset: fc.constantFrom('v1', undefined),
  port: fc.option(
    ports.map((number) => ({ number })),
    { nil: undefined },
  ),
});
const route = fc.record({ destination, weight: fc.constantFrom(0, 1, 50, undefined) });
const http = fc.record({
  match: fc.option(
    fc.array(
      fc.record({
        uri: fc.constantFrom({ prefix: '/' }, { exact: '/x' }, { regex: '.*' }, undefined),
        port: fc.constantFrom(80, undefined),
        sourceNamespace: fc.constantFrom('shop', undefined),
      }),
      { maxLength: 2 },
    ),
    { nil: undefined },
  ),
  route: fc.array(route, { maxLength: 2 }),
  timeout: fc.constantFrom('1s', undefined),
  redirect: fc.constantFrom({ uri: '/y' }, { redirectCode: 418 }, undefined),
  delegate: fc.option(fc.record({ name: names, namespace: namespaces }), { nil: undefined }),
});
const virtualService = fc
  .record({
    ...identity,
    hosts: fc.array(hosts, { maxLength: 2 }),
    http: fc.array(http, { maxLength: 2 }),
    tcp: fc.array(fc.record({ route: fc.array(route, { maxLength: 2 }) }), { maxLength: 1 }),
    exportTo,
    gateways: fc.constantFrom(undefined, ['mesh'], ['gw']),
  })
  .map(({ hosts: list, http: routes, tcp, exportTo: to, gateways, ...id }) =>
    resource('networking.istio.io', 'VirtualService', { ...id, spec: { hosts: list, http: routes, tcp, exportTo: to, gateways } }),
  );
const destinationRule = fc
  .record({
    ...identity,
    host: hosts,
    exportTo,
    simple: fc.constantFrom('RANDOM', 'PASSTHROUGH', 'LEAST_CONN', undefined),
    tls: fc.constantFrom('DISABLE', 'ISTIO_MUTUAL', 'SIMPLE', undefined),
  })
  .map(({ host, exportTo: to, simple, tls, ...id }) =>
    resource('networking.istio.io', 'DestinationRule', {
      ...id,
      spec: {
        host,
        exportTo: to,
        trafficPolicy: { loadBalancer: simple && { simple }, tls: tls && { mode: tls }, outlierDetection: {} },
        subsets: [{ name: 'v1', labels: { version: 'v1' } }],
      },
    }),
  );
const sidecar = fc
  .record({
    ...identity,
    imports: fc.array(fc.constantFrom('*/*', './*', 'bank/*', '~/*', './a.shop.svc.cluster.local', 'bad'), { minLength: 1, maxLength: 2 }),
    port: fc.option(ports, { nil: undefined }),
  })
  .map(({ imports, port, ...id }) =>
    resource('networking.istio.io', 'Sidecar', {
      ...id,
      spec: { egress: [...(port ? [{ port: { number: port, protocol: 'HTTP', name: 'p' }, hosts: imports }] : []), { hosts: imports }] },
    }),
  );

/** One object per name: a mesh never holds two of a kind with the same name. */
const meshResources = fc.uniqueArray(fc.oneof(service, entry, workload, slice, virtualService, destinationRule, sidecar), {
  maxLength: 14,
  selector: ({ ref }) => `${ref.kind}/${ref.namespace}/${ref.name}`,
});

const resolve = (resources: readonly Resource[], previous: Mesh | null = null) =>
  resolveMesh(createResourceSet(resources), settings, previous);
const compiled = (mesh: Mesh) => compile(viewOf(mesh));

test('the order of documents does not matter', () => {
  fc.assert(
    fc.property(meshResources, fc.infiniteStream(fc.integer()), (resources, draws) => {
      const shuffled = resources.map((value) => ({ value, rank: draws.next().value ?? 0 })).sort((a, b) => a.rank - b.rank);
      assert.deepEqual(compiled(resolve(shuffled.map(({ value }) => value))), compiled(resolve(resources)));
    }),
    { numRuns: 100 },
  );
});

test('resolving after a change gives what resolving from nothing gives, and so does compiling', () => {
  fc.assert(
    fc.property(meshResources, meshResources, fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }), (before, after, kept) => {
      const isReplaced = new Set(after.map(({ ref }) => `${ref.kind}/${ref.namespace}/${ref.name}`));
      const mixed = [
        ...before.filter(({ ref }, index) => kept[index] && !isReplaced.has(`${ref.kind}/${ref.namespace}/${ref.name}`)),
        ...after,
      ];
      const first = resolve(before);
      const next = resolve(mixed, first);
      const scratch = resolve(mixed);
      const { parts: _, ...nextMesh } = next;
      const { parts: __, ...scratchMesh } = scratch;
      assert.deepEqual({ ...nextMesh, resources: null, policyIndex: null }, { ...scratchMesh, resources: null, policyIndex: null });
      const previous = { view: viewOf(first), snapshot: compiled(first) };
      assert.deepEqual(compile(viewOf(next), previous), compiled(scratch));
    }),
    { numRuns: 120 },
  );
});

test('views with the same hash compile to the same snapshot', () => {
  fc.assert(
    fc.property(meshResources, meshResources, (some, others) => {
      const [a, b] = [viewOf(resolve(some)), viewOf(resolve(others))];
      const isSame = JSON.stringify(compile(a)) === JSON.stringify(compile(b));
      assert.ok(isSame || a.hash !== b.hash);
    }),
    { numRuns: 100 },
  );
});

test('names are unique in a snapshot, and routes are there for every listener that asks', () => {
  fc.assert(
    fc.property(meshResources, (resources) => {
      const snapshot = compiled(resolve(resources));
      for (const list of [snapshot.clusters, snapshot.listeners, snapshot.routes])
        assert.equal(new Set(list.map(({ name }) => name)).size, list.length);
      const asked = [...JSON.stringify(snapshot.listeners).matchAll(/"routeConfigName":"([^"]+)"/g)].map(([, name]) => name);
      for (const name of asked)
        assert.ok(
          snapshot.routes.some((routes) => routes.name === name),
          `routes ${name}`,
        );
      for (const routes of snapshot.routes) {
        const domains = (routes.virtualHosts ?? []).flatMap((virtualHost) => virtualHost.domains ?? []);
        assert.equal(new Set(domains.map((domain) => domain.toLowerCase())).size, domains.length, `domains of ${routes.name}`);
      }
    }),
    { numRuns: 100 },
  );
});

/** Replaces what stands at some depth of a value by something else. */
function spoil(value: unknown, path: readonly number[], junk: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || value === null || typeof value !== 'object') return junk;
  const keys = Object.keys(value);
  const key = keys[step % keys.length];
  if (key === undefined) return junk;
  const child = spoil((value as Record<string, unknown>)[key], rest, junk);
  return Array.isArray(value) ? value.map((item, index) => (String(index) === key ? child : item)) : { ...value, [key]: child };
}

test('resources of any shape are resolved and compiled without an exception', () => {
  const spoiled = fc
    .tuple(
      meshResources,
      fc.nat(),
      fc.array(fc.nat({ max: 5 }), { maxLength: 5 }),
      fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('', '*', '1h', '::1', 'a/b', 70000, -1, null)),
    )
    .map(([resources, at, path, junk]) =>
      resources.map((resource, index) => {
        if (index !== at % Math.max(1, resources.length)) return resource;
        const { group, version: apiVersion, kind, namespace, name } = resource.ref;
        const document = {
          apiVersion: group ? `${group}/${apiVersion}` : apiVersion,
          kind,
          metadata: { namespace, name, labels: resource.labels },
        };
        const { resources: parsed } = parseYaml(JSON.stringify({ ...document, ...(spoil(resource.raw, path, junk) as object) }), 'f.yaml');
        return parsed[0] ?? resource;
      }),
    );
  fc.assert(
    fc.property(spoiled, (resources) => {
      const mesh = resolve(resources);
      compile(viewOf(mesh));
      compile(viewOf(mesh, { type: 'router' }));
    }),
    { numRuns: 500 },
  );
});
