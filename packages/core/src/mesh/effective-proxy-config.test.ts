import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig } from '../resource/default-mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { effectiveProxyConfig } from './effective-proxy-config.ts';

const config = (name: string, namespace: string, spec: string) =>
  `apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`;

test('a proxy is configured by the mesh, the root namespace, its own, its selector and its annotation, the later ones winning', () => {
  const text =
    config('root', 'istio-system', '{concurrency: 1, image: {imageType: debug}, environmentVariables: {A: root, B: root}}') +
    config('wide', 'shop', '{concurrency: 2, environmentVariables: {B: wide, C: wide}}') +
    config('selecting', 'shop', '{selector: {matchLabels: {app: cart}}, concurrency: 3, environmentVariables: {C: selected}}') +
    config('other', 'shop', '{selector: {matchLabels: {app: web}}, concurrency: 9}');
  const configs = createResourceSet(parseYaml(text, 'test.yaml').resources).ofKind('ProxyConfig');
  const mesh = { ...defaultMeshConfig, defaultConfig: { ...defaultMeshConfig.defaultConfig, proxyMetadata: { A: 'mesh', Z: 'mesh' } } };
  const of = (app: string, own: { readonly concurrency?: number } | null = null, namespace = 'shop') => {
    const { concurrency, image, proxyMetadata } = effectiveProxyConfig(configs, mesh, { namespace, labels: { app }, own });
    return [concurrency, image?.imageType, proxyMetadata];
  };
  assert.deepEqual(of('cart'), [3, 'debug', { A: 'root', Z: 'mesh', B: 'wide', C: 'selected' }]);
  assert.deepEqual(of('cart', { concurrency: 4 })[0], 4);
  assert.deepEqual(of('any'), [2, 'debug', { A: 'root', Z: 'mesh', B: 'wide', C: 'wide' }]);
  assert.deepEqual(of('cart', null, 'elsewhere'), [1, 'debug', { A: 'root', Z: 'mesh', B: 'root' }]);
});
