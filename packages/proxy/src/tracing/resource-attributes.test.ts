import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceAttributes } from './resource-attributes.ts';

const proxy = { serviceName: 'app.shop', version: '1' };

test('a resource is the proxy, and what detectors find stands over it', () => {
  const detectors = [{ kind: 'environment' }, { kind: 'static', attributes: [['service.namespace', 'shop']] }] as const;
  const environment = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=own, deployment.environment = test,broken,=none' };
  assert.deepEqual(
    [...resourceAttributes(detectors, proxy, environment)],
    [
      ['telemetry.sdk.language', 'nodejs'],
      ['telemetry.sdk.name', 'weft'],
      ['telemetry.sdk.version', '1'],
      ['service.name', 'own'],
      ['deployment.environment', 'test'],
      ['service.namespace', 'shop'],
    ],
  );
});

test('an environment that says nothing adds nothing', () => {
  assert.equal(resourceAttributes([{ kind: 'environment' }], proxy, {}).get('service.name'), 'app.shop');
});
