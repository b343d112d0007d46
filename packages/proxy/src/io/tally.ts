import type { SharedRow, SharedTable } from './shared-table.ts';

/** How many there are of something: in this thread, or in all threads that share a table. */
export interface Tally {
  readonly total: number;
  add(change: number): void;
}

/** `table`: null in a process with one thread. A tally that finds no room in the table counts for its thread only. */
export function createTally(table: SharedTable | null, name: string): Tally {
  const row = table?.hold(name) ?? null;
  if (row === null) return new OwnTally();
  const tally = new SharedTally(row);
  unused.register(tally, row);
  return tally;
}

/** Whoever counts holds on to the tally, so that one nobody holds is over. */
const unused = new FinalizationRegistry<SharedRow>((row) => row.release());

class OwnTally implements Tally {
  total = 0;

  add(change: number): void {
    this.total += change;
  }
}

class SharedTally implements Tally {
  readonly #row: SharedRow;

  constructor(row: SharedRow) {
    this.#row = row;
  }

  get total(): number {
    return this.#row.total(0);
  }

  add(change: number): void {
    this.#row.add(0, change);
  }
}
