import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig } from './default-mesh-config.ts';
import { readMeshSources } from './installation.ts';
import { parseYaml } from './parse.ts';
import { parseMeshConfig, parseMeshNetworks, parseProxyConfig } from './parse-mesh-config.ts';
import { createResourceSet } from './resource-set.ts';

test('an empty text gives the defaults, and what is written is laid over them field by field', () => {
  assert.deepEqual(parseMeshConfig('# nothing\n'), { ok: true, value: defaultMeshConfig });
  const parsed = parseMeshConfig('trustDomain: example.org\ndefaultConfig:\n  proxyMetadata: {A: b}\nlocalityLbSetting: null\n');
  assert.ok(parsed.ok);
  assert.equal(parsed.value.trustDomain, 'example.org');
  assert.equal(parsed.value.defaultConfig.statusPort, 15020);
  assert.deepEqual(parsed.value.defaultConfig.proxyMetadata, { A: 'b' });
  assert.deepEqual(parsed.value.localityLbSetting, { enabled: true });
});

test('comments of any length are passed over', () => {
  const banner = `${'#'.repeat(200_000)}\n--- # settings\n`;
  assert.deepEqual(parseMeshConfig(`${'#'.repeat(200_000)}\n---\n`), { ok: true, value: defaultMeshConfig });
  const parsed = parseMeshConfig(`${banner}trustDomain: example.org\n`);
  assert.equal(parsed.ok && parsed.value.trustDomain, 'example.org');
});

test('a wrong type is refused with the field named, an unknown field is not', () => {
  const wrong = parseMeshConfig('connectTimeout: 10\n');
  assert.ok(!wrong.ok && wrong.error.message.includes('connectTimeout'));
  assert.ok(!parseMeshConfig('extensionProviders: {}\n').ok);
  assert.ok(!parseMeshConfig('- a\n').ok);
  assert.ok(!parseMeshConfig('two\n').ok && !parseProxyConfig('two').ok, 'a plain text is no mapping');
  assert.ok(parseMeshConfig('someDayLater: true\n').ok);
});

test('the ConfigMap and the IstioOperator that hold a configuration are opened', () => {
  const map = parseMeshConfig('kind: ConfigMap\ndata:\n  mesh: |\n    rootNamespace: root\n');
  const operator = parseMeshConfig('kind: IstioOperator\nspec: {meshConfig: {rootNamespace: other}}\n');
  assert.equal(map.ok && map.value.rootNamespace, 'root');
  assert.equal(operator.ok && operator.value.rootNamespace, 'other');
  const networks = parseMeshNetworks('networks: {net1: {gateways: [{address: 1.2.3.4, port: 15443}]}}');
  assert.equal(networks.ok && networks.value.networks.net1?.gateways?.[0]?.port, 15443);
  assert.ok(parseProxyConfig('concurrency: 0\n').ok);
});

test('the settings of a set come from the ConfigMap over the installation of the primary cluster', () => {
  const text = `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: remote}
spec: {profile: remote, values: {global: {multiCluster: {clusterName: far}}}}
---
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: primary}
spec:
  meshConfig: {trustDomain: td, accessLogFile: /dev/stdout}
  values: {global: {meshID: m1, network: n1, multiCluster: {clusterName: near}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: 'accessLogFile: ""'
  meshNetworks: 'networks: 3'
`;
  const sources = readMeshSources(createResourceSet(parseYaml(text, 'f').resources));
  assert.equal(sources.meshConfig.trustDomain, 'td');
  assert.equal(sources.meshConfig.accessLogFile, '');
  assert.deepEqual([sources.meshId, sources.clusterId, sources.network], ['m1', 'near', 'n1']);
  assert.deepEqual(
    sources.problems.map(({ path }) => path),
    ['data.meshNetworks'],
  );
});
