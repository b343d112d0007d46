/** A filter whose configuration is discovered (ECDS), as far as it is read here. */
interface DiscoveredFilter {
  readonly name?: string;
  readonly configDiscovery?: { readonly defaultConfig?: object };
}

type Find = (name: string) => object | undefined;

const filled = new WeakMap<object, { readonly used: readonly (object | undefined)[]; readonly result: object }>();

/**
 * The listener with each discovered filter's configuration in its place: what `find` gives (a `TypedExtensionConfig`), else its default.
 * The same configurations give the same object.
 */
export function withExtensions<T extends object>(listener: T, find: Find): T {
  const names = discoveredNames(listener);
  if (names.length === 0) return listener;
  const used = names.map(find);
  const before = filled.get(listener);
  if (before?.used.every((config, index) => config === used[index])) return before.result as T;
  const result = mapFilters(listener, (filter) => {
    const config = (find(filter.name ?? '') as { readonly typedConfig?: object } | undefined)?.typedConfig;
    const { configDiscovery, ...rest } = filter;
    return { ...rest, typedConfig: config ?? configDiscovery?.defaultConfig };
  }) as T;
  filled.set(listener, { used, result });
  return result;
}

/** The listener without its discovered filters: the part that can be judged before they come. */
export function withoutExtensions<T extends object>(listener: T): T {
  return discoveredNames(listener).length === 0 ? listener : (mapFilters(listener, () => null) as T);
}

const namesByListener = new WeakMap<object, readonly string[]>();

function discoveredNames(listener: object): readonly string[] {
  const known = namesByListener.get(listener);
  if (known !== undefined) return known;
  const names: string[] = [];
  mapFilters(listener, (filter) => {
    names.push(filter.name ?? '');
    return filter;
  });
  namesByListener.set(listener, names);
  return names;
}

/** A copy in which each filter with `configDiscovery` is replaced, or left out for null. */
function mapFilters(value: unknown, replace: (filter: DiscoveredFilter) => object | null): unknown {
  if (Array.isArray(value)) return value.map((item) => mapFilters(item, replace)).filter((item) => item !== null);
  if (typeof value !== 'object' || value === null) return value;
  if ('configDiscovery' in value) return replace(value as DiscoveredFilter);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mapFilters(child, replace)]));
}
