import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import type { RequestFacts } from '../plan/facts.ts';
import type { JwtAuthnPlan, JwtProviderPlan, JwtRequirementPlan } from '../plan/http-filter-plan.ts';
import { bytesOfBase64, bytesOfText, textOfBytes } from '../plan/read.ts';
import type { HeaderChange, Resume } from './decision.ts';
import { type FoundToken, findTokens, withoutCookies, withoutParameters } from './jwt-tokens.ts';

/** Where keys come from: inline ones are read by the caller, remote ones fetched and cached by it. Null when they cannot be had. */
export type JwksSource = (provider: JwtProviderPlan) => Promise<JSONWebKeySet | null>;

/** Why a token is not accepted, with Envoy's words. */
export interface JwtFailure {
  readonly status: 401 | 403;
  readonly message: string;
}

/** What a verified token says. */
export interface VerifiedToken {
  readonly provider: JwtProviderPlan;
  readonly payload: JWTPayload;
  readonly found: FoundToken;
}

/** A request under verification, with the keys and the clock (`nowMs`, milliseconds since 1970). */
export interface Verification {
  readonly facts: RequestFacts;
  readonly keys: JwksSource;
  readonly nowMs: number;
}

type Outcome = { readonly ok: true; readonly tokens: readonly VerifiedToken[] } | { readonly ok: false; readonly failure: JwtFailure };

const missing: JwtFailure = { status: 401, message: 'Jwt is missing' };

/** Judges a request against a jwt_authn requirement: the answer to hand back to `decideRequest`. */
export async function verifyRequestJwt(
  jwt: JwtAuthnPlan,
  requirement: JwtRequirementPlan,
  request: Verification,
): Promise<Resume['result']> {
  const outcome = await judge(jwt, requirement, request);
  if (outcome.ok) return passed(outcome.tokens, forgedHeaders(jwt, request.facts), request.facts);
  const { status, message } = outcome.failure;
  const error = message === missing.message ? '' : ', error="invalid_token"';
  const realm = `${request.facts.scheme}://${request.facts.authority}${request.facts.path}`;
  return {
    kind: 'deny',
    status,
    body: jwt.stripFailureResponse ? '' : message,
    headers: status === 401 && !jwt.stripFailureResponse ? [['www-authenticate', `Bearer realm="${realm}"${error}`]] : [],
    flag: '',
    details: `jwt_authn_access_denied{${message.replaceAll(' ', '_')}}`,
    grpcStatus: null,
  };
}

/** Verifies one token for one provider. */
export async function verifyToken(
  provider: JwtProviderPlan,
  audiences: readonly string[] | null,
  token: string,
  context: { readonly keys: JwksSource; readonly nowMs: number },
): Promise<{ readonly ok: true; readonly payload: JWTPayload } | { readonly ok: false; readonly failure: JwtFailure }> {
  const claims = unverifiedClaims(token);
  if (claims === null) return failed('Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections');
  if (provider.issuer !== '' && claims.iss !== provider.issuer) return failed('Jwt issuer is not configured');
  const early = timeFailure(claims, provider, context.nowMs);
  if (early) return failed(early);
  const accepted = audiences ?? provider.audiences;
  if (accepted.length > 0 && !audienceMatches(accepted, claims.aud)) return failed('Audiences in Jwt are not allowed', 403);
  const jwks = await context.keys(provider);
  if (jwks === null) return failed('Jwks remote fetch is failed');
  return checkSignature(token, jwks, context.nowMs);
}

async function judge(jwt: JwtAuthnPlan, requirement: JwtRequirementPlan, request: Verification): Promise<Outcome> {
  switch (requirement.kind) {
    case 'provider': {
      const provider = jwt.providers.get(requirement.provider);
      return provider ? judgeProvider(provider, requirement.audiences, request) : { ok: false, failure: missing };
    }
    case 'any':
      return judgeAny(jwt, requirement.requirements, request);
    case 'all':
      return judgeAll(jwt, requirement.requirements, request);
    case 'allowMissing':
      return judgeOptional(jwt, request, false);
    case 'allowMissingOrFailed':
      return judgeOptional(jwt, request, true);
    default:
      return { ok: true, tokens: [] };
  }
}

/** Tokens of any provider are verified when there are some; whether a bad one refuses the request depends on the requirement. */
async function judgeOptional(jwt: JwtAuthnPlan, request: Verification, mayFail: boolean): Promise<Outcome> {
  const tokens: VerifiedToken[] = [];
  let failure: JwtFailure | null = null;
  for (const provider of jwt.providers.values()) {
    const outcome = await judgeProvider(provider, null, request);
    if (outcome.ok) tokens.push(...outcome.tokens);
    else if (outcome.failure !== missing && (failure === null || isWorse(outcome.failure, failure))) failure = outcome.failure;
  }
  if (tokens.length > 0 || failure === null || mayFail) return { ok: true, tokens };
  return { ok: false, failure };
}

