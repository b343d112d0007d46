import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { effectivePeerAuthentication, indexPeerAuthentications, mtlsSettingForPort } from './peer-authentication.ts';

const policy = (namespace: string, name: string, spec: string, createdAt = '2024-01-01T00:00:00Z') => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {namespace: ${namespace}, name: ${name}, creationTimestamp: "${createdAt}"}
spec: ${spec}
`;

function modeOf(documents: readonly string[], namespace: string, labels: Record<string, string>, port = 8080) {
  const { resources } = parseYaml(documents.join('---'), 'policies.yaml');
  const index = indexPeerAuthentications(createResourceSet(resources), 'istio-system');
  const { mode, origin } = mtlsSettingForPort(effectivePeerAuthentication(index, namespace, labels), port);
  return `${mode} by ${origin.scope}`;
}

const meshStrict = policy('istio-system', 'mesh', '{mtls: {mode: STRICT}}');
const shopDisable = policy('shop', 'all', '{mtls: {mode: DISABLE}}');
const cartPolicy = (spec: string) => policy('shop', 'cart', `{selector: {matchLabels: {app: cart}}, ${spec}}`);

const cases: readonly [claim: string, documents: readonly string[], want: string][] = [
  ['without policies a workload takes both', [], 'PERMISSIVE by default'],
  ['the root namespace speaks for the mesh', [meshStrict], 'STRICT by mesh'],
  ['the namespace overrules the mesh', [meshStrict, shopDisable], 'DISABLE by namespace'],
  ['the workload overrules the namespace', [meshStrict, shopDisable, cartPolicy('mtls: {mode: PERMISSIVE}')], 'PERMISSIVE by workload'],
  ['UNSET inherits', [meshStrict, cartPolicy('mtls: {mode: UNSET}')], 'STRICT by mesh'],
  ['a port overrules its workload', [cartPolicy('mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}')], 'DISABLE by port'],
  ['another port does not', [cartPolicy('mtls: {mode: STRICT}, portLevelMtls: {9090: {mode: DISABLE}}')], 'STRICT by workload'],
  [
    'an UNSET port inherits from its workload',
    [cartPolicy('mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: UNSET}}')],
    'STRICT by workload',
  ],
  ['ports without a selector do not count', [policy('shop', 'all', '{portLevelMtls: {8080: {mode: STRICT}}}')], 'PERMISSIVE by default'],
  [
    'a selector in the root namespace counts for nobody',
    [policy('istio-system', 'x', '{selector: {matchLabels: {app: cart}}, mtls: {mode: STRICT}}')],
    'PERMISSIVE by default',
  ],
  ['an empty selector is none', [policy('shop', 'all', '{selector: {matchLabels: {}}, mtls: {mode: STRICT}}')], 'STRICT by namespace'],
  [
    'the oldest of one scope wins',
    [
      policy('shop', 'a', '{mtls: {mode: STRICT}}', '2024-05-01T00:00:00Z'),
      policy('shop', 'b', '{mtls: {mode: DISABLE}}', '2024-04-01T00:00:00Z'),
    ],
    'DISABLE by namespace',
  ],
];

for (const [claim, documents, want] of cases) {
  test(claim, () => {
    assert.equal(modeOf(documents, 'shop', { app: 'cart' }), want);
    assert.equal(modeOf([...documents].reverse(), 'shop', { app: 'cart' }), want);
  });
}
