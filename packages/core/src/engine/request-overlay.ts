import type { ConnectionFacts, RequestFacts } from '../plan/facts.ts';
import type { IpAddress } from '../plan/ip-address.ts';
import type { HeaderChange } from './decision.ts';

/** A request with the header changes that filters made so far, so that later filters and the router see them. */
export class RequestOverlay implements RequestFacts {
  readonly #facts: RequestFacts;
  readonly #changed = new Map<string, string | undefined>();

  constructor(facts: RequestFacts, changes: readonly HeaderChange[]) {
    this.#facts = facts;
    for (const change of changes) {
      if (change.op === 'remove') this.#changed.set(change.name, undefined);
      else if (change.op === 'set') this.#changed.set(change.name, change.value);
      else {
        const before = this.header(change.name);
        this.#changed.set(change.name, before === undefined ? change.value : `${before},${change.value}`);
      }
    }
  }

  get connection(): ConnectionFacts {
    return this.#facts.connection;
  }

  get method(): string {
    return this.#changed.get(':method') ?? this.#facts.method;
  }

  get path(): string {
    return this.#changed.get(':path') ?? this.#facts.path;
  }

  get authority(): string {
    return this.#changed.get(':authority') ?? this.#facts.authority;
  }

  get scheme(): string {
    return this.#facts.scheme;
  }

  get protocol(): string {
    return this.#facts.protocol;
  }

  get remote(): IpAddress {
    return this.#facts.remote;
  }

  get isInternal(): boolean {
    return this.#facts.isInternal;
  }

  get startedAt(): number {
    return this.#facts.startedAt;
  }

  get contentLength(): number {
    return this.#facts.contentLength;
  }

  header(lowerName: string): string | undefined {
    return this.#changed.has(lowerName) ? this.#changed.get(lowerName) : this.#facts.header(lowerName);
  }

  headerValues(lowerName: string): readonly string[] {
    if (!this.#changed.has(lowerName)) return this.#facts.headerValues(lowerName);
    const value = this.#changed.get(lowerName);
    return value === undefined ? [] : [value];
  }

  headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = { ...this.#facts.headers() };
    for (const [name, value] of this.#changed) {
      if (value === undefined) delete headers[name];
      else headers[name] = value;
    }
    return headers;
  }
}
