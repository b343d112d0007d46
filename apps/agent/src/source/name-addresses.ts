import { lookup } from 'node:dns/promises';
import type { Log } from '../log.ts';

/** Istio's shortest time; Node does not tell how long an answer holds. */
const lookUpEveryMs = 30_000;

interface NameAddressesOptions {
  /** Called when a name has other addresses than before. */
  readonly changed: () => void;
  readonly log: Log;
  /** All addresses of a name. @throws when it has none */
  readonly lookUp?: (name: string) => Promise<readonly string[]>;
}

/** Looks names up for as long as the mesh needs them. An answer that fails leaves the last good one in force. */
export class NameAddresses {
  private readonly options: NameAddressesOptions;
  private names: readonly string[] = [];
  private found: Readonly<Record<string, readonly string[]>> = {};
  private timer: NodeJS.Timeout | null = null;

  constructor(options: NameAddressesOptions) {
    this.options = options;
  }

  /** Addresses by name, sorted; names that were not found yet are missing. */
  get addresses(): Readonly<Record<string, readonly string[]>> {
    return this.found;
  }

  /** The names to know from now on. */
  want(names: readonly string[]): void {
    const isSame = names.length === this.names.length && names.every((name, index) => name === this.names[index]);
    if (isSame) return;
    this.names = names;
    this.stop();
    if (names.length === 0) return;
    this.timer = setInterval(() => void this.lookUpAll(), lookUpEveryMs);
    this.timer.unref();
    void this.lookUpAll();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private async lookUpAll(): Promise<void> {
    const { names } = this;
    const entries = await Promise.all(names.map((name) => this.lookUp(name)));
    if (names !== this.names) return;
    const found = Object.fromEntries(entries.filter((entry) => entry !== null));
    if (JSON.stringify(found) === JSON.stringify(this.found)) return;
    this.found = found;
    this.options.changed();
  }

  private async lookUp(name: string): Promise<readonly [string, readonly string[]] | null> {
    try {
      return [name, [...(await (this.options.lookUp ?? lookUpName)(name))].sort()];
    } catch (error) {
      const known = Object.hasOwn(this.found, name) ? this.found[name] : undefined;
      this.options.log('warn', `gateway between networks: ${(error as Error).message}${known ? '; its last addresses stay in force' : ''}`);
      return known ? [name, known] : null;
    }
  }
}

async function lookUpName(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
