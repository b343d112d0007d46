import { bytesOfBase64, textOfBytes } from '../plan/read.ts';

/** A token taken apart; nothing of it is verified. */
export interface ParsedJwt {
  readonly algorithm: string;
  /** `''` without. */
  readonly keyId: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Seconds since 1970; 0 = not said. */
  readonly expiresAt: number;
  readonly notBefore: number;
  /** The payload as it stands in the token. */
  readonly payload: string;
}

/** A token's parts, or what is wrong with its form in Envoy's words (`jwt_verify_lib`, `Jwt::parseFromString`). */
export type JwtForm = { readonly ok: true; readonly jwt: ParsedJwt } | { readonly ok: false; readonly problem: string };

const algorithms: ReadonlySet<string> = new Set([
  ...['ES256', 'ES384', 'ES512', 'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA'],
]);

/** Takes a token apart. A claim of a wrong type makes the whole token wrong, whether anybody asks for that claim or not. */
export function parseJwt(token: string): JwtForm {
  const parts = token.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3 || header === '' || payload === '' || signature === '')
    return wrong('Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections');
  const head = jsonPart(header, 'header');
  if (typeof head === 'string') return wrong(head);
  const { alg: algorithm, kid: keyId = '' } = head;
  if (typeof algorithm !== 'string') return wrong('Jwt header [alg] field is required and must be a string');
  if (!algorithms.has(algorithm)) return wrong('Jwt header [alg] is not supported');
  if (typeof keyId !== 'string') return wrong('Jwt header [kid] field is not a string');
  const claims = jsonPart(payload, 'payload');
  if (typeof claims === 'string') return wrong(claims);
  const problem = claimProblem(claims);
  if (problem !== null) return wrong(problem);
  if (decoded(signature) === null) return wrong('Jwt signature is an invalid Base64url encoded');
  const { iss = '', sub = '', aud = [], exp = 0, nbf = 0 } = claims as RegisteredClaims;
  return {
    ok: true,
    jwt: {
      algorithm,
      keyId,
      claims,
      issuer: iss,
      subject: sub,
      audiences: typeof aud === 'string' ? [aud] : aud,
      expiresAt: Math.trunc(exp),
      notBefore: Math.trunc(nbf),
      payload,
    },
  };
}

/** The payload of a token that may be wrong in every other way; null when it cannot be read. */
export function unverifiedClaims(token: string): Readonly<Record<string, unknown>> | null {
  const [, payload = '', signature] = token.split('.');
  const claims = signature === undefined ? '' : jsonPart(payload, 'payload');
  return typeof claims === 'string' ? null : claims;
}

/** The registered claims, once `claimProblem` has nothing against them. */
interface RegisteredClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
}

function wrong(problem: string): JwtForm {
  return { ok: false, problem };
}

function jsonPart(part: string, name: string): Readonly<Record<string, unknown>> | string {
  const text = decoded(part);
  if (text === null) return `Jwt ${name} is an invalid Base64url encoded`;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, as of any other value that is no object.
  }
  return `Jwt ${name} is an invalid JSON`;
}

/** As the decoder of Envoy reads it: white space is skipped, padding may be left out but must be right. */
function decoded(part: string): string | null {
  const text = part.replace(/[ \t\n\v\f\r]/g, '');
  const digits = /^([A-Za-z0-9_-]*)(=*)$/.exec(text);
  if (!digits || (digits[1] ?? '').length % 4 === 1 || (digits[2] !== '' && text.length % 4 !== 0)) return null;
  return (digits[2] ?? '').length > 2 ? null : textOfBytes(bytesOfBase64(text));
}

function claimProblem(claims: Readonly<Record<string, unknown>>): string | null {
  for (const name of ['iss', 'sub']) if (!isTextOrMissing(claims[name])) return `Jwt payload [${name}] field is not a string`;
  for (const name of ['iat', 'nbf', 'exp']) {
    const value = claims[name];
    if (value === undefined) continue;
    if (typeof value !== 'number') return `Jwt payload [${name}] field is not an integer`;
    if (value < 0 || value >= 2 ** 64) return `Jwt payload [${name}] field is not a positive 64 bit integer`;
  }
  if (!isTextOrMissing(claims.jti)) return 'Jwt payload [jti] field is not a string';
  const { aud } = claims;
  const isList = Array.isArray(aud) && aud.every((each) => typeof each === 'string');
  return isTextOrMissing(aud) || isList ? null : 'Jwt payload [aud] field is not a string or string list';
}

function isTextOrMissing(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
