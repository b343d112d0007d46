#!/usr/bin/env node
// Starts the `weft` command on the pinned Node.js, whatever Node.js (20.9 or newer) runs this file.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pinnedMajor = 26;
const agent = join(dirname(realpathSync(fileURLToPath(import.meta.url))), '..');
const root = join(agent, '../..');
const main = join(agent, 'src/cli/main.ts');
/** Filled by `npm run build`, so that the first start has it too: without it V8 keeps what compiling left behind. */
const cache = join(root, 'node_modules/.cache/weft-compile');

/** What proxies run with: a small young generation stays in the processor's cache, which is worth more than fewer collections. */
const isProxy = ['proxy', 'sidecar'].includes(process.argv[2]);
const proxyFlags = isProxy ? ['--max-semi-space-size=4'] : [];
const environment = { ...process.env, NODE_COMPILE_CACHE: cache };

const isPinned = Number(process.versions.node.split('.')[0]) === pinnedMajor;
if (isPinned && isProxy && process.execArgv.length === 0 && process.platform !== 'win32') {
  const args = [process.execPath, ...proxyFlags, main, ...process.argv.slice(2)];
  process.execve(process.execPath, args, environment);
}
if (isPinned) {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(cache);
  await import(main);
} else {
  startPinned();
}

function startPinned() {
  const node = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(node)) {
    process.stderr.write(`weft: the pinned Node.js is not installed (expected ${node}): run npm install in ${root}\n`);
    process.exit(2);
  }
  // With a channel between them the command ends when this process is killed.
  const child = spawn(
    node,
    [...proxyFlags, `--import=${new URL('../src/supervisor/exit-with-parent.mjs', import.meta.url).href}`, main, ...process.argv.slice(2)],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: environment,
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`weft: cannot start ${node}: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 2);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
