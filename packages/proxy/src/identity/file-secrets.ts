import { dirname } from 'node:path';
import type { DataSourcePlan, SecretPlan, TlsCertificatePlan } from '@weft/core/plan/tls-plan';
import { DirectoryWatch } from '../io/directory-watch.ts';
import { checkPair } from './check-secret.ts';
import { readData } from './read-data.ts';

interface Entry {
  resolved: SecretPlan | null;
  readonly watches: readonly DirectoryWatch[];
}

/**
 * Secrets whose bytes stand in files: read when they are first used and again whenever a file, or the watched directory, changes. Files that
 * do not fit together (one of a pair is written before the other) leave the last good form in use.
 */
export class FileSecrets {
  #entries: Map<SecretPlan, Entry> = new Map();
  #onChange: (name: string) => void;
  #report: (message: string) => void;

  constructor(onChange: (name: string) => void, report: (message: string) => void) {
    this.#onChange = onChange;
    this.#report = report;
  }

  /** The secret with its bytes in it; the same object as long as they do not change. Undefined while its files cannot be used. */
  resolve(plan: SecretPlan): SecretPlan | undefined {
    const paths = filesOf(plan);
    if (paths.length === 0) return plan;
    return (this.#entries.get(plan) ?? this.#open(plan, paths)).resolved ?? undefined;
  }

  /** Stops watching files that none of these secrets uses. */
  keepOnly(plans: Iterable<SecretPlan>): void {
    const kept = new Set(plans);
    for (const [plan, { watches }] of this.#entries) {
      if (kept.has(plan)) continue;
      for (const watch of watches) watch.close();
      this.#entries.delete(plan);
    }
  }

  #open(plan: SecretPlan, paths: readonly FileSource[]): Entry {
    const directories = new Set(paths.map(({ path, watchedDirectory }) => watchedDirectory ?? dirname(path)));
    const entry: Entry = {
      resolved: this.#read(plan),
      watches: [...directories].map((directory) => new DirectoryWatch(directory, () => this.#reread(plan))),
    };
    this.#entries.set(plan, entry);
    return entry;
  }

  #reread(plan: SecretPlan): void {
    const entry = this.#entries.get(plan);
    const next = this.#read(plan);
    if (entry === undefined || next === null || isSame(next, entry.resolved)) return;
    entry.resolved = next;
    this.#onChange(plan.name);
  }

  #read(plan: SecretPlan): SecretPlan | null {
    try {
      return readSecret(plan);
    } catch (error) {
      this.#report(`secret ${plan.name}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}

type FileSource = Extract<DataSourcePlan, { kind: 'file' }>;

function filesOf(secret: SecretPlan): FileSource[] {
  return sourcesOf(secret).filter((source): source is FileSource => source?.kind === 'file');
}

function sourcesOf(secret: SecretPlan): readonly (DataSourcePlan | null)[] {
  if (secret.kind === 'certificate') {
    const { certificateChain, privateKey, pkcs12, password } = secret.certificate;
    return [certificateChain, privateKey, pkcs12, password];
  }
  if (secret.kind === 'validation') return [secret.context.trustedCa, secret.context.crl];
  return secret.kind === 'generic' ? [secret.secret] : [];
}

function readSecret(secret: SecretPlan): SecretPlan {
  if (secret.kind === 'certificate') return { ...secret, certificate: readCertificate(secret.certificate) };
  if (secret.kind === 'generic') return { ...secret, secret: inline(secret.secret) };
  if (secret.kind !== 'validation') return secret;
  return { ...secret, context: { ...secret.context, trustedCa: inline(secret.context.trustedCa), crl: inline(secret.context.crl) } };
}

function readCertificate({ certificateChain, privateKey, pkcs12, password }: TlsCertificatePlan): TlsCertificatePlan {
  const read = {
    certificateChain: inline(certificateChain),
    privateKey: inline(privateKey),
    pkcs12: inline(pkcs12),
    password: inline(password),
  };
  if (read.certificateChain !== null && read.privateKey !== null)
    checkPair(Buffer.from(read.certificateChain.bytes), Buffer.from(read.privateKey.bytes));
  return read;
}

function inline(source: DataSourcePlan | null): Extract<DataSourcePlan, { kind: 'inline' }> | null {
  const bytes = readData(source);
  return bytes === undefined ? null : { kind: 'inline', bytes };
}

function isSame(a: SecretPlan, b: SecretPlan | null): boolean {
  if (b === null) return false;
  const before = sourcesOf(b);
  return sourcesOf(a).every((source, index) => {
    const other = before[index] ?? null;
    if (source?.kind !== 'inline' || other?.kind !== 'inline') return source === other;
    return Buffer.compare(source.bytes, other.bytes) === 0;
  });
}
