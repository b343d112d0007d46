/** A thing of a list with its place in it. */
export type Indexed<T> = readonly [index: number, item: NonNullable<T>];

/** The objects of a list with their places; anything else that stands in it, or in its place, is left out. Resources are what users typed. */
export function objects<T>(value: readonly T[] | undefined | null): readonly Indexed<T>[] {
  if (!Array.isArray(value)) return [];
  const found: Indexed<T>[] = [];
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index];
    if (typeof item === 'object' && item !== null) found.push([index, item as NonNullable<T>]);
  }
  return found;
}

/** The texts of a list with their places. */
export function texts(value: readonly unknown[] | undefined | null): readonly Indexed<string>[] {
  if (!Array.isArray(value)) return [];
  const found: Indexed<string>[] = [];
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index];
    if (typeof item === 'string') found.push([index, item]);
  }
  return found;
}

/** The texts of a list. */
export function strings(value: readonly unknown[] | undefined | null): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The value when it is a text, else `''`. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value as text when it is a text, a number or a flag, else `''`: whatever else stands there may not even have a text. */
export function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The value when it is an object (not a list), else an empty one. */
export function object<T extends object>(value: T | undefined | null): Partial<T> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

/** The keys and values of an object whose values are texts. */
export function textEntries(value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** Labels as a record of texts. */
export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(textEntries(value));
}

/** A number written as one, or as text. */
export function portNumber(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}
