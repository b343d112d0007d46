import { test } from 'node:test';
import { checkRows } from './test-rows.ts';

test('AuthorizationPolicy rules', () => {
  const rule = (text: string) => `{rules: [{${text}}]}`;
  const source = (text: string) => rule(`from: [{source: {${text}}}]`);
  const operation = (text: string) => rule(`to: [{operation: {${text}}}]`);
  const from = 'spec.rules[0].from[0].source';
  const at = 'spec.rules[0].to[0].operation';
  checkRows([
    ['AuthorizationPolicy', '{}'],
    ['AuthorizationPolicy', '{rules: [{}]}'],
    ['AuthorizationPolicy', '{action: DENY}', 'spec.rules'],
    ['AuthorizationPolicy', '{action: CUSTOM, rules: [{}]}', 'spec.provider.name'],
    ['AuthorizationPolicy', '{provider: {name: p}, rules: [{}]}', 'spec.provider'],
    ['AuthorizationPolicy', rule('from: []')],
    ['AuthorizationPolicy', source(''), from],
    ['AuthorizationPolicy', source('ipBlocks: [10.0.0.0/33]'), `${from}.ipBlocks[0]`],
    ['AuthorizationPolicy', source('principals: [""]'), `${from}.principals[0]`],
    ['AuthorizationPolicy', source('serviceAccounts: [ns/a], namespaces: [b]'), from],
    ['AuthorizationPolicy', source('serviceAccounts: [ns/a, b]')],
    ['AuthorizationPolicy', source('serviceAccounts: ["*"]'), `${from}.serviceAccounts[0]`],
    ['AuthorizationPolicy', operation('ports: ["65536"]'), `${at}.ports[0]`],
    ['AuthorizationPolicy', operation('paths: ["/a/{*}/b", "/c/{**}", "/d*"]')],
    ['AuthorizationPolicy', operation('paths: ["/{**}/{*}"]'), `${at}.paths[0]`],
    ['AuthorizationPolicy', operation('paths: ["/{a}"]'), `${at}.paths[0]`],
    ['AuthorizationPolicy', operation('paths: ["/{*}/b*"]'), `${at}.paths[0]`],
    ['AuthorizationPolicy', rule('when: [{key: "request.auth.claims[a][b]", values: [c]}]')],
    ['AuthorizationPolicy', rule('when: [{key: request.headers, values: [c]}]'), 'spec.rules[0].when[0].key'],
    ['AuthorizationPolicy', rule('when: [{key: source.colour, values: [c]}]'), 'spec.rules[0].when[0].key'],
    ['AuthorizationPolicy', rule('when: [{key: source.ip}]'), 'spec.rules[0].when[0]'],
    ['AuthorizationPolicy', '{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: s}]}', 'spec'],
    ['AuthorizationPolicy', '{targetRefs: [{kind: Pod, name: s}]}', 'spec.targetRefs[0]'],
    ['AuthorizationPolicy', '{targetRefs: [{kind: Service, name: s, namespace: x}]}', 'spec.targetRefs[0].namespace'],
  ]);
});

