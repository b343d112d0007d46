import type { Resource } from '../resource/resource.ts';
import type { Proof } from './message.ts';

/** A fact about a field of a resource. */
export function fact(resource: Resource, path: string, statement: string): Proof {
  return { resource: resource.ref, path, fact: statement };
}

/** A fact about the set as a whole, usually that something is not in it. */
export function absence(statement: string): Proof {
  return { resource: null, path: '', fact: statement };
}

/** How a resource is called beside others of its kind: `namespace/name`, or `name`. */
export function nameOf(resource: Resource): string {
  return qualified(resource.ref.namespace, resource.ref.name);
}

/** A name with its namespace, if there is one. */
export function qualified(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** Names in a sentence: `a, b and c`, cut after some. */
export function list(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most);
  if (names.length > most) return `${shown.join(', ')} and ${names.length - most} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** How many resources a proof names of those that are all alike. */
export const mostProofs = 10;
