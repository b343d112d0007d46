import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import type { Mesh } from './mesh.ts';
import { createMeshSettings } from './mesh-settings.ts';
import { resolveMesh } from './resolve-mesh.ts';

const settings = createMeshSettings(defaultMeshConfig, defaultMeshNetworks);
const resolve = (yaml: string, previous: Mesh | null = null) =>
  resolveMesh(createResourceSet(parseYaml(yaml, 'test.yaml').resources), settings, previous);
const entry = (name: string, spec: string, namespace = 'shop') =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`;
const dns = (host: string) => `{hosts: [${host}], resolution: DNS, ports: [{name: tcp, number: 9000, protocol: TCP}]}`;
const protocolOf = (port: string) =>
  resolve(`apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {clusterIP: 10.1.0.1, ports: [${port}]}\n`)
    .services[0]?.ports[0]?.protocol;

test('the protocol of a port: UDP before all, then what the application says, then the name up to its first dash', () => {
  assert.equal(protocolOf('{name: http, port: 53, protocol: UDP}'), 'UDP');
  assert.equal(protocolOf('{name: http, port: 80, appProtocol: tcp}'), 'TCP');
  assert.equal(protocolOf('{name: x, port: 80, appProtocol: kubernetes.io/h2c}'), 'HTTP2');
  assert.equal(protocolOf('{name: x, port: 443, appProtocol: kubernetes.io/wss}'), 'HTTPS');
  assert.equal(protocolOf('{name: GRPC-web-x, port: 80}'), 'GRPC-Web');
  assert.equal(protocolOf('{name: grpc-x, port: 80}'), 'GRPC');
  assert.equal(protocolOf('{name: httpx, port: 80}'), 'auto');
  assert.equal(protocolOf('{name: x, port: 3306}'), 'TCP');
});

test('automatic addresses stay with their host whatever other hosts come and go', () => {
  const addressOf = (mesh: Mesh, host: string) => mesh.services.find((service) => service.hostname === host)?.autoAddresses;
  const alone = addressOf(resolve(entry('b', dns('b.example.com'))), 'b.example.com');
  assert.match(alone?.ipv4 ?? '', /^240\.240\./);
  const others = Array.from({ length: 300 }, (_, index) => entry(`o${index}`, dns(`o${index}.example.com`))).join('');
  const crowded = resolve(others + entry('b', dns('b.example.com')) + entry('again', dns('B.example.com'), 'bank'));
  assert.deepEqual(addressOf(crowded, 'b.example.com'), alone);
  const given = crowded.services.map((service) => service.autoAddresses?.ipv4);
  assert.equal(new Set(given).size, 301);
});

test('hosts that are forwarded as addressed, or have addresses, get none', () => {
  const mesh = resolve(
    entry('a', '{hosts: [a.example.com], resolution: NONE, ports: []}') +
      entry('b', '{hosts: [b.example.com], addresses: [10.9.0.1], resolution: STATIC, ports: []}') +
      entry('c', '{hosts: ["*.c.com"], resolution: NONE}'),
  );
  assert.deepEqual(
    mesh.services.map((service) => service.autoAddresses),
    [null, null, null],
  );
});

test('an empty workload selector selects nothing', () => {
  const workload =
    'apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: w, namespace: shop}\nspec: {address: 10.2.0.1, labels: {app: a}}\n---\n';
  const mesh = resolve(
    workload +
      entry('a', '{hosts: [a.example.com], resolution: STATIC, workloadSelector: {}, ports: [{name: tcp, number: 9000, protocol: TCP}]}'),
  );
  assert.deepEqual(mesh.endpointsByService.get('shop/a.example.com')?.endpoints, []);
});

test('a workload entry expects mutual TLS when it has a service account, unless its label says otherwise', () => {
  const tlsOf = (spec: string) =>
    resolve(`apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: w, namespace: shop}\nspec: ${spec}\n`).workloads[0]
      ?.tlsMode;
  assert.equal(tlsOf('{address: 10.2.0.1}'), 'disabled');
  assert.equal(tlsOf('{address: 10.2.0.1, serviceAccount: a}'), 'istio');
  assert.equal(tlsOf('{address: 10.2.0.1, serviceAccount: a, labels: {security.istio.io/tlsMode: disabled}}'), 'disabled');
});

test('a workload entry has the labels of its metadata and of its spec, the former before the latter', () => {
  const entry = `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: w, namespace: shop, labels: {app: a, version: v1}}
spec: {address: 10.2.0.1, labels: {version: v2, tier: back}}
`;
  assert.deepEqual(resolve(entry).workloads[0]?.labels, { version: 'v1', tier: 'back', app: 'a' });
});

test('what an EndpointSlice lists is a pod, not the workload entry that shares its address', () => {
  const slice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: b, namespace: shop, labels: {kubernetes.io/service-name: b}}
endpoints: [{addresses: [127.0.0.1]}]
ports: [{name: grpc, port: 15010}]
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: shop}
spec: {clusterIP: 10.1.0.2, ports: [{name: grpc, port: 15010}]}
---
`;
  const tlsOf = (workload: string) =>
    resolve(slice + workload)
      .endpointsByService.get('shop/b.shop.svc.cluster.local')
      ?.endpoints.map(({ tlsMode }) => tlsMode);
  const spec = 'spec: {address: 127.0.0.1, serviceAccount: a, labels: {security.istio.io/tlsMode: istio}}';
  assert.deepEqual(tlsOf(`apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: w, namespace: shop}\n${spec}\n`), [
    'disabled',
  ]);
  const pod =
    'metadata: {name: w, namespace: shop, labels: {security.istio.io/tlsMode: istio}}\nstatus: {podIP: 127.0.0.1, phase: Running}\n';
  assert.deepEqual(tlsOf(`apiVersion: v1\nkind: Pod\n${pod}`), ['istio']);
});

test('what a change does not touch stays the same object', () => {
  const one = parseYaml(
    'apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\nspec: {clusterIP: 10.1.0.1, ports: [{name: http, port: 80}]}\n',
    'a.yaml',
  ).resources;
  const two = (ip: string) =>
    parseYaml(
      `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: b, namespace: bank, labels: {kubernetes.io/service-name: b}}\nendpoints: [{addresses: [${ip}]}]\nports: [{name: http, port: 80}]\n---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: bank}\nspec: {clusterIP: 10.1.0.2, ports: [{name: http, port: 80}]}\n`,
      'b.yaml',
    ).resources;
  const before = resolveMesh(createResourceSet([...one, ...two('10.2.0.1')]), settings, null);
  const after = resolveMesh(createResourceSet([...one, ...two('10.2.0.2')]), settings, before);
  const key = 'shop/a.shop.svc.cluster.local';
  assert.equal(after.serviceByKey.get(key), before.serviceByKey.get(key));
  assert.equal(after.endpointsByService.get(key), before.endpointsByService.get(key));
  assert.equal(after.virtualServices, before.virtualServices);
  assert.deepEqual(
    after.endpointsByService.get('bank/b.bank.svc.cluster.local')?.endpoints.map(({ address }) => address),
    ['10.2.0.2'],
  );
});

test('a resource of the wrong shape is as good as not there', () => {
  const mesh = resolve(
    `apiVersion: v1\nkind: Service\nmetadata: {name: bad, namespace: shop}\nspec: {ports: http}\n---\n${entry('a', dns('a.example.com'))}`,
  );
  assert.deepEqual(
    mesh.services.map((service) => service.hostname),
    ['a.example.com'],
  );
});
