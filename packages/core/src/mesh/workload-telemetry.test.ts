import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig } from '../resource/default-mesh-config.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { resolveWorkloadTelemetry } from './workload-telemetry.ts';

const providers = [
  { name: 'file', envoyFileAccessLog: { path: '/log' } },
  { name: 'als', envoyHttpAls: { service: 'als', port: 1 } },
  { name: 'zipkin', zipkin: { service: 'z', port: 1 } },
];

function telemetry(namespace: string, name: string, spec: string): string {
  return `
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
---
`;
}

function resolve(yaml: string, meshConfig: Partial<MeshConfig> = {}) {
  const set = createResourceSet(parseYaml(yaml, 'test.yaml').resources);
  const target = { namespace: 'shop', labels: { app: 'cart' }, type: 'sidecar' as const };
  return resolveWorkloadTelemetry(set, target, {
    rootNamespace: 'istio-system',
    meshConfig: { ...defaultMeshConfig, extensionProviders: providers, ...meshConfig },
  });
}

const logs = (yaml: string, meshConfig: Partial<MeshConfig> = {}) =>
  resolve(yaml, meshConfig).server.accessLogs?.map(
    ({ provider, filterExpression }) => `${provider.name}${filterExpression && ` if ${filterExpression}`}`,
  );

test('without Telemetry and default providers the mesh configuration decides about access logs', () => {
  assert.equal(logs(''), undefined);
  assert.deepEqual(logs('', { defaultProviders: { accessLogging: ['file'] } }), ['file']);
});

test('a narrower Telemetry replaces the providers of a wider one and can switch logs off', () => {
  const mesh = telemetry('istio-system', 'mesh', '{accessLogging: [{providers: [{name: file}]}]}');
  assert.deepEqual(logs(mesh), ['file']);
  assert.deepEqual(logs(mesh + telemetry('shop', 'ns', '{accessLogging: [{providers: [{name: als}]}]}')), ['als']);
  assert.deepEqual(logs(mesh + telemetry('shop', 'ns', '{accessLogging: [{disabled: true}]}')), []);
  assert.deepEqual(logs(mesh + telemetry('shop', 'w', '{selector: {matchLabels: {app: other}}, accessLogging: [{disabled: true}]}')), [
    'file',
  ]);
});

test('all entries of one stanza count, each with its own filter', () => {
  const yaml = telemetry(
    'shop',
    'ns',
    '{accessLogging: [{providers: [{name: file}], filter: {expression: "response.code >= 500"}}, {providers: [{name: als}]}]}',
  );
  assert.deepEqual(logs(yaml), ['als', 'file if response.code >= 500']);
});

test('a mode keeps to its side', () => {
  const { client, server } = resolve(
    telemetry(
      'shop',
      'ns',
      '{accessLogging: [{match: {mode: CLIENT}, providers: [{name: file}]}], metrics: [{providers: [{name: prometheus}], overrides: [{match: {metric: REQUEST_COUNT, mode: SERVER}, disabled: true}]}]}',
    ),
  );
  assert.deepEqual([client.accessLogs?.length, server.accessLogs?.length], [1, 0]);
  assert.deepEqual([client.metrics.overrides.length, server.metrics.overrides[0]?.isDisabled], [0, true]);
});

test('metric overrides of all levels add up, and ALL_METRICS stands for each', () => {
  const { metrics } = resolve(
    telemetry(
      'istio-system',
      'mesh',
      '{metrics: [{providers: [{name: prometheus}], overrides: [{match: {metric: ALL_METRICS}, disabled: true}]}]}',
    ) +
      telemetry(
        'shop',
        'ns',
        '{metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, disabled: false, tagOverrides: {team: {value: "\'a\'"}, response_code: {operation: REMOVE}}}]}]}',
      ),
  ).server;
  assert.equal(metrics.overrides.length, 10);
  assert.deepEqual(metrics.overrides[0], {
    metric: 'REQUEST_COUNT',
    isDisabled: false,
    tags: [
      { name: 'response_code', value: '', isRemoved: true },
      { name: 'team', value: "'a'", isRemoved: false },
    ],
  });
});

test('a sampling rate of 0 is a rate, and only the first provider is used', () => {
  const { tracing } = resolve(
    telemetry('shop', 'ns', '{tracing: [{providers: [{name: zipkin}, {name: other}], randomSamplingPercentage: 0}]}'),
  ).client;
  assert.deepEqual([tracing.provider?.name, tracing.samplingPercent, tracing.origin.scope], ['zipkin', 0, 'namespace']);
  assert.equal(resolve('').client.tracing.samplingPercent, null);
});
