import { startAgent } from '../agent.ts';
import { stderrLog } from '../log.ts';
import { pathOf, portOf, portOptions } from './agent-options.ts';
import type { CommandIo } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft agent: run the control plane for a directory of YAML

  --dir DIR            the configuration; a changed file is in force within a second (default .)
  --data DIR           state: history, certificate authority, token key (default .weft)
  --xds-port N         xDS and certificates in plain text, loopback (default 15010)
  --xds-tls-port N     the same with mTLS (default 15012)
  --api-port N         API, /metrics, /healthz and /ready (default 15014)
  --bind ADDRESS       default 127.0.0.1
  --ca-dir DIR         a certificate authority of your own: ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem
  --console-url URL    the console that may call the API
  --demo-control-port N  control endpoint of the demo shop
  --no-records         do not ask proxies for access records

Example: weft agent --dir mesh --data .weft
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, { ...portOptions, 'console-url': { type: 'string' }, 'no-records': { type: 'boolean' } });
  const log = stderrLog('agent');
  const control = portOf(values, 'demo-control-port', 0);
  const gatewayPort = (name: string): number | null => (values[name] === undefined ? null : portOf(values, name, 0));
  const agent = await startAgent(
    {
      directory: pathOf(values, 'dir', '.', io.cwd),
      dataDirectory: pathOf(values, 'data', '.weft', io.cwd),
      bind: typeof values.bind === 'string' ? values.bind : '127.0.0.1',
      xdsPort: portOf(values, 'xds-port', 15_010),
      xdsTlsPort: portOf(values, 'xds-tls-port', 15_012),
      apiPort: portOf(values, 'api-port', 15_014),
      authorityDirectory: values['ca-dir'] === undefined ? null : pathOf(values, 'ca-dir', '', io.cwd),
      scrapeIntervalMs: 1_000,
      consoleUrl: typeof values['console-url'] === 'string' ? values['console-url'] : null,
      gatewayPorts: { http: gatewayPort('gateway-http'), https: gatewayPort('gateway-https') },
      demoUrl: control === 0 ? null : `http://127.0.0.1:${control}`,
      collectsRecords: values['no-records'] !== true,
    },
    log,
  );
  io.stderr.write(`ready: API http://127.0.0.1:${agent.apiPort}, xDS ${agent.xdsPort} (plain text) and ${agent.xdsTlsPort} (mTLS)\n`);
  await stopSignal();
  await agent.stop();
  return 0;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    process.once('disconnect', () => resolve());
  });
}
