import { Session } from 'node:inspector';

interface Taken {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
    }[];
  }[];
}

/** Characters of sources by file URL: 1 where they ran. */
type Marks = ReadonlyMap<string, Uint8Array>;

/** Which blocks of the sources under a folder have run, by V8's own counters. One at a time in a process. */
export class BlockCoverage {
  #session = new Session();
  #folders: readonly string[];
  #known: Map<string, Uint8Array> = new Map();
  /** What is inside functions: modules themselves run once, whatever is fuzzed. */
  #functions: Map<string, Uint8Array> = new Map();

  /** `folders` are beginnings of file URLs. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** What ran since the last time. */
  take(): Marks {
    let taken: Taken = { result: [] };
    this.#session.post('Profiler.takePreciseCoverage', (_error: Error | null, result: Taken) => {
      taken = result;
    });
    const marks = new Map<string, Uint8Array>();
    for (const { url, functions } of taken.result) {
      if (!this.#folders.some((folder) => url.startsWith(folder)) || url.endsWith('.test.ts')) continue;
      const ranges = functions.flatMap((each) => each.ranges);
      const ran = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
      // Outer ranges come before those within them.
      for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      marks.set(url, ran);
      const inside = grownTo(this.#functions.get(url), ran.length);
      for (const { ranges: own } of functions) {
        const [{ startOffset, endOffset } = { startOffset: 0, endOffset: 0 }] = own;
        if (startOffset > 0) inside.fill(1, startOffset, endOffset);
      }
      this.#functions.set(url, inside);
    }
    return marks;
  }

  /** Whether something ran that never had before. */
  isNew(marks: Marks): boolean {
    for (const [url, ran] of marks) {
      const known = this.#known.get(url);
      if (known === undefined || ran.some((mark, at) => mark === 1 && known[at] !== 1)) return true;
    }
    return false;
  }

  remember(marks: Marks): void {
    for (const [url, ran] of marks) {
      const known = grownTo(this.#known.get(url), ran.length);
      for (const [at, mark] of ran.entries()) if (mark === 1) known[at] = 1;
      this.#known.set(url, known);
    }
  }

  /** How much of the functions of a source has run, in percent. */
  percentOf(fileUrl: string): number {
    const inside = this.#functions.get(fileUrl);
    const known = this.#known.get(fileUrl);
    if (inside === undefined || known === undefined) return 0;
    const all = inside.reduce((sum, mark) => sum + mark, 0);
    return all === 0 ? 100 : (100 * inside.reduce((sum, mark, at) => sum + (mark === 1 ? (known[at] ?? 0) : 0), 0)) / all;
  }
}

function grownTo(marks: Uint8Array | undefined, length: number): Uint8Array {
  if (marks !== undefined && marks.length >= length) return marks;
  const grown = new Uint8Array(length);
  if (marks !== undefined) grown.set(marks);
  return grown;
}