test('authentication, telemetry and extensions', () => {
  checkRows([
    ['PeerAuthentication', '{portLevelMtls: {8080: {mode: STRICT}}}', 'spec.portLevelMtls'],
    ['PeerAuthentication', '{selector: {matchLabels: {a: b}}, portLevelMtls: {http: {mode: STRICT}}}', 'spec.portLevelMtls.http'],
    ['PeerAuthentication', '{selector: {matchLabels: {a: b}}, portLevelMtls: {8080: {mode: STRICT}}}'],
    ['RequestAuthentication', '{jwtRules: [{}]}', 'spec.jwtRules[0].issuer'],
    ['RequestAuthentication', '{jwtRules: [{issuer: a, jwksUri: "ftp://b"}]}', 'spec.jwtRules[0].jwksUri'],
    ['RequestAuthentication', '{jwtRules: [{issuer: a, jwks: "{"}]}', 'spec.jwtRules[0].jwks'],
    ['RequestAuthentication', `{jwtRules: [{issuer: a, jwks: '{"keys": [{"kty": "new"}]}'}]}`, 'spec.jwtRules[0].jwks'],
    ['RequestAuthentication', `{jwtRules: [{issuer: a, jwks: '{"keys": [{"kty": "RSA", "e": "AQAB"}]}'}]}`, 'spec.jwtRules[0].jwks'],
    ['RequestAuthentication', `{jwtRules: [{issuer: a, jwks: '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'}]}`],
    ['RequestAuthentication', '{jwtRules: [{issuer: a, jwksUri: "https://b", jwks: "{\\"keys\\": []}"}]}', 'spec.jwtRules[0]'],
    [
      'RequestAuthentication',
      '{jwtRules: [{issuer: a, outputClaimToHeaders: [{claim: c, header: "x y"}]}]}',
      'spec.jwtRules[0].outputClaimToHeaders[0].header',
    ],
    [
      'Telemetry',
      '{metrics: [{overrides: [{tagOverrides: {a: {operation: UPSERT}}}]}]}',
      'spec.metrics[0].overrides[0].tagOverrides.a.value',
    ],
    ['Telemetry', '{accessLogging: [{filter: {expression: "response.code >= 400"}}]}'],
    ['Telemetry', '{accessLogging: [{filter: {expression: "response.code >="}}]}', 'spec.accessLogging[0].filter.expression'],
    ['WasmPlugin', '{url: "oci://a/b:c"}'],
    ['WasmPlugin', '{url: "a.b/c:d", sha256: ""}'],
    ['WasmPlugin', '{url: "ftp://a"}', 'spec.url'],
    ['WasmPlugin', '{url: a, vmConfig: {env: [{name: A, valueFrom: HOST, value: b}]}}', 'spec.vmConfig.env[0].value'],
    ['TrafficExtension', '{}', 'spec'],
    ['TrafficExtension', '{lua: {inlineCode: "a"}, phase: AUTHN}'],
    [
      'EnvoyFilter',
      '{configPatches: [{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: REMOVE}}]}',
      'spec.configPatches[0].match.listener',
    ],
    ['EnvoyFilter', '{configPatches: [{applyTo: CLUSTER, patch: {operation: MERGE}}]}', 'spec.configPatches[0].patch.value'],
    ['EnvoyFilter', '{configPatches: [{patch: {operation: REMOVE}}]}', 'spec.configPatches[0].applyTo'],
    ['ProxyConfig', '{concurrency: -1}', 'spec.concurrency'],
    ['IstioOperator', '{profile: default, hube: x}', 'spec.hube'],
    ['IstioOperator', '{meshConfig: {connectTimeout: 2h}}', 'spec.meshConfig.connectTimeout'],
  ]);
});

test('AuthorizationPolicy values are those that Istio refuses and no others', () => {
  const when = (condition: string) => `{rules: [{when: [{${condition}}]}]}`;
  const at = 'spec.rules[0].when[0]';
  checkRows([
    ['AuthorizationPolicy', '{action: DENY, rules: []}', 'spec.rules'],
    ['AuthorizationPolicy', '{action: ALLOW, rules: []}'],
    ['AuthorizationPolicy', when('key: source.namespace, values: [""]'), `${at}.values[0]`],
    ['AuthorizationPolicy', when('key: source.serviceAccount, values: [a, ns/b]')],
    [
      'AuthorizationPolicy',
      when('key: source.serviceAccount, notValues: ["ns/*", ns/, a/b/c]'),
      ...[0, 1, 2].map((i) => `${at}.notValues[${i}]`),
    ],
    ['AuthorizationPolicy', when('key: "request.headers[]", values: [a]'), `${at}.key`],
    ['AuthorizationPolicy', when('key: "request.experimental.inline.headers[x-team]", values: [a]')],
    ['AuthorizationPolicy', when('key: request.experimental.inline.headers, values: [a]'), `${at}.key`],
    ['AuthorizationPolicy', when('key: destination.port, values: ["0", "65536"]'), `${at}.values[1]`],
  ]);
});

test('headers that Istio writes itself have plain names', () => {
  const claim = (header: string) => `{jwtRules: [{issuer: a, outputClaimToHeaders: [{header: "${header}", claim: c}]}]}`;
  checkRows([
    ['RequestAuthentication', claim('x-claim')],
    ['RequestAuthentication', claim('x_claim'), 'spec.jwtRules[0].outputClaimToHeaders[0].header'],
    [
      'WorkloadGroup',
      '{template: {}, probe: {httpGet: {port: 80, httpHeaders: [{name: "a.b"}]}}}',
      'spec.probe.httpGet.httpHeaders[0].name',
    ],
  ]);
});
