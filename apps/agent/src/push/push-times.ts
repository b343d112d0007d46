import type { ProxyRegistry } from './proxy-registry.ts';

const kept = 1000;

/** How long pushes took: from the change until the last connected proxy had acknowledged it. A push that a newer one overtakes is not counted. */
export class PushTimes {
  private readonly registry: ProxyRegistry;
  private readonly now: () => number;
  private readonly durations: number[] = [];
  private current: { readonly revision: number; readonly startedAt: number } | null = null;

  constructor(registry: ProxyRegistry, now: () => number) {
    this.registry = registry;
    this.now = now;
  }

  /** Milliseconds of the last pushes, oldest first. */
  get list(): readonly number[] {
    return this.durations;
  }

  begin(revision: number): void {
    this.current = { revision, startedAt: this.now() };
  }

  /** Called whenever a proxy may have been the last one that was missing. A push that met no proxy says nothing. */
  look(): void {
    if (!this.current) return;
    const { revision, startedAt } = this.current;
    const records = this.registry.list().filter(({ connection }) => connection !== null);
    if (records.some(({ ackedRevision }) => ackedRevision === null || ackedRevision < revision)) return;
    this.current = null;
    if (records.length === 0) return;
    this.durations.push(this.now() - startedAt);
    if (this.durations.length > kept) this.durations.shift();
  }
}
