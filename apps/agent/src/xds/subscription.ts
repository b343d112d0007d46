/** What a client wants of one type, and what it has. */
export class Subscription {
  /** Explicit names. */
  readonly names = new Set<string>();
  /** Versions the client holds, as far as it was sent them (or said so itself). */
  readonly known = new Map<string, string>();
  /** Versions the client refused: not sent again. */
  readonly refused = new Map<string, string>();
  isWildcard = false;
  private hasNamed = false;

  /** Takes the names of a state-of-the-world request and gives those that are new. `allowsWildcard` for types where no name means all. */
  setNames(names: readonly string[], allowsWildcard: boolean): readonly string[] {
    const wanted = new Set(names);
    const asksAll = wanted.delete('*') || (names.length === 0 && allowsWildcard && !this.hasNamed);
    if (names.length > 0) this.hasNamed = true;
    const added = [...wanted].filter((name) => !this.names.has(name));
    for (const name of this.names) if (!wanted.has(name)) this.drop(name, asksAll);
    for (const name of wanted) this.names.add(name);
    this.setWildcard(asksAll);
    return added;
  }

  /** Takes the changes of a delta request and gives the names subscribed to in it. Unsubscribing comes first. */
  change(subscribe: readonly string[], unsubscribe: readonly string[], isFirst: boolean, allowsWildcard: boolean): readonly string[] {
    for (const name of unsubscribe) {
      if (name === '*') this.setWildcard(false);
      else this.drop(name, this.isWildcard);
    }
    if (isFirst && subscribe.length === 0 && allowsWildcard) this.isWildcard = true;
    const named = subscribe.filter((name) => name !== '*');
    if (named.length < subscribe.length) this.isWildcard = true;
    for (const name of named) this.names.add(name);
    return named;
  }

  wants(name: string): boolean {
    return this.isWildcard || this.names.has(name);
  }

  private setWildcard(isWildcard: boolean): void {
    if (this.isWildcard && !isWildcard) for (const name of this.known.keys()) if (!this.names.has(name)) this.known.delete(name);
    this.isWildcard = isWildcard;
  }

  private drop(name: string, keepKnown: boolean): void {
    this.names.delete(name);
    if (!keepKnown) this.known.delete(name);
  }
}
