// Installs the dependencies when they are missing or the lock file has changed. Needs nothing but Node.js and npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** The Node.js that everything runs on: the one pinned by the devDependency `node`. */
export const pinnedNode = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Prints one line that says what is wrong and ends the process. */
export function fail(message) {
  console.error(`weft: ${message}`);
  process.exit(1);
}

/** Makes sure that `node_modules` is what `package-lock.json` asks for, and that the pinned Node.js runs. */
export function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 9)) fail(`Node.js 20.9 or newer is needed to start, found ${process.versions.node}`);
  const stampFile = join(root, 'node_modules/.weft-installed');
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    console.error('weft: installing dependencies (npm ci)');
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    if (npm.error) fail(`cannot run npm: ${npm.error.message}`);
    if (npm.status !== 0) fail('npm ci failed; the lines above say why');
    checkPinnedNode();
    writeFileSync(stampFile, stamp);
  }
  checkPinnedNode();
}

/** Builds what is missing or has changed: the protobuf types and the console. */
export function ensureBuilt() {
  const turbo = join(root, 'node_modules/.bin/turbo');
  const result = spawnSync(turbo, ['run', 'build', '--output-logs=new-only', '--ui=stream'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: {
      ...process.env,
      PATH: `${join(root, 'node_modules/node/bin')}:${process.env.PATH}`,
      NEXT_TELEMETRY_DISABLED: '1',
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    },
  });
  if (result.status !== 0) fail('the build failed; the lines above say where');
}

function checkPinnedNode() {
  const version = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  if (version.status === 0) return;
  fail(
    `the pinned Node.js does not run (${pinnedNode}): npm must be allowed to run the install script of the package "node" ` +
      '(unset ignore-scripts), and the platform must be one that Node.js ships binaries for',
  );
}
