import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose';
import { buildJwtAuthn } from '../plan/build-jwt.ts';
import type { JwtRequirementPlan } from '../plan/http-filter-plan.ts';
import type { Resume } from './decision.ts';
import { requestOf } from './facts-for-test.ts';
import { verifyRequestJwt } from './verify-jwt.ts';

const nowMs = Date.UTC(2026, 5, 1);
const now = nowMs / 1000;
const { privateKey, publicKey } = await generateKeyPair('RS256');
const other = await generateKeyPair('RS256');
const jwks: JSONWebKeySet = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'RS256' }] };

const jwt = buildJwtAuthn({
  providers: {
    a: {
      issuer: 'issuer-a',
      audiences: ['https://shop/'],
      payloadInMetadata: 'payload',
      forwardPayloadHeader: 'X-Payload',
      claimToHeaders: [
        { headerName: 'x-sub', claimName: 'sub' },
        { headerName: 'x-team', claimName: 'org.team' },
        { headerName: 'x-roles', claimName: 'roles' },
      ],
      normalizePayloadInMetadata: { spaceDelimitedClaims: ['scope'] },
    },
    b: { issuer: 'issuer-b', fromHeaders: [{ name: 'x-token', valuePrefix: 'Token ' }], forward: true },
  },
});

const optional: JwtRequirementPlan = {
  kind: 'any',
  requirements: [{ kind: 'provider', provider: 'a', audiences: null }, { kind: 'allowMissing' }],
};

function sign(claims: JWTPayload, key = privateKey): Promise<string> {
  return new SignJWT({ iss: 'issuer-a', sub: 'me', aud: 'shop', exp: now + 600, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .sign(key);
}

function verify(
  headers: Readonly<Record<string, string>>,
  requirement = optional,
  keys: JSONWebKeySet | null = jwks,
): Promise<Resume['result']> {
  return verifyRequestJwt(jwt, requirement, { facts: requestOf({ headers }), keys: async () => keys, nowMs });
}

async function refusal(token: string, keys: JSONWebKeySet | null = jwks): Promise<readonly [number, string] | null> {
  const result = await verify({ authorization: `Bearer ${token}` }, optional, keys);
  return result.kind === 'deny' ? [result.status, result.body] : null;
}

test('a request without a token passes where tokens are optional, and only there', async () => {
  assert.equal((await verify({})).kind, 'pass');
  const needed = await verify({}, { kind: 'provider', provider: 'a', audiences: null });
  assert.deepEqual(needed.kind === 'deny' && [needed.status, needed.body, needed.headers], [
    401,
    'Jwt is missing',
    [['www-authenticate', 'Bearer realm="http://example.com/"']],
  ]);
});

test('a good token passes with its claims, and the token itself goes no further', async () => {
  const result = await verify({ authorization: `Bearer ${await sign({ scope: 'read write', org: { team: 7 }, roles: ['x'] })}` });
  assert.equal(result.kind, 'pass');
  if (result.kind !== 'pass') return;
  assert.equal(result.requestPrincipal, 'issuer-a/me');
  const payload = result.metadata['envoy.filters.http.jwt_authn']?.payload as JWTPayload;
  assert.deepEqual(payload.scope, ['read', 'write']);
  const changes = new Map(result.headerChanges.map((change) => [change.name, change.op === 'remove' ? null : change.value]));
  assert.deepEqual([changes.get('x-sub'), changes.get('x-team'), changes.get('authorization')], ['me', '7', null]);
  assert.deepEqual(JSON.parse(Buffer.from(changes.get('x-roles') ?? '', 'base64').toString()), ['x']);
  assert.equal(JSON.parse(Buffer.from(changes.get('x-payload') ?? '', 'base64url').toString()).sub, 'me');
});

test('headers that claims would fill are taken from every request, token or not', async () => {
  const removed = (result: Resume['result']): readonly string[] =>
    result.kind === 'pass' ? result.headerChanges.filter(({ op }) => op === 'remove').map(({ name }) => name) : [];
  const forged = { 'x-team': 'forged', 'x-payload': 'forged' };
  assert.deepEqual(removed(await verify(forged)), ['x-payload', 'x-team']);
  assert.ok(removed(await verify({ ...forged, authorization: `Bearer ${await sign({})}` })).includes('x-team'));
});

test('every defect of a token is refused with its own words', async () => {
  const table: readonly (readonly [string, string, number, string])[] = [
    ['no token at all', 'nonsense', 401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['another issuer', await sign({ iss: 'issuer-x' }), 401, 'Jwt issuer is not configured'],
    ['expired', await sign({ exp: now - 61 }), 401, 'Jwt is expired'],
    ['not yet valid', await sign({ nbf: now + 61 }), 401, 'Jwt not yet valid'],
    ['another audience', await sign({ aud: 'other' }), 403, 'Audiences in Jwt are not allowed'],
    ['another key', await sign({}, other.privateKey), 401, 'Jwt verification fails'],
  ];
  for (const [name, token, status, message] of table) assert.deepEqual(await refusal(token), [status, message], name);
});

test('a clock that is a minute off does no harm', async () => {
  assert.equal(await refusal(await sign({ exp: now - 59 })), null);
  assert.equal(await refusal(await sign({ nbf: now + 59 })), null);
});

test('keys that cannot be had refuse every token', async () => {
  assert.deepEqual(await refusal(await sign({}), null), [401, 'Jwks remote fetch is failed']);
  assert.deepEqual(await refusal(await sign({}), { keys: [] }), [401, "Jwks doesn't have key to match kid or alg from Jwt"]);
});

test('an unsigned token is refused', async () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'none' })}.${part({ iss: 'issuer-a', aud: 'shop', exp: now + 60 })}.`;
  assert.equal((await refusal(token))?.[0], 401);
});

test('configured places replace the default ones', async () => {
  const b: JwtRequirementPlan = { kind: 'provider', provider: 'b', audiences: null };
  const token = await sign({ iss: 'issuer-b' });
  assert.equal((await verify({ 'x-token': `Token ${token}` }, b)).kind, 'pass');
  assert.equal((await verify({ authorization: `Bearer ${token}` }, b)).kind, 'deny');
});

test('of several issuers one is enough', async () => {
  const either: JwtRequirementPlan = {
    kind: 'any',
    requirements: [
      { kind: 'provider', provider: 'b', audiences: null },
      { kind: 'provider', provider: 'a', audiences: null },
    ],
  };
  assert.equal((await verify({ authorization: `Bearer ${await sign({})}` }, either)).kind, 'pass');
});

test('a token in the query or in a cookie is taken out, what stands beside it stays', async () => {
  const token = await sign({});
  const placed = buildJwtAuthn({ providers: { a: { issuer: 'issuer-a', fromParams: ['t'], fromCookies: ['c'] } } });
  const facts = requestOf({ path: `/a?x=%31&t=${token}&y`, headers: { cookie: `one=1; c=${token}; two=2` } });
  const requirement: JwtRequirementPlan = { kind: 'provider', provider: 'a', audiences: null };
  const result = await verifyRequestJwt(placed, requirement, { facts, keys: async () => jwks, nowMs });
  const changed = result.kind === 'pass' ? result.headerChanges.filter(({ name }) => name === ':path' || name === 'cookie') : [];
  assert.deepEqual(changed, [
    { op: 'set', name: ':path', value: '/a?x=%31&y' },
    { op: 'set', name: 'cookie', value: 'one=1; two=2' },
  ]);
});
