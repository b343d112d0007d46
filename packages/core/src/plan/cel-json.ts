import { type CelValue, celType, celUint, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import { durationFromMs, type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { compileCel } from './cel.ts';
import { bytesOfBase64, durationMs } from './read.ts';

/** What an expression came to. Whole numbers beyond JSON's safe range are text, bytes hex, durations and timestamps as in protojson. */
export type CelAnswer = { readonly value: unknown; readonly type: string } | { readonly error: string };

/** Types of variables that JSON cannot tell apart, by variable name (dotted for fields). */
export type CelTypes = Readonly<Record<string, string>>;

/** Evaluates an expression over JSON bindings; whole numbers are int unless `types` says otherwise. Never throws. */
export function evaluateCelJson(expr: string, bindings: Readonly<Record<string, unknown>>, types: CelTypes): CelAnswer {
  try {
    const variables = Object.fromEntries(Object.entries(bindings).map(([name, value]) => [name, toCel(value, types, name)]));
    const result = compileCel(expr).evaluate(variables);
    return result.ok ? { value: toJson(result.value), type: typeName(result.value) } : { error: result.error };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function toCel(value: unknown, types: CelTypes, path: string): unknown {
  const type = types[path];
  if (type !== undefined && (typeof value === 'string' || typeof value === 'number')) return typed(value, type);
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, types, `${path}[]`));
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, toCel(inner, types, `${path}.${key}`)]));
}

function typed(value: string | number, type: string): unknown {
  switch (type) {
    case 'int':
      return BigInt(value);
    case 'uint':
      return celUint(BigInt(value));
    case 'double':
      return Number(value);
    case 'bytes':
      return bytesOfBase64(String(value));
    case 'timestamp':
      return timestampFromMs(typeof value === 'number' ? value : Date.parse(value));
    case 'duration':
      return durationFromMs(durationMs(String(value), 0));
    default:
      return String(value);
  }
}

function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return safeNumber(value);
  if (isCelUint(value)) return safeNumber(value.value);
  if (isCelList(value)) return [...value].map(toJson);
  if (isCelMap(value))
    return Object.fromEntries([...value].map(([key, inner]) => [String(isCelUint(key) ? key.value : key), toJson(inner)]));
  if (value instanceof Uint8Array) return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (typeof value !== 'object' || value === null) return value;
  return messageJson(value);
}

function messageJson(value: object): unknown {
  const { seconds, nanos } = ((value as { readonly message?: object }).message ?? value) as Partial<Timestamp>;
  if (seconds === undefined || nanos === undefined) return typeName(value);
  if (typeName(value).endsWith('Timestamp')) return new Date(Number(seconds) * 1000 + nanos / 1e6).toISOString();
  return `${Number(seconds) + nanos / 1e9}s`;
}

function safeNumber(value: bigint): number | string {
  return value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n ? Number(value) : String(value);
}

function typeName(value: unknown): string {
  try {
    return celType(value as CelValue).name;
  } catch {
    return 'unknown';
  }
}
