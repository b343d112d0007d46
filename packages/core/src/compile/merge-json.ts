/** Plain JSON as protojson uses it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/**
 * Merges as protobuf does: fields of `patch` go over those of `base`, messages are merged into each other, lists are appended. An inline `Any` of another
 * type is replaced as a whole. With `replace` a list takes the place of the one that is there.
 */
export function mergeJson<T extends object>(base: T, patch: JsonObject, lists: 'append' | 'replace' = 'append'): T {
  return mergeObjects(base as unknown as JsonObject, patch, lists) as unknown as T;
}

function mergeObjects(base: JsonObject, patch: JsonObject, lists: 'append' | 'replace'): JsonObject {
  if (typeof base['@type'] === 'string' && typeof patch['@type'] === 'string' && base['@type'] !== patch['@type']) return patch;
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(patch)) merged[key] = mergeValues(merged[key], value, lists);
  return merged;
}

function mergeValues(base: Json | undefined, patch: Json, lists: 'append' | 'replace'): Json {
  if (Array.isArray(base) && Array.isArray(patch)) return lists === 'replace' ? patch : [...base, ...patch];
  return isObject(base) && isObject(patch) ? mergeObjects(base, patch, lists) : patch;
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
