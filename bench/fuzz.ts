import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { MersenneTwister } from '@weft/core/engine/mersenne-twister';
import { BlockCoverage } from './fuzz/block-coverage.ts';
import { runCampaign, type Target } from './fuzz/campaign.ts';
import { configTargets } from './fuzz/config-targets.ts';
import { connectionTargets } from './fuzz/connection-targets.ts';
import { http1Targets } from './fuzz/http1-targets.ts';
import { http2Targets } from './fuzz/http2-targets.ts';
import { upstreamTargets } from './fuzz/upstream-targets.ts';

const help = `Fuzzes the parsers, guided by V8's block coverage: inputs that run what none has run before are kept and mutated further.

  node bench/fuzz.ts [--seconds 20] [--seed N] [--only NAME] [--finds DIR]

--seconds is for each target. A find is an input after which something does not hold that must hold for all: it is written to DIR, and the exit
code is 1.
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    finds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const root = join(import.meta.dirname, '..');
const urlOf = (file: string): string => pathToFileURL(join(root, file)).href;

async function fuzz(target: Target, coverage: BlockCoverage): Promise<boolean> {
  const startedAt = performance.now();
  const random = new MersenneTwister(Number(values.seed));
  const { executions, corpus, finds } = await runCampaign(target, coverage, { random, endsAt: startedAt + Number(values.seconds) * 1000 });
  const rate = executions / ((performance.now() - startedAt) / 1000);
  const covered = target.files.map((file) => `${file.slice(file.lastIndexOf('/') + 1)} ${coverage.percentOf(urlOf(file)).toFixed(0)} %`);
  process.stdout.write(
    `${target.name.padEnd(36)} ${executions} inputs (${rate.toFixed(0)}/s), ${corpus.length} kept, ${covered.join(', ')}, ${finds.length} finds\n`,
  );
  for (const [index, { input, problem }] of finds.entries()) {
    process.stdout.write(`  ${problem}\n  ${JSON.stringify(input.subarray(0, 300).latin1Slice())}\n`);
    if (values.finds === undefined) continue;
    mkdirSync(values.finds, { recursive: true });
    writeFileSync(join(values.finds, `${target.name.replaceAll(/\W+/g, '-')}-${index}`), input);
  }
  return finds.length === 0;
}

async function run(): Promise<void> {
  process.stdout.write(`seed ${values.seed}\n`);
  const coverage = new BlockCoverage([urlOf('packages/proxy/src/'), urlOf('packages/core/src/')]);
  const wholes = [await connectionTargets(), await upstreamTargets()];
  let isGood = true;
  for (const target of [...http1Targets, ...http2Targets, ...configTargets, ...wholes.flatMap(({ targets }) => targets)]) {
    if (values.only !== undefined && !target.name.includes(values.only)) continue;
    isGood = (await fuzz(target, coverage)) && isGood;
  }
  for (const { stop } of wholes) await stop();
  process.exit(isGood ? 0 : 1);
}

if (values.help) process.stdout.write(help);
else await run();
