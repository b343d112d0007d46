import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldInfo, fieldsBelow, jsonSchema } from './json-schema.ts';

test('a schema names the served versions and the fields of the specification', () => {
  const schema = jsonSchema('KubernetesGateway');
  assert.equal(schema?.title, 'Gateway');
  assert.equal(schema?.properties?.apiVersion?.enum?.[0], 'gateway.networking.k8s.io/v1');
  assert.equal(jsonSchema('VirtualService')?.properties?.spec?.properties?.hosts?.type, 'array');
  assert.equal(jsonSchema('Pod'), null);
});

test('an editor can ask what a field is and which fields may stand below it', () => {
  const mode = fieldInfo('PeerAuthentication', 'spec.mtls.mode');
  assert.deepEqual(mode?.values, ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']);
  assert.notEqual(mode?.description, '');
  assert.equal(fieldInfo('VirtualService', 'spec.http[0].match[2].headers["x-a"].exact')?.type, 'string');
  assert.equal(fieldInfo('VirtualService', 'spec.nothing'), null);
  assert.ok(fieldsBelow('VirtualService', 'spec.http[0].route[0]').destination?.isRequired);
  assert.ok('weight' in fieldsBelow('VirtualService', 'spec.http[0].route'));
});
