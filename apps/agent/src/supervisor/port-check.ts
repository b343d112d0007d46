import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

/** A port that will be needed, with the option that changes it. */
export interface NeededPort {
  readonly port: number;
  readonly flag: string;
  readonly host: string;
}

/** One line for each port that somebody else has, with the option to change it and who has it, if that can be found out. */
export async function findTakenPorts(needed: readonly NeededPort[]): Promise<readonly string[]> {
  const lines = await Promise.all(needed.map(async (each) => ((await isFree(each)) ? [] : [await describe(each)])));
  return lines.flat();
}

function isFree({ port, host }: NeededPort): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

async function describe({ port, flag }: NeededPort): Promise<string> {
  const owner = await ownerOf(port);
  return `port ${port} is taken${owner === null ? '' : ` by ${owner}`}: stop that, or choose another with ${flag}`;
}

/** The process that listens, from `ss` or `lsof`, whichever there is. */
async function ownerOf(port: number): Promise<string | null> {
  const run = promisify(execFile);
  try {
    const { stdout } = await run('ss', ['-Hltnp', `sport = :${port}`], { timeout: 2_000 });
    const match = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout);
    if (match) return `${match[1]} (process ${match[2]})`;
  } catch {
    // No ss here, as on macOS.
  }
  try {
    const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 2_000 });
    const match = /p(\d+)\nc(.+)/.exec(stdout);
    if (match) return `${match[2]} (process ${match[1]})`;
  } catch {
    // Nor lsof.
  }
  return null;
}
