import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Workbench } from './machine.ts';
import type { BenchContext } from './paths.ts';
import { scenarios } from './scenarios.ts';
import { makeTlsFiles } from './tls-files.ts';

const help = `Weft's proxy against Envoy (one worker, the same bootstrap), nginx and HAProxy, in interleaved rounds on one core.

  node bench/proxy/run.ts [--only NAME[,NAME…]] [--rounds 8] [--seconds 1]

CPU is read from /proc/PID/task/*/schedstat, so stolen time does not count; each round's numbers are compared within the round, and the
median of the ratios is printed with its quartiles. More than 1 means that Weft needs less CPU than the peer. Peers that are not installed
are left out. WEFT_BENCH_BEFORE=TREE/apps/agent/bin/weft.mjs compares with another revision, too. Needs two cores, nginx (also the origin), wrk, h2load and openssl.

${scenarios.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<void> {
  const names = values.only?.split(',') ?? [];
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name.startsWith(name)));
  if (unknown.length > 0) throw new Error(`no scenario is called ${unknown.join(', ')}: see --help`);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const chosen = scenarios.filter(({ name }) => names.length === 0 || names.some((wanted) => name.startsWith(wanted)));
  print(`${new Date().toISOString()}, ${cpus().length} x ${cpus()[0]?.model.trim()}, Node.js ${process.version}`);
  for (const { title, run: runScenario } of chosen) {
    print(`\n${title}`);
    const bench = new Workbench();
    const stop = (): void => void bench.close().then(() => process.exit(130));
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const context: BenchContext = {
      bench,
      tls: makeTlsFiles(bench.directory),
      rounds: Number(values.rounds),
      seconds: Number(values.seconds),
      print,
    };
    try {
      await runScenario(context);
    } catch (error) {
      print(`  failed: ${(error as Error).message}`);
      process.exitCode = 1;
    } finally {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      await bench.close();
    }
  }
}

if (values.help) process.stdout.write(help);
else await run();
