import type { ConnectionFacts, RequestFacts } from '../plan/facts.ts';
import type { IpAddress } from '../plan/ip-address.ts';
import type { HeaderChange } from './decision.ts';
import type { HeaderSink } from './mutate-headers.ts';

/** A request with the header changes that filters made so far, so that later filters and the router see them. */
export class RequestOverlay implements RequestFacts, HeaderSink {
  readonly #facts: RequestFacts;
  /** Values by name; none for a header that was taken away. */
  readonly #changed = new Map<string, readonly string[]>();

  constructor(facts: RequestFacts, changes: readonly HeaderChange[]) {
    this.#facts = facts;
    for (const change of changes) {
      if (change.op === 'remove') this.remove(change.name);
      else if (change.op === 'set') this.set(change.name, change.value);
      else this.append(change.name, change.value);
    }
  }

  get connection(): ConnectionFacts {
    return this.#facts.connection;
  }

  get method(): string {
    return this.#changed.get(':method')?.[0] ?? this.#facts.method;
  }

  get path(): string {
    return this.#changed.get(':path')?.[0] ?? this.#facts.path;
  }

  get authority(): string {
    return this.#changed.get(':authority')?.[0] ?? this.#facts.authority;
  }

  get upgrade(): string | null {
    return this.#facts.upgrade;
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
    const changed = this.#changed.get(lowerName);
    if (changed === undefined) return this.#facts.header(lowerName);
    return changed.length === 0 ? undefined : changed.join(',');
  }

  headerValues(lowerName: string): readonly string[] {
    return this.#changed.get(lowerName) ?? this.#facts.headerValues(lowerName);
  }

  headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = { ...this.#facts.headers() };
    for (const [name, values] of this.#changed) {
      if (values.length === 0) delete headers[name];
      else headers[name] = values.join(',');
    }
    return headers;
  }

  has(name: string): boolean {
    return this.header(name) !== undefined;
  }

  remove(name: string): void {
    this.#changed.set(name, []);
  }

  set(name: string, value: string): void {
    this.#changed.set(name, [value]);
  }

  append(name: string, value: string): void {
    this.#changed.set(name, [...this.headerValues(name), value]);
  }
}
