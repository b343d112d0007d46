import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig } from './default-mesh-config.ts';
import type { ExtensionProvider } from './extension-provider.ts';
import { withProviderEnvironment } from './provider-environment.ts';

const key = [{ name: 'x-key', envName: 'KEY' }];
const filled = [{ name: 'x-key', value: 'secret' }];

function resolved(provider: ExtensionProvider): ExtensionProvider | undefined {
  const config = { ...defaultMeshConfig, extensionProviders: [{ name: 'own', ...provider }] };
  return withProviderEnvironment(config, { KEY: 'secret' }).extensionProviders[0];
}

test('headers of tracing providers take their values from the control plane and its environment', () => {
  assert.deepEqual(resolved({ zipkin: { headers: [...key, { name: 'x-own', value: 'v' }] } })?.zipkin?.headers, [
    ...filled,
    { name: 'x-own', value: 'v' },
  ]);
  assert.deepEqual(resolved({ opentelemetry: { http: { headers: key } } })?.opentelemetry?.http?.headers, filled);
  assert.deepEqual(resolved({ opentelemetry: { grpc: { initialMetadata: key } } })?.opentelemetry?.grpc?.initialMetadata, filled);
  const sampler = { httpService: { service: 's', http: { headers: key } } };
  assert.deepEqual(
    resolved({ opentelemetry: { dynatraceSampler: sampler } })?.opentelemetry?.dynatraceSampler?.httpService?.http?.headers,
    filled,
  );
});

test('a variable that is not set is empty, and other providers are as they were', () => {
  assert.deepEqual(resolved({ zipkin: { headers: [{ name: 'x', envName: 'NONE' }] } })?.zipkin?.headers, [{ name: 'x', value: '' }]);
  assert.deepEqual(resolved({ prometheus: {} }), { name: 'own', prometheus: {} });
});
