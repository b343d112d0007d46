import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stderrLog } from '../log.ts';
import { startMesh, type UpOptions } from '../supervisor/supervisor.ts';
import { pathOf, portOf, portOptions } from './agent-options.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft up: run a whole mesh on this computer — control plane, proxies, demo shop with load, console — until Ctrl-C

  --dir DIR             your own directory of YAML instead of the demo's; it is watched
  --demo, --no-demo     run the demo shop (default: yes without --dir, no with it)
  --no-console          without the console
  --data DIR            state and logs (default .weft; deleting it resets the mesh)
  --console-port N      default 3000
  --gateway-http N      port of the gateway's listener for Gateway server port 80 (default 8080)
  --gateway-https N     the same for 443 (default 8443)
  --xds-port N          default 15010
  --xds-tls-port N      default 15012
  --api-port N          default 15014
  --bind ADDRESS        default 127.0.0.1
  --demo-control-port N default 20000
  --demo-rate N         visitors of the demo per second (default 100)
  --verbose             show what the parts write; otherwise it goes to DATA/weft.log

Example: weft up --dir mesh --no-demo
`;

/** After these the log has the rest. */
const maxShownWarnings = 50;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = readOptions(args, io);
  const say = (line: string): unknown => io.stderr.write(`${line}\n`);
  const { parsed } = options;
  let isStopping = false;
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!isStopping) say('weft: stopping');
        isStopping = true;
        resolve();
      });
    }
  });
  say(`weft: starting (configuration ${parsed.directory ?? 'of the demo'}, state in ${parsed.dataDirectory})`);
  const mesh = startMesh(parsed, stderrLog('weft'), lineWriter(options, io));
  const outcome = await Promise.race([mesh, stopAsked]);
  if (!outcome) {
    await (await mesh.catch(() => null))?.stop();
    return 0;
  }
  io.stdout.write(`\nWeft is ready: ${outcome.url}\n\n`);
  await stopAsked;
  await outcome.stop();
  say('weft: stopped');
  return 0;
}

interface Options {
  readonly parsed: UpOptions;
  readonly isVerbose: boolean;
}

function readOptions(args: readonly string[], io: CommandIo): Options {
  const { values, positionals } = parseOptions(args, {
    ...portOptions,
    demo: { type: 'boolean' },
    'no-demo': { type: 'boolean' },
    'no-console': { type: 'boolean' },
    'demo-rate': { type: 'string' },
    verbose: { type: 'boolean' },
  });
  if (positionals.length > 0) throw new UsageError(`unexpected ${positionals[0]}`);
  const hasDirectory = values.dir !== undefined;
  const withDemo = values['no-demo'] !== true && (values.demo === true || !hasDirectory);
  const rate = Number(values['demo-rate'] ?? 100);
  if (!(rate >= 0 && rate <= 100_000)) throw new UsageError(`--demo-rate: expected visitors per second, found ${values['demo-rate']}`);
  const root = join(import.meta.dirname, '../../../..');
  return {
    isVerbose: values.verbose === true,
    parsed: {
      root,
      directory: hasDirectory ? pathOf(values, 'dir', '', io.cwd) : null,
      dataDirectory: pathOf(values, 'data', '.weft', io.cwd),
      bind: typeof values.bind === 'string' ? values.bind : '127.0.0.1',
      xdsPort: portOf(values, 'xds-port', 15_010),
      xdsTlsPort: portOf(values, 'xds-tls-port', 15_012),
      apiPort: portOf(values, 'api-port', 15_014),
      consolePort: portOf(values, 'console-port', 3_000),
      gatewayHttp: portOf(values, 'gateway-http', 8_080),
      gatewayHttps: portOf(values, 'gateway-https', 8_443),
      demo: withDemo ? { controlPort: portOf(values, 'demo-control-port', 20_000), rate } : null,
      withConsole: values['no-console'] !== true,
    },
  };
}

/** What the parts say goes to a log in the data directory, or to the terminal; warnings go to both, each once. */
function lineWriter({ parsed, isVerbose }: Options, io: CommandIo): (line: string) => void {
  if (isVerbose) return (line) => io.stderr.write(`${line}\n`);
  const file = join(parsed.dataDirectory, 'weft.log');
  const shown = new Set<string>();
  return (line) => {
    const warning = /^\S+\s+[\d:.]+ ((?:warn|error) .*)$/.exec(line)?.[1];
    if (warning !== undefined && !shown.has(warning) && shown.size < maxShownWarnings) {
      shown.add(warning);
      io.stderr.write(`weft: ${warning}\n`);
    }
    try {
      mkdirSync(parsed.dataDirectory, { recursive: true, mode: 0o700 });
      appendFileSync(file, `${line}\n`);
    } catch {
      io.stderr.write(`${line}\n`);
    }
  };
}
