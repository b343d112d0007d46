// The steps of `npm run check` and `npm test`: each runs commands and counts what passed and failed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinnedNode, root } from './install.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules/node/bin')}:${process.env.PATH}`,
  NEXT_TELEMETRY_DISABLED: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
};

const typeCheckedProjects = [
  'packages/core',
  'packages/core/tsconfig.test.json',
  'packages/proxy',
  'apps/agent',
  'apps/web',
  'demo',
  'bench',
  'e2e',
  'fixtures',
];

const staticChecks = [
  ['format and lint', bin('biome'), ['ci', '--error-on-warnings', '.']],
  ...typeCheckedProjects.map((project) => [`types of ${project}`, bin('tsc'), ['-p', project]]),
  ['dependency rules', bin('depcruise'), ['--config', '.dependency-cruiser.mjs', 'packages', 'apps', 'demo', 'e2e', 'bench', 'fixtures']],
  ['unused files, exports and dependencies', bin('knip'), []],
  ['coverage of the Istio API', pinnedNode, ['scripts/istio-api.mjs']],
];

const unitTests = ['packages/*/src/**/*.test.ts', 'apps/agent/src/**/*.test.ts', 'apps/web/src/**/*.test.ts', 'demo/src/**/*.test.ts'];
const integrationTests = [
  'fixtures/**/*.test.ts',
  'packages/proxy/conformance/**/*.test.ts',
  'packages/proxy/faults/**/*.test.ts',
  'packages/proxy/differential/**/*.test.ts',
];

/** Format, lint, types, dependency rules, unused code. */
export async function runStaticChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const [name, command, args] of staticChecks) {
    const { status, output } = await run(command, args, { quiet: true });
    if (status === 0) {
      counts.passed++;
      console.log(`✔ ${name}`);
    } else {
      counts.failed++;
      console.log(`${output}\n✖ ${name}: ${command} ${args.join(' ')}`);
    }
  }
  return counts;
}

/** Unit and property tests: everything that needs no other process. */
export const runUnitTests = () => runNodeTests(unitTests);

/** Tests that start processes, or compare with an Envoy where `envoy` is the path of one. */
export const runIntegrationTests = (envoy) => runNodeTests(integrationTests, envoy ? { WEFT_ENVOY: envoy } : {});

/** The console, agent and proxies in a real browser. */
export async function runEndToEndTests(executablePath) {
  const directory = mkdtempSync(join(tmpdir(), 'weft-e2e-'));
  const report = join(directory, 'report.json');
  const { status } = await run(
    pinnedNode,
    [join(root, 'node_modules/@playwright/test/cli.js'), 'test', '--config', 'e2e/playwright.config.ts'],
    {
      extraEnv: { PLAYWRIGHT_JSON_OUTPUT_NAME: report, WEFT_BROWSER: executablePath },
    },
  );
  const stats = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).stats : null;
  rmSync(directory, { recursive: true, force: true });
  if (!stats) return { passed: 0, failed: 1 };
  const failed = stats.unexpected;
  return { passed: stats.expected + stats.flaky, failed: status !== 0 && failed === 0 ? 1 : failed };
}

async function runNodeTests(patterns, extraEnv = {}) {
  const { status, output } = await run(pinnedNode, ['--test', '--test-reporter=spec', ...patterns], { extraEnv });
  const count = (name) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  return { passed: count('pass'), failed: status !== 0 && failed === 0 ? 1 : failed };
}

/** Runs a command to its end, passing its output on unless `quiet`. */
function run(command, args, { quiet = false, extraEnv = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...env, ...extraEnv }, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    for (const [stream, target] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.on('data', (chunk) => {
        chunks.push(chunk);
        if (!quiet) target.write(chunk);
      });
    }
    child.on('error', (error) => resolve({ status: 1, output: `cannot run ${command}: ${error.message}` }));
    child.on('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
