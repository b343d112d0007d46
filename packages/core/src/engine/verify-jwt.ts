import type { JSONWebKeySet } from 'jose';
import type { RequestFacts } from '../plan/facts.ts';
import type { JwtAuthnPlan, JwtProviderPlan, JwtRequirementPlan } from '../plan/http-filter-plan.ts';
import { bytesOfText } from '../plan/read.ts';
import type { HeaderChange, Resume } from './decision.ts';
import { type FoundToken, findTokens, withoutParameters } from './jwt-tokens.ts';
import { type ParsedJwt, parseJwt } from './parse-jwt.ts';
import { verifySignature } from './verify-signature.ts';

/** Where keys come from: inline ones are read by the caller, remote ones fetched and cached by it. Null when they cannot be had. */
export type JwksSource = (provider: JwtProviderPlan) => Promise<JSONWebKeySet | null>;

/** Why a token is not accepted, with Envoy's words. */
export interface JwtFailure {
  readonly status: 401 | 403;
  readonly message: string;
}

/** A verified token. */
interface VerifiedToken {
  readonly provider: JwtProviderPlan;
  readonly jwt: ParsedJwt;
  readonly found: FoundToken;
}

/** A request under verification, with the keys and the clock (`nowMs`, milliseconds since 1970). */
export interface Verification {
  readonly facts: RequestFacts;
  readonly keys: JwksSource;
  readonly nowMs: number;
}

type Outcome = { readonly ok: true; readonly tokens: readonly VerifiedToken[] } | { readonly ok: false; readonly failure: JwtFailure };

/** As Envoy shortens it. */
const maxRealmPath = 256;

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
  const realm = `${request.facts.scheme}://${request.facts.authority}${request.facts.path.slice(0, maxRealmPath)}`;
  return {
    kind: 'deny',
    status,
    body: jwt.stripFailureResponse ? '' : message,
    headers: !jwt.stripFailureResponse ? [['www-authenticate', `Bearer realm="${realm}"${error}`]] : [],
    flag: '',
    details: `jwt_authn_access_denied{${message.replaceAll(' ', '_')}}`,
    grpcStatus: null,
  };
}

type Verified = { readonly ok: true; readonly jwt: ParsedJwt } | { readonly ok: false; readonly failure: JwtFailure };

