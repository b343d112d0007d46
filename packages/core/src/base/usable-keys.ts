type Jwk = Readonly<Record<string, unknown>>;

/**
 * Whether a JSON Web Key Set holds a key that Envoy can use. It passes over keys that it cannot, but refuses a whole listener for a set without
 * any other: an issuer that publishes keys for encryption only, or on a curve that Envoy does not know, would stop all configuration.
 */
export function hasUsableKey(jwks: string): boolean {
  try {
    const { keys } = JSON.parse(jwks) as { readonly keys?: unknown };
    return Array.isArray(keys) && keys.some((key) => typeof key === 'object' && key !== null && isUsableKey(key as Jwk));
  } catch {
    return false;
  }
}

/** A curve y² = x³ - 3x + b over the numbers modulo p, with the bytes of a coordinate and the algorithm that signs with it (FIPS 186-5). */
interface Curve {
  readonly bytes: number;
  readonly algorithm: string;
  readonly p: bigint;
  readonly b: bigint;
}

const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    bytes: 32,
    algorithm: 'ES256',
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    bytes: 48,
    algorithm: 'ES384',
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    bytes: 66,
    algorithm: 'ES512',
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/** The public exponents that Envoy takes, 3 and 65537, as keys are written. */
const exponents: ReadonlySet<unknown> = new Set(['Aw', 'AQAB', 'AAEAAQ']);

/** Whether a JSON Web Key is one that Envoy keeps. */
export function isUsableKey(key: Jwk): boolean {
  const algorithm = typeof key.alg === 'string' ? key.alg : null;
  switch (key.kty) {
    case 'RSA':
      return (algorithm === null || /^[RP]S/.test(algorithm)) && byteCount(key.n) > 0 && exponents.has(key.e);
    case 'EC': {
      const named = Object.keys(curves).find((name) => curves[name]?.algorithm === algorithm) ?? 'P-256';
      const curve = curves[typeof key.crv === 'string' && key.crv !== '' ? key.crv : named];
      if (!curve || (algorithm !== null && algorithm !== curve.algorithm)) return false;
      const fits = [key.x, key.y].every((coordinate) => byteCount(coordinate) > 0 && byteCount(coordinate) <= curve.bytes);
      return fits && isOnCurve(curve, numberOf(String(key.x)), numberOf(String(key.y)));
    }
    case 'OKP':
      return key.crv === 'Ed25519' && byteCount(key.x) === 32 && (algorithm === null || algorithm === 'EdDSA');
    case 'oct':
      return (algorithm === null || /^HS(256|384|512)$/.test(algorithm)) && byteCount(key.k) > 0;
    default:
      return false;
  }
}

function isOnCurve({ p, b }: Curve, x: bigint, y: bigint): boolean {
  return x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n;
}

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The number that a base64url text writes. */
function numberOf(text: string): bigint {
  const digits = text.replace(/=+$/, '');
  let number = 0n;
  for (const digit of digits) number = number * 64n + BigInt(base64url.indexOf(digit));
  // Six bits a digit: the last may have some over.
  return number >> BigInt((digits.length * 6) % 8);
}

/** The length of a base64url text's bytes; 0 where it is none. */
function byteCount(text: unknown): number {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return 0;
  const digits = text.replace(/=+$/, '').length;
  return digits % 4 === 1 ? 0 : Math.floor((digits * 3) / 4);
}