/** Every token at the provider's places must be good; none at all is "missing". */
async function judgeProvider(provider: JwtProviderPlan, audiences: readonly string[] | null, request: Verification): Promise<Outcome> {
  const found = findTokens(provider, request.facts);
  if (found.length === 0) return { ok: false, failure: missing };
  const tokens: VerifiedToken[] = [];
  for (const each of found) {
    const verified = await verifyToken(provider, audiences, each.token, request);
    if (!verified.ok) return verified;
    tokens.push({ provider, payload: verified.payload, found: each });
  }
  return { ok: true, tokens };
}

async function judgeAny(jwt: JwtAuthnPlan, requirements: readonly JwtRequirementPlan[], request: Verification): Promise<Outcome> {
  let failure = missing;
  let mayFail = false;
  let mayMiss = false;
  for (const requirement of requirements) {
    if (requirement.kind === 'allowMissingOrFailed') mayFail = true;
    else if (requirement.kind === 'allowMissing') mayMiss = true;
    else {
      const outcome = await judge(jwt, requirement, request);
      if (outcome.ok) return outcome;
      if (isWorse(outcome.failure, failure)) failure = outcome.failure;
    }
  }
  return mayFail || (mayMiss && failure === missing) ? { ok: true, tokens: [] } : { ok: false, failure };
}

async function judgeAll(jwt: JwtAuthnPlan, requirements: readonly JwtRequirementPlan[], request: Verification): Promise<Outcome> {
  const tokens: VerifiedToken[] = [];
  for (const requirement of requirements) {
    const outcome = await judge(jwt, requirement, request);
    if (!outcome.ok) return outcome;
    tokens.push(...outcome.tokens);
  }
  return { ok: true, tokens };
}

/** Of several failures the one that says most is answered: a wrong audience, then any other, then "missing", then a foreign issuer. */
function isWorse(a: JwtFailure, b: JwtFailure): boolean {
  const rank = (failure: JwtFailure): number => {
    if (failure === missing) return 0;
    if (failure.message === 'Jwt issuer is not configured') return 1;
    return failure.status === 403 ? 3 : 2;
  };
  return rank(a) > rank(b);
}

function failed(message: string, status: JwtFailure['status'] = 401): { readonly ok: false; readonly failure: JwtFailure } {
  return { ok: false, failure: { status, message } };
}

function timeFailure(claims: JWTPayload, provider: JwtProviderPlan, nowMs: number): string | null {
  const now = Math.floor(nowMs / 1000);
  const skew = provider.clockSkewSeconds;
  if (typeof claims.nbf === 'number' && claims.nbf > now + skew) return 'Jwt not yet valid';
  if (typeof claims.exp === 'number' && claims.exp !== 0 && claims.exp < now - skew) return 'Jwt is expired';
  if (provider.requireExpiration && typeof claims.exp !== 'number') return 'Jwt is missing an expiration';
  return null;
}

/** Envoy compares audiences without scheme and trailing slash. */
function audienceMatches(accepted: readonly string[], aud: JWTPayload['aud']): boolean {
  const sanitize = (audience: string): string => audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const given = new Set((Array.isArray(aud) ? aud : [aud ?? '']).map(sanitize));
  return accepted.some((audience) => given.has(sanitize(audience)));
}

async function checkSignature(token: string, jwks: JSONWebKeySet, nowMs: number): ReturnType<typeof verifyToken> {
  try {
    // Times were judged already with the provider's own skew.
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      currentDate: new Date(nowMs),
      clockTolerance: Number.MAX_SAFE_INTEGER / 4096,
    });
    return { ok: true, payload };
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return checkEachKey(token, error, nowMs);
    if (error instanceof errors.JWKSNoMatchingKey) return failed("Jwks doesn't have key to match kid or alg from Jwt");
    if (error instanceof errors.JWKSInvalid) return failed('Jwks is invalid');
    return failed('Jwt verification fails');
  }
}

/** Tokens without a key id are tried with every key. */
async function checkEachKey(token: string, keys: errors.JWKSMultipleMatchingKeys, nowMs: number): ReturnType<typeof verifyToken> {
  for await (const key of keys) {
    try {
      const { payload } = await jwtVerify(token, key, { currentDate: new Date(nowMs), clockTolerance: Number.MAX_SAFE_INTEGER / 4096 });
      return { ok: true, payload };
    } catch {
      // The next key may fit.
    }
  }
  return failed('Jwt verification fails');
}

