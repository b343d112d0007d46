import type { ApplyResult, RevisionOrigin } from '../api/config-types.ts';
import type { Finding, SourceProblem } from '../api/types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { Log } from '../log.ts';
import type { ConfigSource, SourceState } from '../source/source.ts';
import { type Configuration, type ConfigurationContext, createConfiguration, writtenResources } from './configuration.ts';
import { fileChanges } from './file-diff.ts';
import { findingKey } from './parsed-file.ts';
import { resourceId } from './resource-id.ts';
import type { NewRevision, RevisionStore, StoredChange } from './revision-store.ts';

export interface ConfigStoreOptions {
  readonly source: ConfigSource;
  readonly revisions: RevisionStore;
  readonly context: ConfigurationContext;
  readonly log: Log;
  readonly now: () => number;
  /** Who edits files by hand: the user the agent runs as. */
  readonly fileAuthor: string;
}

export interface CommitInfo {
  readonly who: string;
  readonly why: string;
  readonly origin: RevisionOrigin;
  readonly reverts: number | null;
}

/** The configuration in force. Files edited by hand and edits made through the agent both become revisions. */
export class ConfigStore {
  private readonly options: ConfigStoreOptions;
  private readonly listeners = new Set<() => void>();
  private configuration: Configuration;
  private currentRevision: number;
  private sourceProblems: readonly SourceProblem[] = [];
  /** Findings of file texts that are not in force because they are worse than what was. */
  private heldFindings: ReadonlyMap<string, readonly Finding[]> = new Map();
  private storeProblem: string | null = null;

  constructor(options: ConfigStoreOptions) {
    this.options = options;
    this.configuration = createConfiguration(new Map(), null, options.context);
    this.currentRevision = options.revisions.latest();
  }

  /** Loads what was in force, finishes writes that a crash interrupted, and takes over what was edited meanwhile. */
  async start(): Promise<void> {
    const { source, revisions, context } = this.options;
    this.configuration = createConfiguration(revisions.readFiles(), null, context);
    this.finishOwed();
    this.takeOver(await source.start((state) => this.takeOver(state)), revisions.latest() === 0 ? 'start' : 'file');
  }

  /** Called after each change of what is in force or of the problems. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get current(): Configuration {
    return this.configuration;
  }

  get revision(): number {
    return this.currentRevision;
  }

  get readOnlyReason(): string | null {
    return this.storeProblem;
  }

  get problems(): readonly SourceProblem[] {
    const held = [...this.heldFindings].flatMap(([file, findings]) =>
      findings.map(({ line, column, message }) => ({
        file,
        line,
        column,
        message: `${message} (the last good content of the file stays in force)`,
      })),
    );
    return [...this.sourceProblems, ...held];
  }

  /** Findings of the configuration in force and of file texts that are held back. */
  findings(): readonly Finding[] {
    const held = [...this.heldFindings.values()].flat();
    return held.length === 0 ? this.configuration.findings() : [...this.configuration.findings(), ...held];
  }

  /** What the configuration would be with these files. */
  draft(files: ReadonlyMap<string, string>): Configuration {
    return createConfiguration(files, this.configuration, this.options.context);
  }

  /** Puts files in force, or refuses with the errors that they would bring. When it answers `applied`, the revision survives a crash. */
  apply(files: ReadonlyMap<string, string>, info: CommitInfo): ApplyResult {
    const changes = changesBetween(this.configuration.files, files);
    if (changes.length === 0) return { status: 'refused', reason: 'nothing would change', findings: [] };
    const conflict = changes.find(({ file, before }) => this.options.source.read(file) !== before);
    if (conflict) throw new WeftError('CONFLICT', this.conflictText(conflict.file));
    const next = this.draft(files);
    const added = newFindings(this.configuration.findings(), next.findings());
    const errors = added.filter(({ level }) => level === 'Error');
    if (errors.length > 0) return { status: 'refused', reason: refusalText(errors), findings: errors };
    const write = this.options.source.prepare(changes.map(({ file, after }) => ({ file, text: after })));
    try {
      this.currentRevision = this.options.revisions.append(this.revisionOf(next, changes, info), { owed: true });
    } catch (error) {
      write.discard();
      throw error;
    }
    write.commit();
    this.options.revisions.settleOwed();
    this.put(next);
    return { status: 'applied', revision: this.currentRevision, files: fileChanges(changes), added };
  }

