import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway, translate } from './test-translation.ts';

const secret = (name: string, namespace: string) =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: ${namespace}}\nstringData: {tls.crt: c, tls.key: k}\n---\n`;

/** The TLS of the server that a listener with these references becomes; undefined when it is not served. */
function tlsOf(tls: string, extra = '', port = 443) {
  const { gateways } = translate(extra + gateway(`{name: tls, port: ${port}, protocol: TLS, tls: ${tls}}`));
  return gateways[0]?.spec.servers?.[0]?.tls;
}

test('of several certificates those are served that can be had', () => {
  const own = secret('one', 'edge') + secret('two', 'shop');
  assert.deepEqual(tlsOf('{certificateRefs: [{name: one}, {name: none}]}', own), {
    mode: 'SIMPLE',
    credentialName: 'kubernetes-gateway://edge/one',
  });
  assert.equal(tlsOf('{certificateRefs: [{name: none}]}', own), undefined);
  assert.equal(tlsOf('{certificateRefs: [{name: two, namespace: shop}]}', own), undefined);
});

test('options take the certificate of the mesh instead, and ask for that of the client', () => {
  const asked = (mode: string) =>
    tlsOf(`{certificateRefs: [{name: one}], options: {gateway.istio.io/tls-terminate-mode: ${mode}}}`, secret('one', 'edge'));
  assert.deepEqual(asked('ISTIO_MUTUAL'), { mode: 'ISTIO_MUTUAL' });
  assert.deepEqual(asked('ISTIO_SIMPLE'), { mode: 'SIMPLE', credentialName: 'builtin://' });
  assert.equal(asked('MUTUAL')?.mode, 'MUTUAL');
});

test('the port by which other networks come in passes on by the names that mesh proxies ask for', () => {
  assert.equal(tlsOf('{mode: Passthrough}')?.mode, 'PASSTHROUGH');
  assert.equal(tlsOf('{mode: Passthrough, options: {gateway.istio.io/listener-protocol: auto-passthrough}}')?.mode, 'AUTO_PASSTHROUGH');
  const labelled = (labels: string, port: number) => {
    const yaml = gateway(`{name: tls, port: ${port}, protocol: TLS, tls: {mode: Passthrough}}`);
    return translate(yaml.replace('generation: 4', `generation: 4, labels: {${labels}}`)).gateways[0]?.spec.servers?.[0]?.tls?.mode;
  };
  assert.equal(labelled('topology.istio.io/network: a', 15443), 'AUTO_PASSTHROUGH');
  assert.equal(labelled('topology.istio.io/network: a', 443), 'PASSTHROUGH');
  assert.equal(labelled('topology.istio.io/network: a, networking.istio.io/gatewayPort: "443"', 443), 'AUTO_PASSTHROUGH');
});

test('an authority for the certificates of clients that cannot be had lets nobody in', () => {
  const mode = (reference: string, extra = '') => {
    const frontend = `tls: {frontend: {default: {validation: {caCertificateRefs: [${reference}]}}}}, listeners:`;
    const yaml = gateway('{name: tls, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: one}]}}').replace('listeners:', frontend);
    return translate(extra + secret('one', 'edge') + yaml).gateways[0]?.spec.servers?.[0]?.tls?.mode;
  };
  const roots = (namespace: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: roots, namespace: ${namespace}}\ndata: {ca.crt: roots}\n---\n`;
  const grant = `apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: g, namespace: shop}
spec: {from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: edge}], to: [{group: "", kind: ConfigMap}]}
---
`;
  assert.equal(mode('{group: "", kind: ConfigMap, name: roots}', roots('edge')), 'MUTUAL');
  assert.equal(mode('{group: "", kind: ConfigMap, name: roots}'), undefined);
  assert.equal(mode('{group: "", kind: ConfigMap, name: roots, namespace: shop}', roots('shop')), undefined);
  assert.equal(mode('{group: "", kind: ConfigMap, name: roots, namespace: shop}', roots('shop') + grant), 'MUTUAL');
});
