import type { Bootstrap } from './bootstrap.ts';

/** Values of the bootstrap's static runtime layers by dotted key; later layers win. */
export function staticRuntime(bootstrap: Bootstrap): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const { staticLayer } of bootstrap.layeredRuntime?.layers ?? []) if (staticLayer !== undefined) collect(staticLayer, '', values);
  return values;
}

function collect(layer: unknown, prefix: string, values: Map<string, unknown>): void {
  if (typeof layer !== 'object' || layer === null) return;
  for (const [key, value] of Object.entries(layer)) {
    const name = prefix + key;
    // A fraction is a value, not a group of values.
    if (typeof value === 'object' && value !== null && !('numerator' in value)) collect(value, `${name}.`, values);
    else values.set(name, value);
  }
}
