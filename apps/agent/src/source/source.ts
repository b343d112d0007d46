import type { SourceProblem } from '../api/types.ts';

/** Everything a source has: texts by file name, and what it could not read. */
export interface SourceState {
  readonly files: ReadonlyMap<string, string>;
  readonly problems: readonly SourceProblem[];
}

/** A change a source is asked to make. `text` null removes the file. */
export interface FileWrite {
  readonly file: string;
  readonly text: string | null;
}

/** Where configuration comes from. A directory now; a Kubernetes API server can stand behind the same interface. */
export interface ConfigSource {
  /** What the source is, for people: a path or a cluster. */
  readonly name: string;
  /** Reads everything once and then calls `onChange` with the whole state after every change. */
  start(onChange: (state: SourceState) => void): Promise<SourceState>;
  /** The text a file has now, whether or not it is in force; null when there is none. */
  read(file: string): string | null;
  /** Prepares a change so that `commit` can hardly fail; nothing is visible before. @throws WeftError READ_ONLY */
  prepare(writes: readonly FileWrite[]): PreparedWrite;
  stop(): void;
}

export interface PreparedWrite {
  commit(): void;
  discard(): void;
}
