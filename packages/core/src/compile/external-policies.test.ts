import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JwtAuthenticationJson } from '@weft/envoy-api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ExtensionProvider } from '../resource/extension-provider.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import { snapshotOf } from './test-mesh.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {clusterIP: 10.1.0.1, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: ext, namespace: shop}
spec: {clusterIP: 10.1.0.2, ports: [{name: grpc, port: 9000}, {name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: app, namespace: shop}
spec: {address: 10.0.0.99, labels: {app: cart}}
---
`;

function filters(policies: string, meshConfig: Partial<MeshConfig> = {}) {
  const snapshot = snapshotOf(mesh + policies, { labels: { app: 'cart' } }, meshConfig);
  const chain = snapshot.listeners
    .find(({ name }) => name === 'virtualInbound')
    ?.filterChains?.find(({ filterChainMatch }) => filterChainMatch?.destinationPort === 8080);
  const manager = chain?.filters?.at(-1)?.typedConfig as HttpConnectionManagerJson | undefined;
  return manager?.httpFilters ?? [];
}

function custom(name: string, provider: string): string {
  return `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: shop}
spec: {action: CUSTOM, provider: {name: ${provider}}, rules: [{to: [{operation: {paths: [/admin]}}]}]}
---
`;
}

const service = 'ext.shop.svc.cluster.local';
const providers: readonly ExtensionProvider[] = [
  { name: 'grpc', envoyExtAuthzGrpc: { service, port: 9000, timeout: '250ms', failOpen: true } },
  { name: 'http', envoyExtAuthzHttp: { service, port: 80, includeRequestHeadersInCheck: ['x-a', 'y-*'], headersToUpstreamOnAllow: ['z'] } },
  { name: 'gone', envoyExtAuthzGrpc: { service: 'gone.shop.svc.cluster.local', port: 1 } },
];

test('a CUSTOM policy marks requests by shadow rules and asks the provider about those only', () => {
  const [shadow, check] = filters(custom('p', 'grpc'), { extensionProviders: providers });
  const text = JSON.stringify(shadow);
  assert.match(text, /"shadowRulesStatPrefix":"istio_ext_authz_"/);
  assert.match(text, /istio-ext-authz-grpc-ns\[shop\]-policy\[p\]-rule\[0\]/);
  assert.doesNotMatch(text, /"rules":\{"action"/);
  const asked = JSON.stringify(check);
  assert.match(asked, /"clusterName":"outbound\|9000\|\|ext\.shop\.svc\.cluster\.local"/);
  assert.match(asked, /"timeout":"0\.250s"/);
  assert.match(asked, /"failureModeAllow":true/);
  assert.match(asked, /"prefix":"istio-ext-authz-grpc-"/);
});

test('an HTTP provider is sent the headers it asked for', () => {
  const [, check] = filters(custom('p', 'http'), { extensionProviders: providers });
  const asked = JSON.stringify(check);
  assert.match(asked, /"allowedHeaders":\{"patterns":\[\{"exact":"x-a","ignoreCase":true\},\{"prefix":"y-","ignoreCase":true\}\]\}/);
  assert.match(asked, /"allowedUpstreamHeaders":\{"patterns":\[\{"exact":"z","ignoreCase":true\}\]\}/);
});

for (const [claim, policies] of [
  ['a provider that is not declared', custom('p', 'unknown')],
  ['a provider whose service does not exist', custom('p', 'gone')],
  ['two providers for one workload', custom('p', 'grpc') + custom('q', 'http')],
] as const) {
  test(`${claim} denies what its rules match, and nothing else`, () => {
    const rbac = filters(policies, { extensionProviders: providers }).filter(({ name }) => name === 'envoy.filters.http.rbac');
    assert.match(JSON.stringify(rbac), /"action":"DENY","policies":\{"[^"]+-deny-due-to-bad-CUSTOM-action"/);
    assert.ok(!filters(policies, { extensionProviders: providers }).some(({ name }) => name === 'envoy.filters.http.ext_authz'));
  });
}

function jwt(rules: string): JwtAuthenticationJson {
  const policy = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: r, namespace: shop}
spec: {jwtRules: [${rules}]}
`;
  return (filters(policy).find(({ name }) => name === 'envoy.filters.http.jwt_authn')?.typedConfig ?? {}) as JwtAuthenticationJson;
}

test('one issuer: a token must be valid, none passes, and a preflight is let through', () => {
  const config = jwt('{issuer: a, jwks: "{}"}');
  assert.deepEqual(config.rules?.[0]?.requires, { requiresAny: { requirements: [{ providerName: 'origins-0' }, { allowMissing: {} }] } });
  assert.equal(config.bypassCorsPreflight, true);
});

test('several issuers: any token that verifies is enough, else every token that is there must', () => {
  const { rules, providers: issuers } = jwt('{issuer: b, jwks: "{}"}, {issuer: a, jwks: "{}"}');
  assert.equal(issuers?.['origins-0']?.issuer, 'a');
  const [first, second, all] = rules?.[0]?.requires?.requiresAny?.requirements ?? [];
  assert.deepEqual([first?.providerName, second?.providerName, all?.requiresAll?.requirements?.length], ['origins-0', 'origins-1', 2]);
});

test('keys are inline, from a service of the mesh, or such that no token fits', () => {
  const keysOf = (rule: string) => jwt(rule).providers?.['origins-0'];
  const inline = '{"keys":[{"kty":"oct","k":"AAAA"}]}';
  assert.equal(keysOf(`{issuer: a, jwks: '${inline}'}`)?.localJwks?.inlineString, inline);
  assert.equal(keysOf(`{issuer: a, jwksUri: "http://${service}/keys"}`)?.remoteJwks?.httpUri?.cluster, `outbound|80||${service}`);
  assert.match(keysOf('{issuer: a, jwksUri: "https://elsewhere.example/keys"}')?.localJwks?.inlineString ?? '', /"kid":"unavailable"/);
});

test('claims go to headers, and the payload where the authorization rules look for it', () => {
  const issuer = jwt(
    '{issuer: a, jwks: "{}", outputClaimToHeaders: [{header: x-sub, claim: sub}], spaceDelimitedClaims: [roles], forwardOriginalToken: true}',
  ).providers?.['origins-0'];
  assert.deepEqual(issuer?.claimToHeaders, [{ headerName: 'x-sub', claimName: 'sub' }]);
  assert.deepEqual(issuer?.normalizePayloadInMetadata, { spaceDelimitedClaims: ['permission', 'roles', 'scope'] });
  assert.deepEqual([issuer?.payloadInMetadata, issuer?.forward], ['payload', true]);
});
