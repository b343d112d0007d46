/**
 * A specification type as it can be trusted after parsing: every field optional at every depth, unions of objects merged into one object, all of it
 * read-only. The generated types state what a valid resource holds; this states what code that must survive any input may assume.
 */
export type Loose<T> = [NonNullable<T>] extends [readonly (infer Item)[]]
  ? readonly Loose<Item>[]
  : [NonNullable<T>] extends [object]
    ? string extends keyof NonNullable<T>
      ? Readonly<Record<string, Loose<NonNullable<T>[keyof NonNullable<T>]>>>
      : { readonly [Key in Keys<NonNullable<T>>]?: Loose<Field<NonNullable<T>, Key>> }
    : T;

type Keys<T> = T extends unknown ? keyof T : never;
type Field<T, Key extends PropertyKey> = T extends unknown ? (Key extends keyof T ? T[Key] : never) : never;
