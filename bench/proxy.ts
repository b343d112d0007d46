import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEnvoy } from '../packages/proxy/differential/envoy.ts';

const help = `Requests per CPU-second of Weft's proxy against Envoy and nginx, in interleaved rounds on one core.

  node bench/proxy.ts [--rounds 8] [--seconds 1] [--connections 48] [--work bare|mesh]

CPU is read from /proc/PID/task/*/schedstat, so stolen time does not count; each round's numbers are compared within the round and the
median of the ratios is printed. More than 1 means that Weft needs less CPU per request than the peer.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '48' },
    work: { type: 'string', default: 'mesh' },
    help: { type: 'boolean', default: false },
  },
});

/** A proxy under test. */
interface Variant {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
}

const directory = mkdtempSync(join(tmpdir(), 'weft-bench-'));

async function run(): Promise<void> {
  const children: ChildProcess[] = [];
  try {
    const origin = await freePort();
    children.push(startNginx('origin', `server { listen 127.0.0.1:${origin}; location / { return 200 "${'x'.repeat(1024)}"; } }`, 1));
    const variants = await startVariants(origin);
    for (const { process: child } of variants) children.push(child);
    await waitForAll([origin, ...variants.map(({ port }) => port)]);
    for (const variant of variants) load(variant.port, 2);
    const rounds = Array.from({ length: Number(values.rounds) }, () => measureRound(variants));
    report(variants, rounds);
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

async function startVariants(origin: number): Promise<Variant[]> {
  const variants: Variant[] = [];
  const weft = await freePort();
  const file = join(directory, 'weft.json');
  writeFileSync(file, JSON.stringify(bootstrap(weft, origin, 'weft')));
  const entry = join(import.meta.dirname, '../apps/agent/bin/weft.mjs');
  variants.push({
    name: 'weft',
    port: weft,
    process: pinned(0, process.execPath, ['--max-semi-space-size=8', entry, 'proxy', '-c', file]),
  });
  const path = findEnvoy();
  if (path !== null) {
    const port = await freePort();
    const envoyFile = join(directory, 'envoy.json');
    writeFileSync(envoyFile, JSON.stringify(bootstrap(port, origin, 'envoy')));
    const args = ['-c', envoyFile, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'];
    variants.push({ name: 'envoy', port, process: pinned(0, path, args) });
  }
  const nginx = await freePort();
  const upstream = `upstream origin { server 127.0.0.1:${origin}; keepalive 512; }`;
  const headers = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Request-Id $request_id;';
  const config = `${upstream} server { listen 127.0.0.1:${nginx}; location / { proxy_pass http://origin; ${headers} } }`;
  variants.push({ name: 'nginx', port: nginx, process: startNginx('nginx', config, 0) });
  return variants;
}

/** One listener and one route; with `mesh` the filters, routes and log of a sidecar. */
function bootstrap(port: number, origin: number, name: string): object {
  const type = (suffix: string) => `type.googleapis.com/envoy.extensions.filters.${suffix}`;
  const isMesh = values.work === 'mesh';
  const rbac = {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': type('http.rbac.v3.RBAC'),
      rules: {
        action: 'DENY',
        policies: Object.fromEntries(
          ['/internal/', '/debug/'].map((prefix) => [
            prefix,
            { permissions: [{ url_path: { path: { prefix } } }], principals: [{ any: true }] },
          ]),
        ),
      },
    },
  };
  const routes = Array.from({ length: 18 }, (_, index) => ({ match: { prefix: `/svc${index}/` }, route: { cluster: 'origin' } }));
  const log = {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: join(directory, `${name}.log`),
      log_format: {
        json_format: {
          method: '%REQ(:METHOD)%',
          path: '%REQ(:PATH)%',
          code: '%RESPONSE_CODE%',
          flags: '%RESPONSE_FLAGS%',
          duration: '%DURATION%',
          id: '%REQ(X-REQUEST-ID)%',
        },
      },
    },
  };
  return {
    node: { id: 'bench', cluster: 'bench' },
    static_resources: {
      listeners: [
        {
          name: 'in',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
                    stat_prefix: 'in',
                    ...(isMesh && { access_log: [log] }),
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: [...(isMesh ? routes : []), { match: { prefix: '/' }, route: { cluster: 'origin' } }],
                        },
                      ],
                    },
                    http_filters: [
                      ...(isMesh ? [rbac] : []),
                      { name: 'envoy.filters.http.router', typed_config: { '@type': type('http.router.v3.Router') } },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'origin',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'origin',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: origin } } } }] }],
          },
        },
      ],
    },
  };
}

function pinned(core: number, command: string, args: readonly string[]): ChildProcess {
  return spawn('taskset', ['-c', String(core % availableParallelism()), command, ...args], { stdio: 'ignore' });
}

function startNginx(name: string, server: string, core: number): ChildProcess {
  const file = join(directory, `${name}.conf`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${name}-${kind};`)
    .join(' ');
  const http = `access_log off; keepalive_requests 100000000; ${paths} ${server}`;
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${directory}/${name}.pid; error_log /dev/null; events { worker_connections 4096; } http { ${http} }`,
  );
  return pinned(core, 'nginx', ['-c', file]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function waitForAll(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    for (let tries = 0; ; tries++) {
      const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
      if (isUp) break;
      if (tries > 200) throw new Error(`nothing answers on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const requestHeaders = [
  'authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJib2IifQ.signature',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'accept: application/json',
  'accept-encoding: gzip, deflate, br',
  'user-agent: bench/1.0',
  'x-tenant: blue',
];

/** Loads a port with wrk and answers the number of requests done. */
function load(port: number, seconds: number): number {
  const headers = requestHeaders.flatMap((header) => ['-H', header]);
  const args = [
    '-c',
    '1',
    'wrk',
    '-t1',
    `-c${values.connections}`,
    `-d${seconds}s`,
    ...headers,
    `http://127.0.0.1:${port}/api/reviews/42?full=1`,
  ];
  const output = execFileSync('taskset', args).toString();
  if (/Non-2xx/.test(output)) throw new Error(`port ${port} answered errors:\n${output}`);
  return Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
}

/** CPU nanoseconds of all threads of a process. */
function cpuOf(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`))
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  return total;
}

/** Microseconds of CPU per request, by variant. */
function measureRound(variants: readonly Variant[]): number[] {
  return variants.map(({ port, process: child }) => {
    const pid = child.pid ?? 0;
    const before = cpuOf(pid);
    const requests = load(port, Number(values.seconds));
    return (cpuOf(pid) - before) / 1000 / Math.max(1, requests);
  });
}

function report(variants: readonly Variant[], rounds: readonly (readonly number[])[]): void {
  const weft = variants.findIndex(({ name }) => name === 'weft');
  variants.forEach(({ name }, index) => {
    const cpu = median(rounds.map((round) => round[index] ?? 0));
    const ratio = median(rounds.map((round) => (round[index] ?? 0) / (round[weft] ?? 1)));
    process.stdout.write(
      `${name.padEnd(6)} ${cpu.toFixed(1).padStart(7)} us CPU per request   weft is ${ratio.toFixed(2)} times as efficient\n`,
    );
  });
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

if (values.help) process.stdout.write(help);
else await run();