  /** Takes over what the configuration holds beside its files. */
  refresh(): void {
    this.put(this.draft(this.configuration.files));
  }

  stop(): void {
    this.options.source.stop();
    this.options.revisions.close();
  }

  private finishOwed(): void {
    const owed = this.options.revisions.readOwed();
    if (owed.length === 0) return;
    this.options.log('warn', `finishing the interrupted write of ${owed.map(({ file }) => file).join(', ')}`);
    this.options.source.prepare(owed).commit();
    this.options.revisions.settleOwed();
  }

  private takeOver(state: SourceState, origin: RevisionOrigin = 'file'): void {
    this.sourceProblems = state.problems;
    const { files, held } = this.admit(state);
    this.heldFindings = held;
    const changes = changesBetween(this.configuration.files, files);
    if (changes.length === 0) {
      this.emit();
      return;
    }
    const next = this.draft(files);
    const names = changes.map(({ file }) => file).join(', ');
    const info: CommitInfo = {
      who: this.options.fileAuthor,
      why: origin === 'start' ? 'first start' : `edited ${names}`,
      origin,
      reverts: null,
    };
    try {
      this.currentRevision = this.options.revisions.append(this.revisionOf(next, changes, info), { owed: false });
      this.storeProblem = null;
    } catch (error) {
      // The files themselves are safe on disk, so they come into force; only their place in the history is missing.
      this.storeProblem = (error as Error).message;
      this.options.log('error', this.storeProblem);
    }
    this.put(next);
  }

  /** The files to be in force: a changed text that brings errors of its own gives way to the last good one. */
  private admit(state: SourceState): { files: ReadonlyMap<string, string>; held: ReadonlyMap<string, readonly Finding[]> } {
    const files = new Map(state.files);
    const held = new Map<string, readonly Finding[]>();
    // A file that cannot be read, or a directory that is gone, changes nothing.
    for (const { file } of state.problems) {
      const last = this.configuration.files.get(file);
      if (last !== undefined && !files.has(file)) files.set(file, last);
    }
    if (state.problems.some(({ file }) => file === this.options.source.name) && files.size === 0)
      return { files: this.configuration.files, held };
    const parsed = this.draft(files).parsedByFile;
    for (const [file, { findings }] of parsed) {
      const last = this.configuration.parsedByFile.get(file);
      if (!last || last.text === files.get(file)) continue;
      const worse = newFindings(last.findings, findings).filter(({ level }) => level === 'Error');
      if (worse.length === 0) continue;
      held.set(file, worse);
      files.set(file, last.text);
      for (const { line, message } of worse) this.options.log('warn', `${file}:${line}: ${message}; the last good content stays in force`);
    }
    return { files, held };
  }

  private put(next: Configuration): void {
    this.configuration = next;
    this.emit();
  }

  private emit(): void {
    for (const listener of this.listeners) listener();
  }

  private revisionOf(next: Configuration, changes: readonly StoredChange[], info: CommitInfo): NewRevision {
    return { at: this.options.now(), ...info, ...resourceChanges(this.configuration, next), changes };
  }

  private conflictText(file: string): string {
    const findings = this.heldFindings.get(file);
    const first = findings?.[0];
    if (first) return `${file} has errors that were written by hand (line ${first.line}: ${first.message}); correct the file first`;
    return `${file} has just been changed by hand; look at the new content and try again`;
  }
}

/** Findings of `after` that `before` does not have. */
export function newFindings(before: readonly Finding[], after: readonly Finding[]): readonly Finding[] {
  const known = new Set(before.map(findingKey));
  return after.filter((finding) => !known.has(findingKey(finding)));
}

/** The files that differ. */
export function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly StoredChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((file) => {
    const change = { file, before: before.get(file) ?? null, after: after.get(file) ?? null };
    return change.before === change.after ? [] : [change];
  });
}

function resourceChanges(before: Configuration, after: Configuration): Pick<NewRevision, 'added' | 'changed' | 'removed'> {
  const texts = (configuration: Configuration) =>
    new Map(writtenResources(configuration).map((resource) => [resourceId(resource.ref), JSON.stringify(resource.raw)]));
  const [old, now] = [texts(before), texts(after)];
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    changed: [...now].filter(([id, text]) => old.has(id) && old.get(id) !== text).map(([id]) => id),
    removed: [...old.keys()].filter((id) => !now.has(id)),
  };
}

function refusalText(errors: readonly Finding[]): string {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${first?.origin}: ${first?.message}${more}`;
}
