import { join } from 'node:path';
import { openTokenKey } from '../ca/tokens.ts';
import { DataPlane } from '../dataplane/data-plane.ts';
import { stderrLog } from '../log.ts';
import { createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { pathOf, portOf } from './agent-options.ts';
import type { CommandIo } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft dataplane: run the proxies of all workloads of this computer in one process

Which workloads there are is asked from the agent: every WorkloadEntry with a loopback address in an injected namespace gets a
sidecar, and those with the annotation inject.istio.io/templates: gateway a gateway. When the agent is away, all go on.

  --agent URL       the agent's API (default ${defaultAgentUrl})
  --xds-port N      the agent's xDS port (default 15010)
  --data DIR        the agent's data directory, for the key that signs tokens (default .weft)

Example: weft dataplane --data .weft
`;

const askEveryMs = 1_000;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, { agent: { type: 'string' }, 'xds-port': { type: 'string' }, data: { type: 'string' } });
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const client = createAgentClient(url);
  const dataPlane = new DataPlane({
    readWorkloads: () => client.dataPlane.workloads.query(),
    xdsHost: '127.0.0.1',
    xdsPort: portOf(values, 'xds-port', 15_010),
    tokenKey: openTokenKey(join(pathOf(values, 'data', '.weft', io.cwd), 'token-key')),
    intervalMs: askEveryMs,
    log: stderrLog('proxies'),
    onReady: (proxies) => io.stderr.write(`ready: ${proxies} proxies\n`),
  });
  await dataPlane.start();
  await stopSignal();
  await dataPlane.stop();
  return 0;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    process.once('disconnect', () => resolve());
  });
}
