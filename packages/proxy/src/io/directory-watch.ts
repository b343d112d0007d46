import { type FSWatcher, watch } from 'node:fs';

const quietMs = 20;
const retryMs = 1000;

/**
 * Calls back whenever something in a directory is made, renamed or written. The directory is watched, not the file: a file that is
 * replaced by a rename, or through a link as Kubernetes does, would leave a watch on the old one behind and the next change unseen.
 */
export class DirectoryWatch {
  #directory: string;
  #onChange: () => void;
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(directory: string, onChange: () => void) {
    this.#directory = directory;
    this.#onChange = onChange;
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #open(): void {
    try {
      const watcher = watch(this.#directory, { persistent: false }, () => this.#after(quietMs, this.#onChange));
      watcher.on('error', () => this.#reopen());
      this.#watcher = watcher;
    } catch {
      this.#reopen();
    }
  }

  /** The directory is gone, or not there yet: what it holds when it comes counts as changed. */
  #reopen(): void {
    this.#watcher?.close();
    this.#watcher = null;
    this.#after(retryMs, () => {
      this.#open();
      if (this.#watcher !== null) this.#onChange();
    });
  }

  /** Changes come in bursts (new file, then the link to it): one call for all of a burst. */
  #after(delayMs: number, run: () => void): void {
    if (this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#isClosed) run();
    }, delayMs);
    this.#timer.unref();
  }
}
