import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UsageError } from './command.ts';
import { logLine } from './log-line.ts';
import { run } from './proxy.ts';
import { parseProxyArguments } from './proxy-arguments.ts';

const directory = mkdtempSync(join(tmpdir(), 'weft-proxy-'));
after(() => rmSync(directory, { recursive: true }));

function command(...args: string[]): { code: Promise<number>; errors: string[] } {
  const errors: string[] = [];
  const io = {
    stdin: (async function* () {})(),
    stdout: { write() {} },
    stderr: { write: (text: string) => errors.push(text) },
    cwd: directory,
  };
  return { code: run(args, io), errors };
}

test('a bootstrap is validated from a file, from text, and from both merged', async () => {
  writeFileSync(join(directory, 'good.yaml'), 'node: {id: a}\nstatic_resources: {clusters: [{name: one}]}\n');
  const good = command('-c', 'good.yaml', '--mode', 'validate', '--base-id', '3', '--component-log-level', 'upstream:debug');
  assert.equal(await good.code, 0);
  assert.deepEqual(good.errors, ["configuration 'good.yaml' OK\n"]);
  const listener = 'static_resources: {listeners: [{name: l, filter_chains: [{filters: [{name: x}]}]}]}';
  const merged = command('-c', 'good.yaml', '--config-yaml', listener, '--mode', 'validate');
  assert.equal(await merged.code, 1);
  assert.match(merged.errors.join(''), /^l: network filter x/);
  const broken = command('--config-yaml', 'nonsense: true', '--mode', 'validate');
  assert.equal(await broken.code, 1);
  assert.match(broken.errors.join(''), /--config-yaml: .*nonsense/);
});

test('arguments that cannot be followed are usage errors', () => {
  assert.throws(() => parseProxyArguments([]), UsageError);
  assert.throws(() => parseProxyArguments(['-c', 'x', '--mode', 'play']), /--mode: expected serve, validate, init_only, found play/);
  assert.throws(() => parseProxyArguments(['-c', 'x', '--concurrency', '-1']), UsageError);
  assert.equal(parseProxyArguments(['-c', 'x', '--concurrency', '0']).concurrency, 1);
  assert.ok(parseProxyArguments(['-c', 'x', '--concurrency', 'auto']).concurrency >= 1);
  assert.equal(parseProxyArguments(['-c', 'x', '-l', 'warning']).logLevel, 'warn');
});

test('log lines follow the format', () => {
  const line = logLine('[%Y-%m-%d %T.%e][%l][%g:%#] 100%% %v', 'warn', 'a %v b', new Date('2026-01-02T03:04:05.006Z'));
  assert.equal(line, '[2026-01-02 03:04:05.006][warning][:] 100% a %v b');
});

async function running(origin: number, ...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const http = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const router = { name: 'router', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } };
  const routeConfig = {
    virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] }],
  };
  const manager = { '@type': http, statPrefix: 'x', routeConfig, httpFilters: [router] };
  const address = (portValue: number): object => ({ socketAddress: { address: '127.0.0.1', portValue } });
  const bootstrap = {
    admin: { address: address(0) },
    staticResources: {
      listeners: [{ name: 'in', address: address(0), filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }] }],
      clusters: [
        {
          name: 'origin',
          loadAssignment: { clusterName: 'origin', endpoints: [{ lbEndpoints: [{ endpoint: { address: address(origin) } }] }] },
        },
      ],
    },
  };
  const file = join(directory, 'serve.json');
  const admin = join(directory, `admin-${process.hrtime.bigint()}`);
  writeFileSync(file, JSON.stringify(bootstrap));
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [main, 'proxy', '-c', file, '--admin-address-path', admin, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  after(() => child.kill('SIGKILL'));
  let text = '';
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    if (text.includes('ready\n')) break;
  }
  const listeners = JSON.parse(await body(`http://${readFileSync(admin, 'utf8')}/listeners?format=json`)) as {
    listener_statuses: [{ local_address: { socket_address: { port_value: number } } }];
  };
  return { child, port: listeners.listener_statuses[0].local_address.socket_address.port_value };
}

async function body(url: string): Promise<string> {
  const [response] = await once(get(url), 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

test('the first signal lets a request end, and the process exits with 0', async () => {
  const server = createServer((_request, response) => {
    if (release !== null) response.end();
    release ??= () => response.end('done');
    arrived();
  }).listen(0, '127.0.0.1');
  let release: (() => void) | null = null as (() => void) | null;
  let arrived = (): void => {};
  const started = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await once(server, 'listening');
  after(() => server.close());
  const { child, port } = await running((server.address() as AddressInfo).port);
  const answer = body(`http://127.0.0.1:${port}/`);
  await started;
  child.kill('SIGTERM');
  await untilRefused(port);
  release?.();
  assert.equal(await answer, 'done');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

test('the second signal ends the process at once', async () => {
  const server = createServer(() => arrived()).listen(0, '127.0.0.1');
  let arrived = (): void => {};
  const started = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await once(server, 'listening');
  after(() => server.closeAllConnections());
  after(() => server.close());
  const { child, port } = await running((server.address() as AddressInfo).port);
  const lost = assert.rejects(body(`http://127.0.0.1:${port}/`));
  await started;
  child.kill('SIGTERM');
  await untilRefused(port);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exited, [143, null]);
  await lost;
});

/** Returns once nobody listens any more. A connection that waits to be accepted just then is reset, not refused. */
async function untilRefused(port: number): Promise<void> {
  for (let why = ''; why !== 'ECONNREFUSED'; ) {
    const socket = connect({ port, host: '127.0.0.1' });
    why = await new Promise((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.once('connect', () => setTimeout(resolve, 20, ''));
    });
    socket.destroy();
  }
}
