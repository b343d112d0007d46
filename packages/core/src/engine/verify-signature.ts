import type { CryptoKey, JSONWebKeySet, JWK } from 'jose';
import { isUsableKey } from '../base/usable-keys.ts';
import type { ParsedJwt } from './parse-jwt.ts';

const noKey = "Jwks doesn't have key to match kid or alg from Jwt";
const noMatch = 'Jwt verification fails';

/**
 * Verifies a token with the keys of a set; null when one fits, else why not in Envoy's words. As in Envoy a key without id fits any token,
 * and what else a key says about its use is not asked.
 */
export async function verifySignature(token: string, jwt: ParsedJwt, jwks: JSONWebKeySet): Promise<string | null> {
  if (!Array.isArray(jwks.keys)) return 'Jwks is invalid';
  // Loaded with the first token: many configurations have no use for it.
  const { compactVerify } = await import('jose');
  const candidates = jwks.keys.filter((key) => isKept(key) && fits(key, jwt));
  for (const key of candidates) {
    try {
      await compactVerify(token, await importedKey(key, jwt.algorithm), { algorithms: [jwt.algorithm] });
      return null;
    } catch {
      // The next key may fit.
    }
  }
  return candidates.length === 0 ? noKey : noMatch;
}

/** Of the keys of a set those that Envoy would not read are as good as not there. */
const isKeptByKey = new WeakMap<JWK, boolean>();

function isKept(key: JWK): boolean {
  let known = isKeptByKey.get(key);
  if (known === undefined) {
    known = isUsableKey(key as Readonly<Record<string, unknown>>);
    isKeptByKey.set(key, known);
  }
  return known;
}

function fits({ kid, alg }: JWK, jwt: ParsedJwt): boolean {
  if (jwt.keyId !== '' && kid && kid !== jwt.keyId) return false;
  return !alg || alg === jwt.algorithm;
}

type Imported = Promise<CryptoKey | Uint8Array>;

/** Keys once imported, by algorithm: a key set lives as long as the configuration or the answer that it came with. */
const importedByKey = new WeakMap<JWK, Map<string, Imported>>();

function importedKey(key: JWK, algorithm: string): Imported {
  let byAlgorithm = importedByKey.get(key);
  if (!byAlgorithm) {
    byAlgorithm = new Map();
    importedByKey.set(key, byAlgorithm);
  }
  let imported = byAlgorithm.get(algorithm);
  if (!imported) {
    const { kty, n, e, crv, x, y, k } = key;
    const parts = defined({ kty, n, e, crv, x, y, k }) as JWK;
    imported = import('jose').then(({ importJWK }) => importJWK(parts, algorithm));
    byAlgorithm.set(algorithm, imported);
  }
  return imported;
}

function defined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
