// `npm start`: installs and builds what is missing, then runs the whole mesh with its console until Ctrl-C.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, pinnedNode, root } from './install.mjs';

ensureInstalled();
ensureBuilt();

const weft = spawn(pinnedNode, [join(root, 'apps/agent/bin/weft.mjs'), 'up', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => weft.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
weft.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
