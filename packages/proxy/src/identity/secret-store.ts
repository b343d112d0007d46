import type { SecretPlan } from '@weft/core/plan/tls-plan';
import { FileSecrets } from './file-secrets.ts';

/** The secrets of one proxy: what the plan holds and what its own identity provides (`default`, `ROOTCA`), which wins. */
export class SecretStore {
  #fromPlan: ReadonlyMap<string, SecretPlan> = new Map();
  #own: Map<string, SecretPlan> = new Map();
  #versions: WeakMap<SecretPlan, number> = new WeakMap();
  #nextVersion = 1;
  #listeners: Set<() => void> = new Set();
  #report: (message: string) => void;
  #reported: WeakSet<object> = new WeakSet();
  #files: FileSecrets;

  constructor(report: (message: string) => void) {
    this.#report = report;
    this.#files = new FileSecrets(() => this.#tell(), report);
  }

  get(name: string): SecretPlan | undefined {
    const own = this.#own.get(name);
    if (own !== undefined) return own;
    const planned = this.#fromPlan.get(name);
    return planned === undefined ? undefined : this.#files.resolve(planned);
  }

  /** A number that changes whenever the secret does; 0 while it is missing. */
  versionOf(name: string): number {
    const secret = this.get(name);
    if (secret === undefined) return 0;
    const known = this.#versions.get(secret);
    if (known !== undefined) return known;
    const version = this.#nextVersion++;
    this.#versions.set(secret, version);
    return version;
  }

  usePlan(secrets: ReadonlyMap<string, SecretPlan>): void {
    this.#fromPlan = secrets;
    this.#files.keepOnly(secrets.values());
  }

  /** Sets one of the proxy's own secrets and tells whoever uses it. */
  provide(secret: SecretPlan): void {
    this.#own.set(secret.name, secret);
    this.#tell();
  }

  /** Stops watching files. */
  close(): void {
    this.#files.keepOnly([]);
  }

  /** Names that the proxy provides itself and so need not be asked for. */
  provides(name: string): boolean {
    return this.#own.has(name);
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Says once of a TLS configuration what is wrong with it. */
  reportProblem(plan: object, problem: string): void {
    if (this.#reported.has(plan)) return;
    this.#reported.add(plan);
    this.#report(problem);
  }
}
