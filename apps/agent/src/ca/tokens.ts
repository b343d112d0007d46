import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { jwtVerify, SignJWT } from 'jose';

/** Who a token speaks for. */
export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: string;
}

const issuer = 'weft';
export const tokenAudience = 'istio-ca';

/** The key that signs the tokens of local workloads. Only its owner can read it, so only the same user can mint tokens. */
export function openTokenKey(file: string): Uint8Array {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, randomBytes(32).toString('base64'), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  chmodSync(file, 0o600);
  return Buffer.from(readFileSync(file, 'utf8'), 'base64');
}

/** A token for a service account, good for `ttlSeconds`. */
export function mintToken(key: Uint8Array, subject: TokenSubject, ttlSeconds: number): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setSubject(`system:serviceaccount:${subject.namespace}:${subject.serviceAccount}`)
    .setAudience(tokenAudience)
    .setIssuedAt()
    .setExpirationTime(`${ttlSeconds}s`)
    .sign(key);
}

/** Who a token speaks for. @throws when it is not one of ours, or no longer good */
export async function verifyToken(key: Uint8Array, token: string): Promise<TokenSubject> {
  const { payload } = await jwtVerify(token, key, { issuer, audience: tokenAudience, algorithms: ['HS256'] });
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(payload.sub ?? '');
  if (!match) throw new Error(`the token's subject is no service account: ${payload.sub}`);
  return { namespace: match[1] ?? '', serviceAccount: match[2] ?? '' };
}
