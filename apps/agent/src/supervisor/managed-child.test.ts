import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManagedChild } from './managed-child.ts';

interface Started {
  readonly child: ManagedChild;
  readonly lines: readonly string[];
  /** Resolves when that many lines with this start were written. */
  until(start: string, times: number): Promise<void>;
  readonly failed: Promise<readonly string[]>;
}

function manage(context: TestContext, script: string): Started {
  const directory = mkdtempSync(join(tmpdir(), 'weft-child-'));
  const file = join(directory, 'child.mjs');
  writeFileSync(file, script);
  const lines: string[] = [];
  let look: () => void = () => {};
  let fail: (lines: readonly string[]) => void = () => {};
  const failed = new Promise<readonly string[]>((resolve) => {
    fail = resolve;
  });
  const child = new ManagedChild(
    { name: 'part', args: [file], nodeOptions: [], cwd: directory, env: {}, isUp: async (saidReady) => saidReady },
    {
      log: () => {},
      onLine: (_, line) => {
        lines.push(line);
        look();
      },
      onFailedStart: (_, last) => fail(last),
    },
  );
  context.after(async () => {
    await child.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const until = (start: string, times: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (lines.filter((line) => line.startsWith(start)).length >= times) resolve();
      };
      look();
    });
  return { child, lines, until, failed };
}

const alive = 'console.error("ready", process.pid); setInterval(() => {}, 1000);';

test('a child that dies is started again', async (context) => {
  const { child, lines, until } = manage(context, alive);
  await child.start();
  process.kill(Number(lines[0]?.split(' ')[1]), 'SIGKILL');
  await until('ready', 2);
  assert.notEqual(lines[0], lines[1]);
});

test('a child that ends before it was up is a failed start, with its last words', async (context) => {
  const { child, failed } = manage(context, 'console.error("port 1 is taken"); process.exit(1);');
  void child.start();
  assert.deepEqual(await failed, ['port 1 is taken']);
});

test('stopping waits for the end, and a child that does not listen is killed', async (context) => {
  const { child } = manage(context, alive);
  await child.start();
  const { pid } = child;
  await child.stop();
  assert.throws(() => process.kill(pid ?? 0, 0));
});

test('when the supervisor is killed its children end too', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-child-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'child.mjs'), alive);
  writeFileSync(
    join(directory, 'supervisor.mjs'),
    `import { ManagedChild } from ${JSON.stringify(new URL('./managed-child.ts', import.meta.url).href)};
     const spec = { name: 'part', args: [${JSON.stringify(join(directory, 'child.mjs'))}], nodeOptions: [], cwd: '.', env: {}, isUp: async (ready) => ready };
     const child = new ManagedChild(spec, { log() {}, onLine: (_, line) => console.log(line), onFailedStart() {} });
     await child.start();`,
  );
  const supervisor = spawn(process.execPath, [join(directory, 'supervisor.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => supervisor.stdout.once('close', resolve));
  const pid = await new Promise<number>((resolve) =>
    supervisor.stdout.once('data', (line: Buffer) => resolve(Number(line.toString().split(' ')[1]))),
  );
  supervisor.kill('SIGKILL');
  await ended;
  // The child notices at once; the kernel needs a moment to take it away.
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
