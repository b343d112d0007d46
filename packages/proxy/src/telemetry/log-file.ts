import { closeSync, openSync, write, writeSync } from 'node:fs';
import type { FileStats } from './file-stats.ts';

const chunkBytes = 64 * 1024;
/** Chunks that wait for the disk; lines beyond them are dropped rather than stopping traffic. */
const maxWaiting = 64;
/** Lines go out when a chunk is full of them, or this long after the first: a write costs more than making ten lines. */
const flushIntervalMs = 100;

/** A log file written in large pieces without blocking. Lines become bytes at once, while their text is at hand. */
export class LogFile {
  #path: string;
  readonly #stats: FileStats;
  #fd: number | null = null;
  #chunk: Buffer | null = null;
  #length = 0;
  #waiting: Buffer[] = [];
  #spare: Buffer | null = null;
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string, stats: FileStats) {
    this.#path = path;
    this.#stats = stats;
    this.#open();
  }

  append(line: string): void {
    if (this.#fd === null) return;
    const maxBytes = line.length * 3;
    if (this.#chunk !== null && this.#length + maxBytes > this.#chunk.length) this.#flush();
    if (this.#waiting.length > maxWaiting) return;
    this.#stats.writeBuffered.value++;
    if (maxBytes > chunkBytes) {
      const bytes = Buffer.from(line);
      this.#stats.bufferedBytes += bytes.length;
      this.#send(bytes);
      return;
    }
    const chunk = this.#chunk ?? this.#newChunk();
    const written = chunk.write(line, this.#length);
    this.#length += written;
    this.#stats.bufferedBytes += written;
    this.#timer ??= setTimeout(() => this.#onTimer(), flushIntervalMs).unref();
  }

  /** Opens the path anew, after log rotation. */
  reopen(): void {
    this.close();
    this.#open();
  }

  /** Writes what is pending and closes. */
  close(): void {
    this.#stopTimer();
    const fd = this.#fd;
    if (fd === null) return;
    this.#fd = null;
    try {
      for (const bytes of this.#waiting) writeSync(fd, bytes);
      if (this.#chunk !== null) writeSync(fd, this.#chunk, 0, this.#length);
      if (fd > 2) closeSync(fd);
    } catch {
      // A full disk or a closed pipe: there is nobody left to tell.
    }
    this.#waiting = [];
    this.#chunk = null;
    this.#length = 0;
  }

  #open(): void {
    if (this.#path === '/dev/stdout') this.#fd = 1;
    else if (this.#path === '/dev/stderr') this.#fd = 2;
    else {
      try {
        this.#fd = openSync(this.#path, 'a', 0o644);
      } catch {
        this.#stats.reopenFailed.value++;
        this.#fd = null;
      }
    }
  }

  #newChunk(): Buffer {
    const chunk = this.#spare ?? Buffer.allocUnsafeSlow(chunkBytes);
    this.#spare = null;
    this.#chunk = chunk;
    return chunk;
  }

  #onTimer(): void {
    this.#stats.flushedByTimer.value++;
    this.#flush();
  }

  #flush(): void {
    this.#stopTimer();
    const chunk = this.#chunk;
    if (chunk === null) return;
    const bytes = chunk.subarray(0, this.#length);
    this.#chunk = null;
    this.#length = 0;
    this.#send(bytes);
  }

  #send(bytes: Buffer): void {
    this.#waiting.push(bytes);
    if (!this.#isWriting) this.#writeNext();
  }

  #writeNext(): void {
    const fd = this.#fd;
    const bytes = this.#waiting.shift();
    this.#isWriting = fd !== null && bytes !== undefined;
    if (fd === null || bytes === undefined) return;
    write(fd, bytes, 0, bytes.length, null, (error) => {
      (error === null ? this.#stats.writeCompleted : this.#stats.writeFailed).value++;
      this.#stats.bufferedBytes -= bytes.length;
      if (bytes.buffer.byteLength === chunkBytes) this.#spare = Buffer.from(bytes.buffer as ArrayBuffer);
      this.#writeNext();
    });
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
