import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { RevisionOrigin } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { Log } from '../log.ts';

/** One file of a change set; null where the file did not or does no longer exist. */
export interface StoredChange {
  readonly file: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface NewRevision {
  readonly at: number;
  readonly who: string;
  readonly why: string;
  readonly origin: RevisionOrigin;
  readonly reverts: number | null;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly changes: readonly StoredChange[];
}

export interface StoredRevision extends NewRevision {
  readonly id: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, origin TEXT NOT NULL, reverts INTEGER,
    added TEXT NOT NULL, changed TEXT NOT NULL, removed TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS changes (
    revision INTEGER NOT NULL REFERENCES revisions(id), file TEXT NOT NULL, before TEXT, after TEXT, PRIMARY KEY (revision, file)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS files (file TEXT PRIMARY KEY, text TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
  -- Writes to the source that a committed revision promised and that may not have been made yet.
  CREATE TABLE IF NOT EXISTS owed (file TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
  PRAGMA user_version = 1;
`;

/** Revisions and the files in force, in SQLite: what has been acknowledged survives the death of the process. */
export class RevisionStore {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** Opens (or makes) the database; one that is damaged is moved aside, never deleted. @throws WeftError READ_ONLY when the directory cannot be written */
  static open(directory: string, log: Log, now: () => number): RevisionStore {
    const file = join(directory, 'weft.db');
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return new RevisionStore(openDatabase(file));
    } catch (error) {
      if (!isDamage(error) || !existsSync(file)) throw unusable(directory, error);
      const aside = `${file}.damaged-${new Date(now()).toISOString().replaceAll(':', '-')}`;
      log('error', `the database ${file} is damaged (${(error as Error).message}); it is kept as ${aside}, and a new history starts`);
      for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
      return new RevisionStore(openDatabase(file));
    }
  }

  /** The texts in force, by file. */
  readFiles(): ReadonlyMap<string, string> {
    return new Map(this.all('SELECT file, text FROM files ORDER BY file').map((row) => [String(row.file), String(row.text)]));
  }

  /** The revision that last changed each file. */
  readFileRevisions(): ReadonlyMap<string, number> {
    return new Map(this.all('SELECT file, revision FROM files').map((row) => [String(row.file), Number(row.revision)]));
  }

  /** Writes of committed revisions that were not confirmed. */
  readOwed(): readonly { readonly file: string; readonly text: string | null }[] {
    return this.all('SELECT file, text FROM owed').map((row) => ({
      file: String(row.file),
      text: row.text === null ? null : String(row.text),
    }));
  }

  /** The newest revision's number; 0 when there is none. */
  latest(): number {
    return Number(this.all('SELECT max(id) AS id FROM revisions')[0]?.id ?? 0);
  }

  /** Newest first, those with a number below `before` if given. */
  list(limit: number, before: number | null): readonly StoredRevision[] {
    const rows = this.all('SELECT * FROM revisions WHERE id < ? ORDER BY id DESC LIMIT ?', before ?? Number.MAX_SAFE_INTEGER, limit);
    return rows.map((row) => this.revisionOf(row));
  }

  read(id: number): StoredRevision | null {
    const [row] = this.all('SELECT * FROM revisions WHERE id = ?', id);
    return row ? this.revisionOf(row) : null;
  }

  /** The texts as they were right after a revision. */
  filesAt(id: number): ReadonlyMap<string, string> {
    const files = new Map(this.readFiles());
    const later = this.all('SELECT file, before FROM changes WHERE revision > ? ORDER BY revision DESC', id);
    for (const { file, before } of later) {
      if (before === null) files.delete(String(file));
      else files.set(String(file), String(before));
    }
    return files;
  }

  /** Commits a revision; when this returns, it survives a crash. `owed` for revisions that still have to be written to the source. @throws WeftError */
  append(revision: NewRevision, options: { readonly owed: boolean }): number {
    try {
      this.database.exec('BEGIN IMMEDIATE');
      const { lastInsertRowid } = this.statement(
        'INSERT INTO revisions (at, who, why, origin, reverts, added, changed, removed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(
        revision.at,
        revision.who,
        revision.why,
        revision.origin,
        revision.reverts,
        JSON.stringify(revision.added),
        JSON.stringify(revision.changed),
        JSON.stringify(revision.removed),
      );
      const id = Number(lastInsertRowid);
      for (const change of revision.changes) this.appendChange(id, change, options.owed);
      this.database.exec('COMMIT');
      return id;
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw new WeftError('READ_ONLY', `the revision cannot be stored: ${(error as Error).message}`);
    }
  }

  /** The source now holds what was promised. */
  settleOwed(): void {
    this.statement('DELETE FROM owed').run();
  }

  close(): void {
    this.database.close();
  }

  private appendChange(id: number, { file, before, after }: StoredChange, owed: boolean): void {
    this.statement('INSERT INTO changes (revision, file, before, after) VALUES (?, ?, ?, ?)').run(id, file, before, after);
    if (after === null) this.statement('DELETE FROM files WHERE file = ?').run(file);
    else this.statement('INSERT OR REPLACE INTO files (file, text, revision) VALUES (?, ?, ?)').run(file, after, id);
    if (owed) this.statement('INSERT OR REPLACE INTO owed (file, text) VALUES (?, ?)').run(file, after);
  }

  private revisionOf(row: Record<string, unknown>): StoredRevision {
    const id = Number(row.id);
    const text = (value: unknown) => (value === null ? null : String(value));
    return {
      id,
      at: Number(row.at),
      who: String(row.who),
      why: String(row.why),
      origin: String(row.origin) as RevisionOrigin,
      reverts: row.reverts === null ? null : Number(row.reverts),
      added: JSON.parse(String(row.added)),
      changed: JSON.parse(String(row.changed)),
      removed: JSON.parse(String(row.removed)),
      changes: this.all('SELECT file, before, after FROM changes WHERE revision = ? ORDER BY file', id).map((change) => ({
        file: String(change.file),
        before: text(change.before),
        after: text(change.after),
      })),
    };
  }

  private all(sql: string, ...values: readonly (string | number)[]): readonly Record<string, unknown>[] {
    return this.statement(sql).all(...values) as Record<string, unknown>[];
  }

  private statement(sql: string): StatementSync {
    const known = this.statements.get(sql);
    if (known) return known;
    const statement = this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 2_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    database.exec(schema);
    const check = database.prepare('PRAGMA quick_check').get() as { quick_check?: string } | undefined;
    if (check?.quick_check !== 'ok') throw Object.assign(new Error(check?.quick_check ?? 'quick_check gave nothing'), { errcode: 11 });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code !== undefined && [11, 26].includes(code & 0xff);
}

function unusable(directory: string, error: unknown): WeftError {
  const { errcode, message } = error as { errcode?: number; message: string };
  const why = errcode !== undefined && (errcode & 0xff) === 13 ? 'the disk is full' : message;
  return new WeftError('READ_ONLY', `the data directory ${directory} cannot be used (--data): ${why}`);
}
