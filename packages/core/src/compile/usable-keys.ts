type Jwk = Readonly<Record<string, unknown>>;

/**
 * Whether a JSON Web Key Set holds a key that Envoy can use. It passes over keys that it cannot, but refuses a whole listener for a set without
 * any other: an issuer that publishes keys for encryption only, or on a curve that Envoy does not know, would stop all configuration.
 */
export function hasUsableKey(jwks: string): boolean {
  try {
    const { keys } = JSON.parse(jwks) as { readonly keys?: unknown };
    return Array.isArray(keys) && keys.some((key) => typeof key === 'object' && key !== null && isUsable(key as Jwk));
  } catch {
    return false;
  }
}

/** Bytes of a coordinate by curve, and the curve's algorithm. */
const curves: Readonly<Record<string, { readonly bytes: number; readonly algorithm: string }>> = {
  'P-256': { bytes: 32, algorithm: 'ES256' },
  'P-384': { bytes: 48, algorithm: 'ES384' },
  'P-521': { bytes: 66, algorithm: 'ES512' },
};

/** The public exponents that Envoy takes, 3 and 65537, as keys are written. */
const exponents: ReadonlySet<unknown> = new Set(['Aw', 'AQAB', 'AAEAAQ']);

function isUsable(key: Jwk): boolean {
  const algorithm = typeof key.alg === 'string' ? key.alg : null;
  switch (key.kty) {
    case 'RSA':
      return (algorithm === null || /^[RP]S/.test(algorithm)) && byteCount(key.n) > 0 && exponents.has(key.e);
    case 'EC': {
      const named = Object.keys(curves).find((name) => curves[name]?.algorithm === algorithm) ?? 'P-256';
      const curve = curves[typeof key.crv === 'string' && key.crv !== '' ? key.crv : named];
      if (!curve || (algorithm !== null && algorithm !== curve.algorithm)) return false;
      return [key.x, key.y].every((coordinate) => byteCount(coordinate) > 0 && byteCount(coordinate) <= curve.bytes);
    }
    case 'OKP':
      return key.crv === 'Ed25519' && byteCount(key.x) === 32 && (algorithm === null || algorithm === 'EdDSA');
    case 'oct':
      return (algorithm === null || /^HS(256|384|512)$/.test(algorithm)) && byteCount(key.k) > 0;
    default:
      return false;
  }
}

/** The length of a base64url text's bytes; 0 where it is none. */
function byteCount(text: unknown): number {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return 0;
  const digits = text.replace(/=+$/, '').length;
  return digits % 4 === 1 ? 0 : Math.floor((digits * 3) / 4);
}
