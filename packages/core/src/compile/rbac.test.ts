import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthorizationPolicy } from '../resource/kinds.ts';
import { parseYaml } from '../resource/parse.ts';
import { httpRbac, networkRbac, rbacRules } from './rbac.ts';
import { expandTrustDomains } from './rbac-rule.ts';

function policies(spec: string, annotations = '{}'): AuthorizationPolicy[] {
  const { resources } = parseYaml(
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {namespace: shop, name: p, annotations: ${annotations}}\nspec: ${spec}\n`,
    'p.yaml',
  );
  return resources as AuthorizationPolicy[];
}

const http = { isTcp: false, trustDomains: ['cluster.local'] };
const tcp = { ...http, isTcp: true };
const rule0 = 'ns[shop]-policy[p]-rule[0]';

test('fields of a source hold together, their values are alternatives, and negations exclude any value', () => {
  const { rules } = rbacRules(
    policies('{rules: [{from: [{source: {principals: [cluster.local/ns/a/sa/x, "*/sa/y"], notNamespaces: [b]}}]}]}'),
    'ALLOW',
    http,
  );
  assert.deepEqual(rules?.policies?.[rule0]?.principals, [
    {
      andIds: {
        ids: [
          {
            orIds: {
              ids: [
                { authenticated: { principalName: { exact: 'spiffe://cluster.local/ns/a/sa/x' } } },
                { authenticated: { principalName: { safeRegex: { regex: 'spiffe://.*/sa/y' } } } },
              ],
            },
          },
          { notId: { orIds: { ids: [{ authenticated: { principalName: { safeRegex: { regex: '.*/ns/b/.*' } } } }] } } },
        ],
      },
    },
  ]);
});

test('a policy without rules still switches on the implicit denial', () => {
  const config = httpRbac(policies('{}'), 'ALLOW', http);
  assert.deepEqual(Object.keys(config?.rules?.policies ?? {}), [rule0]);
  assert.deepEqual(config?.rules?.policies?.[rule0]?.permissions, [{ notRule: { any: true } }]);
});

test('an empty rule matches everything', () => {
  const { rules } = rbacRules(policies('{rules: [{}]}'), 'ALLOW', http);
  assert.deepEqual(rules?.policies?.[rule0], {
    permissions: [{ andRules: { rules: [{ any: true }] } }],
    principals: [{ andIds: { ids: [{ any: true }] } }],
  });
});

test('a rule that is not there is no rule, which leaves an ALLOW policy that matches nothing', () => {
  assert.deepEqual(rbacRules(policies('{rules: [null]}'), 'ALLOW', http).rules, {});
});

test('a trust domain of the mesh stands for all of them, any other for itself', () => {
  const names = (value: string): unknown =>
    rbacRules(policies(`{rules: [{from: [{source: {trustDomains: [${value}]}}]}]}`), 'ALLOW', {
      isTcp: false,
      trustDomains: ['new', 'old'],
    }).rules?.policies?.[rule0]?.principals?.[0]?.andIds?.ids?.[0]?.orIds?.ids?.[0]?.authenticated?.principalName?.safeRegex?.regex;
  assert.equal(names('old'), 'spiffe://(new|old)/.*');
  assert.equal(names('cluster.local'), 'spiffe://(cluster\\.local)/.*');
});

test('only what Go reads as true makes a policy a dry run', () => {
  for (const [value, isDry] of [
    ['true', true],
    ['True', true],
    ['T', true],
    ['1', true],
    ['tRUE', false],
    ['yes', false],
  ] as const)
    assert.equal(rbacRules(policies('{rules: [{}]}', `{istio.io/dry-run: "${value}"}`), 'DENY', http).rules === null, isDry, value);
});

test('on TCP an ALLOW rule with HTTP fields is dropped, while a DENY rule only loses them', () => {
  const spec = '{rules: [{to: [{operation: {methods: [GET], ports: ["80"]}}]}]}';
  assert.deepEqual(networkRbac(policies(spec), 'ALLOW', tcp), { rules: {}, statPrefix: 'tcp.' });
  const denied = networkRbac(policies(spec), 'DENY', tcp)?.rules?.policies?.[rule0];
  assert.deepEqual(denied?.permissions, [{ andRules: { rules: [{ orRules: { rules: [{ destinationPort: 80 }] } }] } }]);
});

test('a dry-run policy goes to the shadow rules only', () => {
  const config = httpRbac(policies('{rules: [{}]}', '{"istio.io/dry-run": "true"}'), 'ALLOW', http);
  assert.equal(config?.rules, undefined);
  assert.equal(config?.shadowRulesStatPrefix, 'istio_dry_run_allow_');
  assert.deepEqual(Object.keys(config?.shadowRules?.policies ?? {}), [rule0]);
});

test('a rule with an unknown condition is left out', () => {
  const { rules } = rbacRules(policies('{rules: [{when: [{key: request.nonsense, values: [x]}]}]}'), 'ALLOW', http);
  assert.deepEqual(rules, {});
});

const conditions: readonly [key: string, value: string, want: object][] = [
  ['request.headers[X-Team]', '*', { header: { name: 'x-team', presentMatch: true } }],
  ['request.headers[x]', 'a*', { header: { name: 'x', stringMatch: { prefix: 'a' } } }],
  ['request.experimental.inline.headers[X]', '*', { header: { name: 'x', presentMatch: true } }],
  ['source.trustDomain', 'elsewhere', { authenticated: { principalName: { safeRegex: { regex: 'spiffe://(elsewhere)/.*' } } } }],
  ['source.ip', '10.0.0.0/8', { directRemoteIp: { addressPrefix: '10.0.0.0', prefixLen: 8 } }],
  ['remote.ip', '::1', { remoteIp: { addressPrefix: '::1', prefixLen: 128 } }],
  [
    'source.serviceAccount',
    'cart',
    { authenticated: { principalName: { safeRegex: { regex: 'spiffe://.+/ns/shop/(.+/|)sa/cart(/.+)?' } } } },
  ],
];

for (const [key, value, want] of conditions) {
  test(`condition ${key}: ${value}`, () => {
    const { rules } = rbacRules(policies(JSON.stringify({ rules: [{ when: [{ key, values: [value] }] }] })), 'ALLOW', http);
    assert.deepEqual(rules?.policies?.[rule0]?.principals, [{ andIds: { ids: [{ orIds: { ids: [want] } }] } }]);
  });
}

test('an element of a list of header values is matched from comma to comma', () => {
  const matches = (value: string, header: string): boolean => {
    const { rules } = rbacRules(
      policies(JSON.stringify({ rules: [{ when: [{ key: 'request.experimental.inline.headers[x]', values: [value] }] }] })),
      'ALLOW',
      http,
    );
    const regex = /"regex":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(rules))?.[1] ?? '""';
    return new RegExp(`^(?:${JSON.parse(regex)})$`).test(header);
  };
  for (const header of ['a.b', 'a.b,c', 'c,a.b', 'c, a.b , d']) assert.ok(matches('a.b', header), header);
  for (const header of ['', 'axb', 'a.bc', 'c,a.b.c', 'c a.b']) assert.ok(!matches('a.b', header), header);
  assert.deepEqual(
    ['c,abc', 'c,xa', 'ab'].map((header) => matches('a*', header)),
    [true, false, true],
  );
  assert.deepEqual(
    ['cba,c', 'c,ax', 'a'].map((header) => matches('*a', header)),
    [true, false, true],
  );
});

test('claims are matched as text and as lists, and a claim name keeps its dots', () => {
  const { rules } = rbacRules(
    policies(JSON.stringify({ rules: [{ when: [{ key: 'request.auth.claims[a.b][c]', values: ['x'] }] }] })),
    'ALLOW',
    http,
  );
  const metadata = JSON.stringify(rules?.policies?.[rule0]?.principals);
  assert.match(metadata, /"path":\[\{"key":"payload"\},\{"key":"a\.b"\},\{"key":"c"\}\]/);
  assert.match(metadata, /"listMatch":\{"oneOf":\{"stringMatch":\{"exact":"x"\}\}\}/);
});

test('request principals part at the last slash because an issuer may be a URL', () => {
  const { rules } = rbacRules(policies('{rules: [{from: [{source: {requestPrincipals: ["https://idp/x/me"]}}]}]}'), 'ALLOW', http);
  const text = JSON.stringify(rules);
  assert.match(text, /"exact":"https:\/\/idp\/x"/);
  assert.match(text, /"exact":"me"/);
});

test('path templates become URI templates and hosts are compared without case', () => {
  const { rules } = rbacRules(policies('{rules: [{to: [{operation: {paths: ["/a/{*}/b/{**}"], hosts: [Shop.example]}}]}]}'), 'ALLOW', http);
  const text = JSON.stringify(rules);
  assert.match(text, /"pathTemplate":"\/a\/\*\/b\/\*\*"/);
  assert.match(text, /"name":":authority","stringMatch":\{"exact":"Shop\.example","ignoreCase":true\}/);
});

test('a principal of the mesh holds for every alias of its trust domain', () => {
  assert.deepEqual(expandTrustDomains(['cluster.local/ns/a/sa/b', 'old/ns/a/sa/b', 'foreign/ns/a/sa/b', '*'], ['new', 'old']), [
    'new/ns/a/sa/b',
    'old/ns/a/sa/b',
    'foreign/ns/a/sa/b',
    '*',
  ]);
});
