import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeshSettings } from '@weft/core/mesh/mesh-settings';
import { parseNode } from '@weft/core/mesh/parse-node';
import { proxyView } from '@weft/core/mesh/proxy-view';
import { resolveMesh } from '@weft/core/mesh/resolve-mesh';
import { defaultMeshConfig, defaultMeshNetworks } from '@weft/core/resource/default-mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import { createResourceSet } from '@weft/core/resource/resource-set';
import { proxySecrets } from './proxy-secrets.ts';

const secret = (name: string, namespace: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: ${namespace}}\nstringData: {tls.crt: c, tls.key: k}\n---\n`;

const resources = `${secret('own', 'edge')}${secret('granted', 'certs')}${secret('other', 'certs')}${secret('client', 'shop')}${secret('private', 'shop')}
apiVersion: v1
kind: ConfigMap
metadata: {name: roots, namespace: shop}
data: {ca.crt: roots}
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: g, namespace: certs}
spec: {from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: edge}], to: [{group: "", kind: Secret, name: granted}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  gatewayClassName: istio
  listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: granted, namespace: certs}]}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: written, namespace: edge}
spec:
  selector: {gateway.networking.k8s.io/gateway-name: edge}
  servers: [{port: {number: 8443, name: https, protocol: HTTPS}, hosts: [a.com], tls: {mode: SIMPLE, credentialName: "kubernetes-gateway://certs/other"}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.0.0.1, ports: [{name: https, port: 443}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: tls, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  validation: {hostname: web.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: roots}]}
---
apiVersion: v1
kind: Service
metadata: {name: bank, namespace: shop}
spec: {clusterIP: 10.0.0.2, ports: [{name: https, port: 443}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec:
  host: bank
  workloadSelector: {matchLabels: {app: till}}
  trafficPolicy: {tls: {mode: MUTUAL, credentialName: client}}
`;

function meshOf(yaml: string) {
  const settings = createMeshSettings(defaultMeshConfig, defaultMeshNetworks);
  return resolveMesh(createResourceSet(parseYaml(yaml, 'test.yaml').resources), settings, null);
}

function nodeOf(type: 'router' | 'sidecar', namespace: string, labels: Readonly<Record<string, string>>) {
  const node = parseNode({
    id: `${type}~10.0.0.9~p.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, LABELS: labels, INSTANCE_IPS: '10.0.0.9' },
  });
  assert.ok(node);
  return node;
}

const identityOf = (namespace: string) => ({ trustDomain: 'cluster.local', namespace, serviceAccount: 'p' });

/** What a gateway of namespace `edge` is given in a mesh. */
function secretsOf(yaml: string) {
  const mesh = meshOf(yaml);
  const node = nodeOf('router', 'edge', {});
  return proxySecrets(mesh, { node, identity: identityOf('edge') }, proxyView(mesh, node));
}

const mesh = meshOf(resources);

/** Names of what a proxy of a namespace is given; `proved` is the namespace of its certificate. */
function given(
  type: 'router' | 'sidecar',
  namespace: string,
  labels: Readonly<Record<string, string>>,
  proved: string | null,
): readonly string[] {
  const node = nodeOf(type, namespace, labels);
  const identity = proved === null ? null : identityOf(proved);
  return proxySecrets(mesh, { node, identity }, proxyView(mesh, node)).map(({ name = '' }) => name);
}

const edge = { 'gateway.networking.k8s.io/gateway-name': 'edge' };

test('a gateway gets the secrets of its namespace, and of others what listeners were granted', () => {
  assert.deepEqual(given('router', 'edge', edge, 'edge'), [
    'configmap://shop/roots',
    'kubernetes-gateway://certs/granted',
    'kubernetes-gateway://edge/own',
    'kubernetes://own',
  ]);
});

test('without proof of its namespace it gets roots only', () => {
  assert.deepEqual(given('router', 'edge', edge, null), ['configmap://shop/roots']);
  assert.deepEqual(given('router', 'edge', edge, 'shop'), ['configmap://shop/roots']);
});

test('a sidecar gets the secrets that rules for it name, and roots', () => {
  assert.deepEqual(given('sidecar', 'shop', { app: 'till' }, 'shop'), ['configmap://shop/roots', 'kubernetes://client']);
  assert.deepEqual(given('sidecar', 'shop', { app: 'web' }, 'shop'), ['configmap://shop/roots']);
});

test('a secret for an authority alone goes before the authority beside a certificate, whatever their order', () => {
  const authority = (name: string, key: string, ca: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: edge}\nstringData: {${key}: ${ca}, tls.crt: c, tls.key: k}\n---\n`;
  const both = [authority('web-cacert', 'cacert', 'alone'), authority('web', 'ca.crt', 'beside')];
  for (const yaml of [both.join(''), both.toReversed().join('')]) {
    const found = secretsOf(yaml).find(({ name }) => name === 'kubernetes://web-cacert');
    const roots = found?.validationContext?.trustedCa?.inlineBytes ?? '';
    assert.equal(Buffer.from(roots, 'base64').toString(), 'alone');
  }
});
