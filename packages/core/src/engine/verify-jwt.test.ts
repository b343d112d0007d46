import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompactSign, exportJWK, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose';
import { buildJwtAuthn } from '../plan/build-jwt.ts';
import type { JwtRequirementPlan } from '../plan/http-filter-plan.ts';
import type { Resume } from './decision.ts';
import { type RequestSpec, requestOf } from './facts-for-test.ts';
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

/** Claims of types that the library would not let us write. */
function signAny(claims: object): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify({ iss: 'issuer-a', sub: 'me', aud: 'shop', exp: now + 600, ...claims }));
  return new CompactSign(payload).setProtectedHeader({ alg: 'RS256', kid: 'k1' }).sign(privateKey);
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

test('a token in the query is taken out, what stands beside it stays; cookies are left alone', async () => {
  const token = await sign({});
  const placed = buildJwtAuthn({ providers: { a: { issuer: 'issuer-a', fromParams: ['t'], fromCookies: ['c'] } } });
  const facts = requestOf({ path: `/a?x=%31&t=${token}&y`, headers: { cookie: `one=1; c=${token}; two=2` } });
  const requirement: JwtRequirementPlan = { kind: 'provider', provider: 'a', audiences: null };
  const result = await verifyRequestJwt(placed, requirement, { facts, keys: async () => jwks, nowMs });
  const changed = result.kind === 'pass' ? result.headerChanges.filter(({ name }) => name === ':path' || name === 'cookie') : [];
  assert.deepEqual(changed, [{ op: 'set', name: ':path', value: '/a?x=%31&y' }]);
});

test('nothing can hide behind a good token: what stands at a place of tokens must be good as a whole', async () => {
  const good = await sign({});
  const places = buildJwtAuthn({
    providers: {
      a: {
        issuer: 'issuer-a',
        fromHeaders: [{ name: 'x-jwt' }, { name: 'x-t', valuePrefix: 'T ' }],
        fromCookies: ['c'],
        fromParams: ['t'],
      },
    },
  });
  const status = async (spec: RequestSpec): Promise<string> => {
    const result = await verifyRequestJwt(places, optional, { facts: requestOf(spec), keys: async () => jwks, nowMs });
    return result.kind === 'deny' ? String(result.status) : result.kind;
  };
  assert.equal(await status({ headers: { 'x-jwt': good } }), 'pass');
  assert.equal(await status({ headers: { 'x-t': `T  ${good}` } }), 'pass');
  assert.equal(await status({ headers: { 'x-t': good } }), 'pass', 'without the prefix it is no token');
  const bad: readonly RequestSpec[] = [
    { headers: { 'x-jwt': `${good} junk` } },
    { headers: { 'x-jwt': '' } },
    { headers: { 'x-t': `T ${good},T junk` } },
    { repeated: { 'x-jwt': [good, 'junk'] } },
    { repeated: { 'x-jwt': ['junk', good] } },
    { repeated: { cookie: ['one=1', 'c=junk'] } },
    { path: '/?t=' },
    { path: `/?t=${good}.x` },
  ];
  for (const spec of bad) assert.equal(await status(spec), '401', JSON.stringify(spec));
});

test('a claim of a wrong type makes the whole token wrong', async () => {
  const table: readonly (readonly [object, string])[] = [
    [{ exp: 'never' }, 'Jwt payload [exp] field is not an integer'],
    [{ exp: -1 }, 'Jwt payload [exp] field is not a positive 64 bit integer'],
    [{ nbf: null }, 'Jwt payload [nbf] field is not an integer'],
    [{ sub: 7 }, 'Jwt payload [sub] field is not a string'],
    [{ jti: 7 }, 'Jwt payload [jti] field is not a string'],
    [{ aud: ['shop', 7] }, 'Jwt payload [aud] field is not a string or string list'],
  ];
  for (const [claims, message] of table) assert.deepEqual(await refusal(await signAny({ ...claims })), [401, message]);
  assert.equal(await refusal(await signAny({ exp: 0 })), null, 'zero is no time');
});

test('a key without an id fits any token, and its other uses are not asked', async () => {
  const [key] = jwks.keys;
  const { kid: _, ...anonymous } = key ?? {};
  const set = (use: string): JSONWebKeySet => ({ keys: [{ ...anonymous, use }] }) as JSONWebKeySet;
  assert.equal(await refusal(await sign({}), set('sig')), null);
  assert.equal(await refusal(await sign({}), set('enc')), null);
});

test('subjects and lifetimes that a provider does not want are refused', async () => {
  const requirement: JwtRequirementPlan = { kind: 'provider', provider: 'a', audiences: null };
  const status = async (limits: object, claims: JWTPayload): Promise<string> => {
    const limited = buildJwtAuthn({ providers: { a: { issuer: 'issuer-a', ...limits } } });
    const facts = requestOf({ headers: { authorization: `Bearer ${await sign(claims)}` } });
    return (await verifyRequestJwt(limited, requirement, { facts, keys: async () => jwks, nowMs })).kind;
  };
  assert.equal(await status({ subjects: { exact: 'me' } }, {}), 'pass');
  assert.equal(await status({ subjects: { exact: 'you' } }, {}), 'deny');
  assert.equal(await status({ maxLifetime: '900s' }, {}), 'pass');
  assert.equal(await status({ maxLifetime: '300s' }, {}), 'deny');
  assert.equal(await status({ requireExpiration: true }, { exp: 0 }), 'deny');
});

test('claims become headers as Envoy writes them', async () => {
  const claims = { count: 5, share: 1.5, debt: -3, yes: true, none: '', list: ['a', '>'] };
  const named = buildJwtAuthn({
    providers: {
      a: { issuer: 'issuer-a', claimToHeaders: Object.keys(claims).map((claim) => ({ headerName: `x-${claim}`, claimName: claim })) },
    },
  });
  const facts = requestOf({ headers: { authorization: `Bearer ${await sign(claims)}` } });
  const result = await verifyRequestJwt(named, optional, { facts, keys: async () => jwks, nowMs });
  const added =
    result.kind === 'pass' ? result.headerChanges.flatMap((change) => (change.op === 'append' ? [[change.name, change.value]] : [])) : [];
  assert.deepEqual(Object.fromEntries(added), {
    'x-count': '5',
    'x-share': '1.500000',
    'x-debt': '-3.000000',
    'x-yes': 'true',
    'x-list': Buffer.from('["a","\\u003e"]').toString('base64'),
  });
});