/** Verifies one token for one provider, in the order in which Envoy asks. */
async function verifyToken(
  provider: JwtProviderPlan,
  audiences: readonly string[] | null,
  token: string,
  context: Pick<Verification, 'keys' | 'nowMs'>,
): Promise<Verified> {
  const form = parseJwt(token);
  if (!form.ok) return failed(form.problem);
  const { jwt } = form;
  if (provider.issuer !== '' && jwt.issuer !== provider.issuer) return failed('Jwt issuer is not configured');
  if (provider.subjects && !provider.subjects.matches(jwt.subject)) return failed('Jwt verification fails');
  const early = timeFailure(jwt, provider, context.nowMs);
  if (early) return failed(early);
  const accepted = audiences ?? provider.audiences;
  if (accepted.length > 0 && !audienceMatches(accepted, jwt.audiences)) return failed('Audiences in Jwt are not allowed', 403);
  const jwks = await context.keys(provider);
  if (jwks === null) return failed('Jwks remote fetch is failed');
  const problem = await verifySignature(token, jwt, jwks);
  return problem === null ? { ok: true, jwt } : failed(problem);
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

/** Every token at the provider's places must be good; none at all is "missing". The last is judged first, so that the first has the last word. */
async function judgeProvider(provider: JwtProviderPlan, audiences: readonly string[] | null, request: Verification): Promise<Outcome> {
  const found = findTokens(provider, request.facts);
  if (found.length === 0) return { ok: false, failure: missing };
  const tokens: VerifiedToken[] = [];
  for (const each of found.toReversed()) {
    const verified = await verifyToken(provider, audiences, each.token, request);
    if (!verified.ok) return verified;
    tokens.push({ provider, jwt: verified.jwt, found: each });
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

function timeFailure({ expiresAt, notBefore }: ParsedJwt, provider: JwtProviderPlan, nowMs: number): string | null {
  const now = Math.floor(nowMs / 1000);
  const skew = provider.clockSkewSeconds;
  if (notBefore > now + skew) return 'Jwt not yet valid';
  if (expiresAt !== 0 && expiresAt < now - skew) return 'Jwt is expired';
  const { maxLifetimeMs, requireExpiration } = provider;
  const isUnlimited = expiresAt === 0 && (requireExpiration || maxLifetimeMs !== null);
  const isTooLong = maxLifetimeMs !== null && expiresAt > now + maxLifetimeMs / 1000;
  return isUnlimited || isTooLong ? 'Jwt verification fails' : null;
}

/** Envoy compares audiences without scheme and trailing slash. */
function audienceMatches(accepted: readonly string[], given: readonly string[]): boolean {
  const sanitize = (audience: string): string => audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const sanitized = new Set(given.map(sanitize));
  return accepted.some((audience) => sanitized.has(sanitize(audience)));
}

/** What verified tokens change: metadata for RBAC and routing, headers for the upstream, the token itself taken out unless kept. */
function passed(tokens: readonly VerifiedToken[], forged: readonly HeaderChange[], facts: RequestFacts): Resume['result'] {
  const headerChanges: HeaderChange[] = [...forged];
  const metadata: Record<string, unknown> = {};
  let requestPrincipal = '';
  for (const { provider, jwt } of tokens) {
    if (provider.payloadInMetadata !== '') metadata[provider.payloadInMetadata] = normalized(jwt.claims, provider.normalizeSpaceDelimited);
    if (jwt.issuer !== '' && jwt.subject !== '') requestPrincipal = `${jwt.issuer}/${jwt.subject}`;
    headerChanges.push(...headersOf(provider, jwt));
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

function headersOf(provider: JwtProviderPlan, jwt: ParsedJwt): HeaderChange[] {
  const changes: HeaderChange[] = [];
  const { forwardPayloadHeader: name, padForwardPayloadHeader } = provider;
  const padding = padForwardPayloadHeader ? '='.repeat((4 - (jwt.payload.length % 4)) % 4) : '';
  if (name !== '') changes.push({ op: 'append', name, value: jwt.payload + padding });
  for (const { header, claim } of provider.claimToHeaders) {
    const value = claim.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), jwt.claims);
    const text = headerText(value);
    if (text !== '') changes.push({ op: 'append', name: header, value: text });
  }
  return changes;
}

/** Takes the tokens that are not to be forwarded out of headers and the query. As in Envoy, cookies keep theirs. */
function withoutTokens(tokens: readonly VerifiedToken[], facts: RequestFacts): HeaderChange[] {
  const places = tokens.filter(({ provider }) => !provider.forward).map(({ found }) => found.place);
  const named = (kind: FoundToken['place']['kind']): ReadonlySet<string> =>
    new Set(places.filter((place) => place.kind === kind).map(({ name }) => name));
  const changes: HeaderChange[] = [...named('header')].map((name) => ({ op: 'remove', name }));
  const params = named('param');
  if (params.size > 0) changes.push({ op: 'set', name: ':path', value: withoutParameters(facts.path, params) });
  return changes;
}

/** A claim as Envoy writes it into a header (`claim_to_headers`); `''` for none. */
function headerText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') return base64(bytesOfText(protoJson(value)));
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) && value >= 0 ? String(value) : value.toFixed(6);
}

/** JSON as protobuf writes it, which escapes what HTML could take for a tag. */
function protoJson(value: object): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
}

function normalized(payload: ParsedJwt['claims'], spaceDelimited: readonly string[]): Record<string, unknown> {
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

const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const count = Math.min(4, bytes.length - i + 1);
    for (let k = 0; k < count; k++) text += base64Alphabet[(word >> (18 - 6 * k)) & 63];
    text += '='.repeat(4 - count);
  }
  return text;
}
