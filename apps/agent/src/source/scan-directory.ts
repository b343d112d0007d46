import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '@weft/core/base/result';

export interface FoundFile {
  /** Changes when the file does. */
  readonly stamp: string;
  readonly size: number;
}

const maxDepth = 8;

/** The YAML and JSON files below a directory, by their path in it with forward slashes. Hidden files and editors' leftovers do not count. */
export function scanDirectory(directory: string): Result<ReadonlyMap<string, FoundFile>, string> {
  const found = new Map<string, FoundFile>();
  try {
    scan(directory, '', 0, found);
    return ok(found);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'the directory does not exist' : code === 'ENOTDIR' ? 'this is no directory' : (error as Error).message;
    return err(why);
  }
}

/** The stamp of one file; null when there is none. */
export function stampOf(path: string): string | null {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? stampText(stats) : null;
}

function scan(directory: string, prefix: string, depth: number, into: Map<string, FoundFile>): void {
  for (const name of readdirSync(directory).sort()) {
    if (name.startsWith('.') || name.endsWith('~') || name === 'node_modules') continue;
    const path = join(directory, name);
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stats) continue;
    if (stats.isDirectory() && depth < maxDepth) scanBelow(path, `${prefix}${name}/`, depth + 1, into);
    else if (stats.isFile() && /\.(ya?ml|json)$/i.test(name)) {
      into.set(`${prefix}${name}`, { stamp: stampText(stats), size: Number(stats.size) });
    }
  }
}

/** A directory below that vanishes while it is read counts as gone. */
function scanBelow(path: string, prefix: string, depth: number, into: Map<string, FoundFile>): void {
  try {
    scan(path, prefix, depth, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function stampText({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}-${size}-${mtimeNs}-${ctimeNs}`;
}
