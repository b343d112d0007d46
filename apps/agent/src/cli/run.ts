import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { parseYaml } from '@weft/core/resource/parse';
import type { Resource } from '@weft/core/resource/resource';
import type { DraftChange } from '../api/config-types.ts';
import { freePort } from '../dataplane/free-port.ts';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { portOf } from './agent-options.ts';
import { findingLine } from './change-input.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions } from './options.ts';
import { type LocalProgram, programResources, type Upstream } from './run-resources.ts';

export const help = `usage: weft run --name NAME --port P [options] -- CMD…

Runs a local program in a running mesh. It is registered as a WorkloadEntry, the data plane (weft up or weft dataplane) puts a sidecar beside it, and when
that is ready the program starts with HTTP_PROXY set to the sidecar and PORT to its own port. When it ends, what was registered is taken back.

  --name NAME            name of the workload
  --port P               where the program listens on loopback
  --service SVC          Service that it serves; made when there is none, with port 80
  -n, --namespace NS     default "default"
  --service-account SA   default: the name
  --protocol http|grpc|tcp   what it speaks (default http)
  --upstream URL         a service to reach at 127.0.0.1 and its own port, as tcp://ledger.data.svc.cluster.local:23100; repeatable
  --wait SECONDS         how long to wait for the sidecar (default 20)
  --agent URL            default ${defaultAgentUrl}

example:
  weft run --name web-local --service web -n shop --port 3001 -- node server.js
`;

type Client = ReturnType<typeof createAgentClient>;

const pollMs = 200;
const signals = ['SIGINT', 'SIGTERM'] as const;
/** Exit code after a signal that came before the program ran. */
const interrupted = 130;

