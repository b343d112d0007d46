import type { ConfigSource } from './config-source.ts';
import { type ReferencedKind, referencedKinds, referencesOf } from './references.ts';
import { nameOf } from './resource-kinds.ts';

/** Whether a referred resource is there, is known not to exist, or is still to come. */
export type Knowledge = (kind: ReferencedKind, name: string) => boolean;

interface Waiting {
  readonly resource: object;
  readonly since: number;
  readonly timer: NodeJS.Timeout | null;
}

/**
 * Which clusters and listeners are complete. A new form waits until all it refers to is there, or the longest `initial_fetch_timeout` of
 * what is missing has passed; until then the form before stays in use.
 */
export class Warming {
  #kind: 'clusters' | 'listeners';
  #isKnown: Knowledge;
  #now: () => number;
  #onTimeout: () => void;
  #warm: Map<string, object> = new Map();
  #waiting: Map<string, Waiting> = new Map();

  constructor(kind: 'clusters' | 'listeners', isKnown: Knowledge, now: () => number, onTimeout: () => void) {
    this.#kind = kind;
    this.#isKnown = isKnown;
    this.#now = now;
    this.#onTimeout = onTimeout;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** The forms to use now, in the order of the given ones; those that wait for the first time are left out. */
  usable<T extends object>(resources: readonly T[]): T[] {
    const names = new Set(resources.map(nameOf));
    for (const name of this.#warm.keys()) if (!names.has(name)) this.#warm.delete(name);
    for (const name of this.#waiting.keys()) if (!names.has(name)) this.#stopWaiting(name);
    return resources.flatMap((resource) => (this.#usableForm(resource) as T | undefined) ?? []);
  }

  #usableForm(resource: object): object | undefined {
    const name = nameOf(resource);
    if (this.#warm.get(name) === resource || this.#isComplete(name, resource)) {
      this.#stopWaiting(name);
      this.#warm.set(name, resource);
      return resource;
    }
    return this.#warm.get(name);
  }

  #isComplete(name: string, resource: object): boolean {
    const missing = this.#missing(resource);
    if (missing.length === 0) return true;
    const limitMs = missing.some(({ fetchTimeoutMs }) => fetchTimeoutMs === 0)
      ? Number.POSITIVE_INFINITY
      : Math.max(...missing.map(({ fetchTimeoutMs }) => fetchTimeoutMs));
    const waiting = this.#waiting.get(name);
    if (waiting?.resource === resource) return this.#now() - waiting.since >= limitMs;
    this.#stopWaiting(name);
    const timer = limitMs === Number.POSITIVE_INFINITY ? null : setTimeout(this.#onTimeout, limitMs + 1).unref();
    this.#waiting.set(name, { resource, since: this.#now(), timer });
    return false;
  }

  #missing(resource: object): ConfigSource[] {
    const references = referencesOf(this.#kind, resource);
    return referencedKinds.flatMap((kind) =>
      [...references[kind]].filter(([name]) => !this.#isKnown(kind, name)).map(([, source]) => source),
    );
  }

  #stopWaiting(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) return;
    if (waiting.timer !== null) clearTimeout(waiting.timer);
    this.#waiting.delete(name);
  }
}
