import assert from 'node:assert/strict';
import { test } from 'node:test';
import { patchProblems } from './envoy-filter-value.ts';

const type = (name: string) => `type.googleapis.com/${name}`;

test('a value must be a message of the kind that it is applied to', () => {
  assert.match(patchProblems('CLUSTER', { name: [1] }).error ?? '', /^is no envoy\.config\.cluster\.v3\.Cluster: .*name/);
  assert.match(patchProblems('CLUSTER', { connect_timeout: 'soon' }).error ?? '', /Duration/);
  assert.deepEqual(patchProblems('CLUSTER', { connect_timeout: '5s', lbPolicy: 'RING_HASH' }), { error: null, warnings: [] });
});

test('a field that the message has not is a warning, also within a filter', () => {
  const { error, warnings } = patchProblems('HTTP_FILTER', {
    name: 'lua',
    typed_config: { '@type': type('envoy.extensions.filters.http.rbac.v3.RBAC'), rule: {} },
  });
  assert.equal(error, null);
  assert.match(warnings.join(), /"rule" is unknown/);
});

test('types of the former API are refused, and nothing is said of extensions that are not known', () => {
  const filter = (name: string) => ({ name: 'x', typed_config: { '@type': type(name), anything: 1 } });
  assert.match(patchProblems('HTTP_FILTER', filter('envoy.config.filter.http.lua.v2.Lua')).error ?? '', /former API/);
  assert.deepEqual(patchProblems('HTTP_FILTER', filter('envoy.extensions.filters.http.unheard.v3.Of')), { error: null, warnings: [] });
  assert.deepEqual(patchProblems('BOOTSTRAP', { anything: 1 }), { error: null, warnings: [] });
});