/** The payload before its signature was checked; null when the token has not its three parts. */
export function unverifiedClaims(token: string): JWTPayload | null {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    const claims: unknown = JSON.parse(textOfBytes(bytesOfBase64(parts[1] ?? '')));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? (claims as JWTPayload) : null;
  } catch {
    return null;
  }
}

/** What verified tokens change: metadata for RBAC and routing, headers for the upstream, the token itself taken out unless kept. */
function passed(tokens: readonly VerifiedToken[], forged: readonly HeaderChange[], facts: RequestFacts): Resume['result'] {
  const headerChanges: HeaderChange[] = [...forged];
  const metadata: Record<string, unknown> = {};
  let requestPrincipal = '';
  for (const { provider, payload } of tokens) {
    if (provider.payloadInMetadata !== '') metadata[provider.payloadInMetadata] = normalized(payload, provider.normalizeSpaceDelimited);
    if (typeof payload.iss === 'string' && typeof payload.sub === 'string') requestPrincipal = `${payload.iss}/${payload.sub}`;
    headerChanges.push(...headersOf(provider, payload));
  }
  headerChanges.push(...withoutTokens(tokens, facts));
  return {
    kind: 'pass',
    headerChanges,
    responseHeaders: [],
    metadata: Object.keys(metadata).length > 0 ? { 'envoy.filters.http.jwt_authn': metadata } : {},
    clearRoute: tokens.some(({ provider }) => provider.clearRouteCache),
    requestPrincipal,
  };
}

/** Headers that only this filter may set are taken from every request, token or not. */
function forgedHeaders(jwt: JwtAuthnPlan, facts: RequestFacts): HeaderChange[] {
  const own = [...jwt.providers.values()].flatMap(({ forwardPayloadHeader, claimToHeaders }) => [
    ...(forwardPayloadHeader === '' ? [] : [forwardPayloadHeader]),
    ...claimToHeaders.map(({ header }) => header),
  ]);
  return [...new Set(own)].filter((name) => facts.header(name) !== undefined).map((name) => ({ op: 'remove', name }));
}

function headersOf(provider: JwtProviderPlan, payload: JWTPayload): HeaderChange[] {
  const changes: HeaderChange[] = [];
  if (provider.forwardPayloadHeader !== '') {
    const encoded = base64Url(bytesOfText(JSON.stringify(payload)), provider.padForwardPayloadHeader);
    changes.push({ op: 'set', name: provider.forwardPayloadHeader, value: encoded });
  }
  for (const { header, claim } of provider.claimToHeaders) {
    const value = claim.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), payload);
    const text = headerText(value);
    if (text !== null) changes.push({ op: 'set', name: header, value: text });
  }
  return changes;
}

/** Takes the tokens that are not to be forwarded out of headers, cookies and the query. */
function withoutTokens(tokens: readonly VerifiedToken[], facts: RequestFacts): HeaderChange[] {
  const places = tokens.filter(({ provider }) => !provider.forward).map(({ found }) => found.place);
  const named = (kind: FoundToken['place']['kind']): ReadonlySet<string> =>
    new Set(places.filter((place) => place.kind === kind).map(({ name }) => name));
  const changes: HeaderChange[] = [...named('header')].map((name) => ({ op: 'remove', name }));
  const params = named('param');
  if (params.size > 0) changes.push({ op: 'set', name: ':path', value: withoutParameters(facts.path, params) });
  const cookies = named('cookie');
  if (cookies.size > 0) {
    const value = withoutCookies(facts.header('cookie') ?? '', cookies);
    changes.push(value === '' ? { op: 'remove', name: 'cookie' } : { op: 'set', name: 'cookie', value });
  }
  return changes;
}

/** Scalars as text; objects and lists as base64 of their JSON (Envoy `claim_to_headers`). */
function headerText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') return base64Url(bytesOfText(JSON.stringify(value)), true);
  return String(value);
}

function normalized(payload: JWTPayload, spaceDelimited: readonly string[]): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...payload };
  for (const claim of spaceDelimited) {
    const value = copy[claim];
    if (typeof value === 'string') copy[claim] = value.split(' ');
  }
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function base64Url(bytes: Uint8Array, pads: boolean): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const count = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < count; k++) text += base64Alphabet[(word >> (18 - 6 * k)) & 63];
    if (pads) text += '='.repeat(4 - count);
  }
  return text;
}