/** Runs `weft run`. The exit code is the program's. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const split = args.indexOf('--');
  const [command, ...rest] = split < 0 ? [] : args.slice(split + 1);
  const { values } = parseOptions(split < 0 ? args : args.slice(0, split), {
    agent: { type: 'string' },
    name: { type: 'string' },
    port: { type: 'string' },
    service: { type: 'string' },
    namespace: { type: 'string', short: 'n' },
    'service-account': { type: 'string' },
    protocol: { type: 'string' },
    upstream: { type: 'string', multiple: true },
    wait: { type: 'string' },
  });
  if (command === undefined) throw new UsageError('expected -- and the program to run');
  const waitMs = Number(values.wait ?? 20) * 1_000;
  if (!(waitMs > 0)) throw new UsageError(`--wait: expected seconds, found ${values.wait}`);
  const program = await programOf(values);
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const client = createAgentClient(url);
  const resources = programResources(program, program.service === null ? null : await findService(url, client, program));
  const why = `weft run ${program.name}`;
  const additions = resources.map(({ yaml }): DraftChange => ({ kind: 'resource', id: null, yaml }));
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of signals) process.on(signal, onSignal);
  try {
    if (!(await change(client, url, { changes: additions, why }, io))) return 1;
    try {
      if (!(await isSidecarReady(url, client, program, { waitMs, signal: stop.signal }))) return interrupted;
      io.stderr.write(`${program.namespace}/${program.name} is in the mesh: HTTP_PROXY=http://127.0.0.1:${program.proxyPort}\n`);
      return await runProgram(command, rest, { program, io, signal: stop.signal });
    } finally {
      const removals = resources.map(({ id }): DraftChange => ({ kind: 'delete', id }));
      await change(client, url, { changes: removals, why: `${why} ended` }, io);
    }
  } finally {
    for (const signal of signals) process.removeListener(signal, onSignal);
  }
}

async function programOf(values: Readonly<Record<string, unknown>>): Promise<LocalProgram> {
  const { name, service, namespace, protocol = 'http', 'service-account': serviceAccount } = values;
  if (typeof name !== 'string' || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new UsageError('expected --name, of lower-case letters, digits and dashes');
  }
  if (values.port === undefined) throw new UsageError('expected --port, where the program listens');
  if (protocol !== 'http' && protocol !== 'grpc' && protocol !== 'tcp') {
    throw new UsageError(`--protocol: expected http, grpc or tcp, found ${protocol}`);
  }
  return {
    name,
    namespace: typeof namespace === 'string' ? namespace : 'default',
    service: typeof service === 'string' ? service : null,
    serviceAccount: typeof serviceAccount === 'string' ? serviceAccount : name,
    port: portOf(values as Parameters<typeof portOf>[0], 'port', 0),
    protocol,
    inboundPort: await freePort(),
    proxyPort: await freePort(),
    upstreams: ((values.upstream as readonly string[] | undefined) ?? []).map(upstreamOf),
  };
}

function upstreamOf(url: string): Upstream {
  const [, protocol, host = '', port] = /^(http|grpc|tcp):\/\/([a-z0-9.-]+):(\d+)$/.exec(url) ?? [];
  if (protocol !== 'http' && protocol !== 'grpc' && protocol !== 'tcp') {
    throw new UsageError(`--upstream: expected http, grpc or tcp://HOST:PORT, found ${url}`);
  }
  return { host, port: Number(port), protocol };
}

async function findService(url: string, client: Client, { namespace, service }: LocalProgram): Promise<Resource | null> {
  const { resources } = await ask(url, client.config.list.query({ namespaces: [namespace] }));
  const found = resources.find(
    ({ group, kind, name, namespace: own }) => group === '' && kind === 'Service' && name === service && own === namespace,
  );
  if (!found) return null;
  const { yaml } = await ask(url, client.config.get.query({ id: found.id }));
  return parseYaml(yaml, found.file).resources[0] ?? null;
}

async function change(
  client: Client,
  url: string,
  { changes, why }: { readonly changes: readonly DraftChange[]; readonly why: string },
  io: CommandIo,
): Promise<boolean> {
  const result = await ask(url, client.config.applyChanges.mutate({ changes: [...changes], who: userInfo().username, why, origin: 'cli' }));
  if (result.status === 'applied') return true;
  io.stderr.write(`refused: ${result.reason}\n${result.findings.map(findingLine).join('')}`);
  return false;
}

/** Waits for the sidecar; false when a signal came first. @throws InputError when it does not come up */
async function isSidecarReady(
  url: string,
  client: Client,
  { name, namespace }: LocalProgram,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const end = Date.now() + waitMs;
  while (!signal.aborted) {
    const { proxies } = await ask(url, client.mesh.status.query());
    const proxy = proxies.find((each) => each.name === name && each.namespace === namespace && each.connected);
    if (proxy?.synced.lds === 'SYNCED' && proxy.synced.cds === 'SYNCED') return true;
    if (Date.now() >= end) {
      throw new InputError(`no sidecar came up for ${namespace}/${name} within ${waitMs / 1_000} s: is weft up or weft dataplane running?`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return false;
}

function runProgram(
  command: string,
  args: readonly string[],
  { program, io, signal }: { readonly program: LocalProgram; readonly io: CommandIo; readonly signal: AbortSignal },
): Promise<number> {
  const proxy = `http://127.0.0.1:${program.proxyPort}`;
  const noProxy = 'localhost,127.0.0.1';
  const child = spawn(command, args, {
    cwd: io.cwd,
    stdio: ['inherit', 'pipe', 'pipe'],
    env: { ...process.env, PORT: String(program.port), HTTP_PROXY: proxy, http_proxy: proxy, NO_PROXY: noProxy, no_proxy: noProxy },
  });
  child.stdout.on('data', (chunk: Buffer) => io.stdout.write(chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => io.stderr.write(chunk.toString('utf8')));
  signal.addEventListener('abort', () => child.kill(), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new InputError(`cannot start ${command}: ${error.message}`)));
    child.once('close', (code) => resolve(code ?? interrupted));
  });
}
