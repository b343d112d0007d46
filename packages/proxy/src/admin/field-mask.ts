import type { JsonValue } from '@bufbuild/protobuf';

/** Keeps of an object what a field mask (`name,address.socket_address`) names, and its type; null when nothing of the mask is there. */
export function applyMask(value: JsonValue, mask: string): JsonValue | null {
  const paths = mask.split(',').map((path) => path.trim().split('.'));
  const kept = paths.reduce<JsonValue | null>((sum, path) => merge(sum, pick(value, path)), null);
  if (kept === null || !isObject(kept) || !isObject(value)) return kept;
  return '@type' in value ? { '@type': value['@type'] as JsonValue, ...kept } : kept;
}

type JsonObject = { [key: string]: JsonValue };

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pick(value: JsonValue, [first, ...rest]: readonly string[]): JsonValue | null {
  if (first === undefined) return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => pick(item, [first, ...rest]) ?? []);
    return items.length === 0 ? null : items;
  }
  if (!isObject(value)) return null;
  const child = value[first];
  const found = child === undefined ? null : pick(child, rest);
  if (found === null) return null;
  return '@type' in value ? { '@type': value['@type'] as JsonValue, [first]: found } : { [first]: found };
}

function merge(a: JsonValue | null, b: JsonValue | null): JsonValue | null {
  if (a === null || b === null) return a ?? b;
  if (!isObject(a) || !isObject(b)) return b;
  const merged: JsonObject = { ...a };
  for (const [key, value] of Object.entries(b)) merged[key] = merge(merged[key] ?? null, value) as JsonValue;
  return merged;
}
