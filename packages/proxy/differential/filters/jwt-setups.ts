import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type FilterSetup, filter } from './filter-parts.ts';

const first = await generateKeyPair('RS256');
const second = await generateKeyPair('RS256');
const elliptic = await generateKeyPair('ES256', { extractable: true });

const firstKey = { ...(await exportJWK(first.publicKey)), kid: 'first', alg: 'RS256' };
const secondKey = { ...(await exportJWK(second.publicKey)), kid: 'second', alg: 'RS256' };
/** A point that is not on its curve: x of one key with x again for y. */
const offCurve = { ...(await exportJWK(elliptic.publicKey)), kid: 'off', alg: 'ES256' };
const keys = (...list: object[]) => ({ local_jwks: { inline_string: JSON.stringify({ keys: list }) } });

const metadata = { payload_in_metadata: 'payload', normalize_payload_in_metadata: { space_delimited_claims: ['permission', 'scope'] } };
const one = (providerName: string) => ({ requires_any: { requirements: [{ provider_name: providerName }, { allow_missing: {} }] } });

/** Providers as RequestAuthentication makes them: no token passes, one that is there must verify. */
function authentication(providers: Readonly<Record<string, object>>): FilterSetup {
  const names = Object.keys(providers);
  const all = { requires_all: { requirements: names.map(one) } };
  const requires =
    names.length === 1 ? one(names[0] ?? '') : { requires_any: { requirements: [...names.map((name) => ({ provider_name: name })), all] } };
  const config = {
    providers: Object.fromEntries(Object.entries(providers).map(([name, provider]) => [name, { ...metadata, ...provider }])),
    rules: [{ match: { prefix: '/' }, requires }],
    bypass_cors_preflight: true,
  };
  return { filters: [filter('jwt_authn', 'jwt_authn.v3.JwtAuthentication', config)] };
}

/** Listeners that ask for tokens as Istio has them asked for. */
export const jwtSetups = {
  jwt_issuers: authentication({
    'origins-0': { issuer: 'a', ...keys(firstKey), forward: true, claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }] },
    'origins-1': { issuer: 'b', ...keys(secondKey), audiences: ['shop'], forward_payload_header: 'x-payload' },
  }),
  jwt_one_issuer: authentication({
    'origins-0': { issuer: 'a', ...keys(firstKey) },
    'origins-1': { issuer: 'a', ...keys(secondKey), forward: true },
  }),
  jwt_any_issuer: authentication({ 'origins-0': { ...keys(firstKey), forward: true } }),
  jwt_off_curve: authentication({ 'origins-0': { issuer: 'a', ...keys({ ...offCurve, y: offCurve.x }, firstKey) } }),
  jwt_places: authentication({
    'origins-0': {
      issuer: 'a',
      ...keys(firstKey),
      from_headers: [{ name: 'x-token', value_prefix: 'Token ' }],
      from_params: ['token'],
      from_cookies: ['token'],
    },
  }),
} as const satisfies Readonly<Record<string, FilterSetup>>;

function sign(claims: JWTPayload, key = first.privateKey, kid = 'first', alg = 'RS256'): Promise<string> {
  const expiry = Math.trunc(Date.now() / 1000) + 3600;
  return new SignJWT({ iss: 'a', sub: 'me', exp: expiry, ...claims }).setProtectedHeader({ alg, kid }).sign(key);
}

/** Tokens by what is special about them. */
export const tokens: Readonly<Record<string, string>> = {
  first: await sign({}),
  'second for the shop': await sign({ iss: 'b', aud: 'shop' }, second.privateKey, 'second'),
  'second for another audience': await sign({ iss: 'b', aud: 'bank' }, second.privateKey, 'second'),
  'first issuer, second key': await sign({}, second.privateKey, 'second'),
  'unknown issuer': await sign({ iss: 'c' }),
  'without issuer': await sign({ iss: undefined }),
  expired: await sign({ exp: 1_000_000 }),
  'not valid yet': await sign({ nbf: 4_000_000_000 }),
  'of a key off the curve': await sign({}, elliptic.privateKey, 'off', 'ES256'),
  'of an unknown key': await sign({}, second.privateKey, 'third'),
  unreadable: 'a.b.c',
};
