// Finds a Chromium for the end-to-end tests: the system's, else Playwright's download, else Debian's package when root.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fail, pinnedNode, root } from './install.mjs';

const known = [
  process.env.WEFT_BROWSER,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The path of a Chromium that starts; ends the process with one line when there is none and none can be had. */
export function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  console.error('weft: no Chromium or Chrome found; asking Playwright to download one');
  spawnSync(pinnedNode, [join(root, 'node_modules/@playwright/test/cli.js'), 'install', 'chromium'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  const downloaded = findBrowser();
  if (downloaded) return downloaded;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.error('weft: no download; installing the Debian package chromium');
    spawnSync('sh', ['-c', 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium'], {
      stdio: ['ignore', 2, 2],
    });
    const packaged = findBrowser();
    if (packaged) return packaged;
  }
  return fail('the end-to-end tests need Chromium or Chrome: install one, or name its path in WEFT_BROWSER');
}

function findBrowser() {
  return [...known, playwrightBrowser()].find((path) => path && existsSync(path) && spawnSync(path, ['--version']).status === 0);
}

function playwrightBrowser() {
  try {
    return createRequire(join(root, 'e2e/package.json'))('@playwright/test').chromium.executablePath();
  } catch {
    return undefined;
  }
}
