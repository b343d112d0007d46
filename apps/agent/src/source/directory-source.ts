import {
  closeSync,
  type FSWatcher,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { SourceProblem } from '../api/types.ts';
import { WeftError } from '../api/weft-error.ts';
import { type FoundFile, scanDirectory, stampOf } from './scan-directory.ts';
import type { ConfigSource, FileWrite, PreparedWrite, SourceState } from './source.ts';

/** A file must look the same this long before it is read: editors and copies write in several steps. */
const settleMs = 60;
/** An empty or vanished file may be the middle of a save, so it is given longer. */
const vanishSettleMs = 350;
const pollMs = 500;
const maxFileBytes = 64 * 1024 * 1024;

interface KnownFile {
  /** Size, time and inode of what `text` was read from. */
  stamp: string;
  text: string;
}

interface Candidate {
  readonly stamp: string;
  readonly since: number;
}

/** A directory of YAML. Changes are seen by the system's file events and, in case those fail, by looking twice a second. */
export class DirectorySource implements ConfigSource {
  readonly name: string;
  private readonly now: () => number;
  private readonly known = new Map<string, KnownFile>();
  private readonly candidates = new Map<string, Candidate>();
  private readonly problems = new Map<string, SourceProblem>();
  private onChange: (state: SourceState) => void = () => {};
  private watcher: FSWatcher | null = null;
  private watchedInode = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(directory: string, now: () => number) {
    this.name = resolve(directory);
    this.now = now;
  }

  async start(onChange: (state: SourceState) => void): Promise<SourceState> {
    this.onChange = onChange;
    this.scan(true);
    this.schedule(pollMs);
    return this.state();
  }

  read(file: string): string | null {
    try {
      return readFileSync(this.pathOf(file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new WeftError('UNAVAILABLE', `${file}: ${(error as Error).message}`);
    }
  }

  prepare(writes: readonly FileWrite[]): PreparedWrite {
    const temporaries: { readonly from: string; readonly to: string }[] = [];
    const discard = (): void => {
      for (const { from } of temporaries) rmSync(from, { force: true });
    };
    try {
      for (const { file, text } of writes) {
        if (text === null) continue;
        const to = this.pathOf(file);
        const from = join(dirname(to), `.${process.pid}-${temporaries.length}.weft-new`);
        mkdirSync(dirname(to), { recursive: true });
        writeSynced(from, text);
        temporaries.push({ from, to });
      }
    } catch (error) {
      discard();
      throw new WeftError('READ_ONLY', `cannot write to ${this.name}: ${(error as Error).message}`);
    }
    return {
      discard,
      commit: () => {
        for (const { from, to } of temporaries) renameSync(from, to);
        for (const { file, text } of writes) {
          if (text === null) rmSync(this.pathOf(file), { force: true });
          this.remember(file, text);
        }
      },
    };
  }

  stop(): void {
    this.isStopped = true;
    this.watcher?.close();
    if (this.timer) clearTimeout(this.timer);
  }

  /** What was just written is known already: a look at other files in this moment must not take it for missing or new. */
  private remember(file: string, text: string | null): void {
    this.candidates.delete(file);
    const stamp = text === null ? null : stampOf(this.pathOf(file));
    if (text === null || stamp === null) this.known.delete(file);
    else this.known.set(file, { stamp, text });
  }

  private pathOf(file: string): string {
    const path = resolve(this.name, file);
    if (relative(this.name, path).split(sep)[0] === '..') throw new WeftError('INVALID', `${file} is outside ${this.name}`);
    return path;
  }

  private state(): SourceState {
    return {
      files: new Map([...this.known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([file, { text }]) => [file, text])),
      problems: [...this.problems.values()],
    };
  }

  private schedule(delayMs: number): void {
    if (this.isStopped) return;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.scan(false);
      this.schedule(this.candidates.size > 0 ? settleMs : pollMs);
    }, delayMs);
  }

  private scan(isFirst: boolean): void {
    const before = problemText(this.problems);
    const found = scanDirectory(this.name);
    if (!found.ok) {
      this.problems.set('', { file: this.name, line: 0, column: 0, message: `${found.error}; the last configuration stays in force` });
      this.watcher?.close();
      this.watcher = null;
    } else {
      this.problems.delete('');
      this.watch();
    }
    const changed = found.ok ? this.take(found.value, isFirst) : false;
    if (!isFirst && (changed || problemText(this.problems) !== before)) this.onChange(this.state());
  }

  private take(found: ReadonlyMap<string, FoundFile>, isFirst: boolean): boolean {
    let changed = false;
    for (const [file, { stamp, size }] of found) {
      if (this.known.get(file)?.stamp === stamp) this.candidates.delete(file);
      else if (this.isSettled(file, stamp, size === 0 ? vanishSettleMs : settleMs) || isFirst)
        changed = this.readInto(file, stamp, size) || changed;
    }
    for (const file of this.known.keys()) {
      if (found.has(file) || !this.isSettled(file, 'gone', vanishSettleMs)) continue;
      this.known.delete(file);
      this.problems.delete(file);
      changed = true;
    }
    for (const file of this.problems.keys()) if (file !== '' && !found.has(file) && !this.known.has(file)) this.problems.delete(file);
    return changed;
  }

  /** Whether the file has looked like `stamp` for long enough. */
  private isSettled(file: string, stamp: string, forMs: number): boolean {
    const candidate = this.candidates.get(file);
    if (candidate?.stamp !== stamp) {
      this.candidates.set(file, { stamp, since: this.now() });
      return false;
    }
    if (this.now() - candidate.since < forMs) return false;
    this.candidates.delete(file);
    return true;
  }

  private readInto(file: string, stamp: string, size: number): boolean {
    const before = this.known.get(file);
    try {
      if (size > maxFileBytes) throw new Error(`the file has ${size} bytes, at most ${maxFileBytes} are read`);
      const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(join(this.name, file)));
      this.known.set(file, { stamp, text });
      const hadProblem = this.problems.delete(file);
      return hadProblem || before?.text !== text;
    } catch (error) {
      const kept = before ? '; its last content stays in force' : '';
      const why = error instanceof TypeError ? 'not UTF-8 text' : (error as Error).message;
      this.problems.set(file, { file, line: 0, column: 0, message: `cannot be read: ${why}${kept}` });
      if (before) before.stamp = stamp;
      return false;
    }
  }

  private watch(): void {
    const inode = statSync(this.name).ino;
    if (this.watcher && inode === this.watchedInode) return;
    this.watcher?.close();
    this.watchedInode = inode;
    try {
      this.watcher = watch(this.name, { recursive: true }, () => this.schedule(15));
      this.watcher.on('error', () => {
        this.watcher?.close();
        this.watcher = null;
      });
      this.watcher.unref();
    } catch {
      this.watcher = null; // Looking twice a second finds everything too.
    }
  }
}

function writeSynced(path: string, text: string): void {
  const descriptor = openSync(path, 'w', 0o644);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const problemText = (problems: ReadonlyMap<string, SourceProblem>): string => JSON.stringify([...problems.values()]);
