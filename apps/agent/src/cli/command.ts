/** Where a command reads and writes. Tests and the HTTP checks give their own. */
export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Relative paths are resolved against this directory. */
  readonly cwd: string;
}

/** What every command module exports. `run` answers the exit code: 0 ok, 1 findings, 2 bad usage, 3 unreadable input. */
export interface CommandModule {
  readonly help: string;
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

/** The user called a command in a way it does not have; exit code 2. */
export class UsageError extends Error {}

/** A file, directory or service a command needs cannot be read; exit code 3. */
export class InputError extends Error {}
