import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const version = 'v2.2.1+incompatible';

/** The h2spec to judge by: `WEFT_H2SPEC`, or one that a Go toolchain builds; null with neither. */
export function findH2spec(): string | null {
  const named = process.env.WEFT_H2SPEC;
  if (named !== undefined) return existsSync(named) ? named : null;
  const directory = join(tmpdir(), `weft-h2spec-${version}`);
  const path = join(directory, 'h2spec');
  if (existsSync(path)) return path;
  try {
    const env = { ...process.env, GOBIN: directory };
    execFileSync('go', ['install', `github.com/summerwind/h2spec/cmd/h2spec@${version}`], { env, stdio: 'ignore', timeout: 45_000 });
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
