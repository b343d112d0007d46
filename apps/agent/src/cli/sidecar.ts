import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { formatSpiffe } from '@weft/core/base/spiffe';
import { startProxy } from '@weft/proxy/proxy';
import type { LocalWorkload } from '../api/config-types.ts';
import { mintToken, openTokenKey } from '../ca/tokens.ts';
import { sidecarBootstrap } from '../dataplane/sidecar-bootstrap.ts';
import { stderrLog } from '../log.ts';
import { startEnvoySidecar } from '../sidecar/envoy-sidecar.ts';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { pathOf, portOf } from './agent-options.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft sidecar: run the proxy of one workload of this computer

The workload is a WorkloadEntry with a loopback address in the agent's configuration. Its certificate is requested here; the key never leaves the process.

  --name NAME            the WorkloadEntry
  --group NAME           instead: a WorkloadGroup, for a workload that registers itself while its proxy runs
  --address IP           with --group: where the workload is reached (default 127.0.0.1)
  -n, --namespace NS     default "default"
  --envoy PATH           run this Envoy instead of Weft's proxy; secrets, configuration and health go through this process
  --protocol delta|sotw  how an Envoy asks for its configuration (default delta)
  --admin-port N         admin interface and metrics (default 15000)
  --sds-port N           where an Envoy gets its secrets and configuration (default: a free port)
  --certificate-ttl N    lifetime of the certificate to ask for, in seconds (default 86400)
  --agent URL            default ${defaultAgentUrl}
  --xds-port N           default 15010
  --data DIR             the agent's data directory, for the key that signs tokens (default .weft)

Examples:
  weft sidecar --group billing --address 127.0.0.9
  weft sidecar --name cart-v1 --namespace shop --envoy /usr/bin/envoy
`;

const defaultCertificateTtlSeconds = 24 * 3_600;
const tokenTtlSeconds = 3_600;

interface SidecarOptions {
  readonly workload: LocalWorkload;
  readonly adminPort: number;
  readonly xdsPort: number;
  readonly sdsPort: number;
  readonly certificateTtlSeconds: number;
  readonly tokenKey: Uint8Array;
  readonly directory: string;
}

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    agent: { type: 'string' },
    name: { type: 'string' },
    group: { type: 'string' },
    address: { type: 'string' },
    namespace: { type: 'string', short: 'n' },
    envoy: { type: 'string' },
    protocol: { type: 'string' },
    'admin-port': { type: 'string' },
    'sds-port': { type: 'string' },
    'certificate-ttl': { type: 'string' },
    'xds-port': { type: 'string' },
    data: { type: 'string' },
  });
  const { name, group, envoy, protocol = 'delta' } = values;
  if ((typeof name === 'string') === (typeof group === 'string'))
    throw new UsageError('expected --name, the name of a WorkloadEntry, or --group, that of a WorkloadGroup');
  if (protocol !== 'delta' && protocol !== 'sotw') throw new UsageError(`--protocol: expected delta or sotw, found ${protocol}`);
  const namespace = typeof values.namespace === 'string' ? values.namespace : 'default';
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const address = typeof values.address === 'string' ? values.address : '127.0.0.1';
  const workload =
    typeof group === 'string'
      ? await ask(url, createAgentClient(url).dataPlane.ofGroup.query({ namespace, group, address }))
      : await namedWorkload(url, namespace, String(name));
  const data = pathOf(values, 'data', '.weft', io.cwd);
  const options: SidecarOptions = {
    workload,
    adminPort: portOf(values, 'admin-port', 15_000),
    xdsPort: portOf(values, 'xds-port', 15_010),
    sdsPort: portOf(values, 'sds-port', 0),
    certificateTtlSeconds: certificateTtlOf(values['certificate-ttl']),
    tokenKey: openTokenKey(join(data, 'token-key')),
    directory: join(data, 'sidecars'),
  };
  if (typeof envoy !== 'string') return runWeft(options, io);
  const sidecar = await startEnvoySidecar({
    ...options,
    path: envoy,
    isDelta: protocol === 'delta',
    log: stderrLog('sidecar'),
    write: (text) => io.stderr.write(text),
  });
  void stopSignal().then(() => sidecar.stop());
  return sidecar.ended;
}

function certificateTtlOf(value: unknown): number {
  const seconds = value === undefined ? defaultCertificateTtlSeconds : Number(value);
  if (!Number.isInteger(seconds) || seconds < 1) throw new UsageError(`--certificate-ttl: expected whole seconds, found ${value}`);
  return seconds;
}

async function namedWorkload(url: string, namespace: string, name: string): Promise<LocalWorkload> {
  const workloads = await ask(url, createAgentClient(url).dataPlane.workloads.query());
  const workload = workloads.find((each) => each.name === name && each.namespace === namespace);
  if (workload) return workload;
  throw new InputError(
    `no workload ${namespace}/${name} with a loopback address in an injected namespace; there are ${workloads.length} others`,
  );
}

async function runWeft(options: SidecarOptions, io: CommandIo): Promise<number> {
  const { workload, adminPort, xdsPort, tokenKey, certificateTtlSeconds } = options;
  const token = () => mintToken(tokenKey, workload, tokenTtlSeconds);
  const proxy = await startProxy({
    bootstrap: sidecarBootstrap(workload, { admin: adminPort, xdsHost: '127.0.0.1', xds: xdsPort }),
    identity: {
      caAddress: `127.0.0.1:${xdsPort}`,
      caCredentials: credentials.createInsecure(),
      token,
      spiffeId: formatSpiffe(workload),
      lifetimeSeconds: certificateTtlSeconds,
    },
    adsMetadata: async () => ({ authorization: `Bearer ${await token()}` }),
    log: (level, message) => level !== 'debug' && io.stderr.write(`${message}\n`),
  });
  await proxy.ready;
  io.stderr.write('ready\n');
  await stopSignal();
  await proxy.stop();
  return 0;
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    process.once('disconnect', () => resolve());
  });
}
