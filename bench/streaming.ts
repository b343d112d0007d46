import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';

const help = `Moves a large body through Weft's proxy and prints how much memory the proxy had at most.

  node bench/streaming.ts [--megabytes 2048] [--limit 250]

Six ways: up and down over HTTP/1.1 and HTTP/2, and both down ways to a reader that stops again and again. Memory is VmHWM of
/proc/PID/status, the most that the process ever held. Exits with 1 when a way takes more than the limit in MiB.
`;

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '2048' },
    limit: { type: 'string', default: '250' },
    help: { type: 'boolean', default: false },
  },
});

const bytes = Number(values.megabytes) * 1024 * 1024;
const chunk = Buffer.alloc(256 * 1024, 'x');

/** A way for the body to go. Resolves with the bytes that arrived. */
interface Way {
  readonly name: string;
  readonly run: (proxy: number) => Promise<number>;
}

const ways: readonly Way[] = [
  { name: 'down over HTTP/1.1', run: (port) => downHttp1(port, 0) },
  { name: 'down over HTTP/1.1, slow reader', run: (port) => downHttp1(port, 64 * 1024 * 1024) },
  { name: 'down over HTTP/2', run: (port) => downHttp2(port, 0) },
  { name: 'down over HTTP/2, slow reader', run: (port) => downHttp2(port, 64 * 1024 * 1024) },
  { name: 'up over HTTP/1.1', run: upHttp1 },
  { name: 'up over HTTP/2', run: upHttp2 },
];

async function run(): Promise<void> {
  const origin = await startOrigin();
  let isOver = false;
  for (const way of ways) {
    const proxy = await startProxy(origin);
    const before = memoryMiB(proxy.child, 'VmRSS');
    const started = performance.now();
    const moved = await way.run(proxy.port);
    const seconds = (performance.now() - started) / 1000;
    const most = memoryMiB(proxy.child, 'VmHWM');
    proxy.child.kill('SIGKILL');
    isOver ||= most > Number(values.limit) || moved !== bytes;
    const rate = Math.round(moved / 1024 / 1024 / seconds);
    console.log(`${way.name.padEnd(34)} ${Math.round(moved / 1048576)} MiB, ${rate} MiB/s, ${before} MiB before, ${most} MiB at most`);
  }
  process.exit(isOver ? 1 : 0);
}

/** Answers GET with the body, and anything else, once its body is here, with the number of bytes. */
function startOrigin(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    let received = -1;
    socket.on('data', (data: Buffer) => {
      if (received < 0) {
        const end = data.indexOf('\r\n\r\n');
        received = data.length - end - 4;
        if (data.latin1Slice(0, 3) === 'GET') {
          received = -1;
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
          sendBody(socket);
        }
      } else received += data.length;
      if (received === bytes) socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${String(bytes).length}\r\n\r\n${bytes}`);
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

function sendBody(socket: Writable): void {
  let left = bytes;
  const go = (): void => {
    while (left > 0) {
      const part = left < chunk.length ? chunk.subarray(0, left) : chunk;
      left -= part.length;
      if (!socket.write(part)) {
        socket.once('drain', go);
        return;
      }
    }
  };
  go();
}

/** Counts what it is given; with `pauseEvery` the source stops for 50 ms after so many bytes. */
class Reader {
  received = 0;
  #source: { pause(): unknown; resume(): unknown };
  #pauseEvery: number;
  #untilPause: number;

  constructor(source: { pause(): unknown; resume(): unknown }, pauseEvery: number) {
    this.#source = source;
    this.#pauseEvery = pauseEvery;
    this.#untilPause = pauseEvery;
  }

  take(length: number): void {
    this.received += length;
    if (this.#pauseEvery === 0) return;
    this.#untilPause -= length;
    if (this.#untilPause > 0) return;
    this.#untilPause = this.#pauseEvery;
    this.#source.pause();
    setTimeout(() => this.#source.resume(), 50);
  }
}

function downHttp1(port: number, pauseEvery: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const reader = new Reader(socket, pauseEvery);
    let hasHead = false;
    socket.on('data', (data: Buffer) => {
      reader.take(hasHead ? data.length : data.length - data.indexOf('\r\n\r\n') - 4);
      hasHead = true;
      if (reader.received >= bytes) {
        socket.destroy();
        resolve(reader.received);
      }
    });
    socket.on('error', reject);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  });
}

function downHttp2(port: number, pauseEvery: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({ ':path': '/' });
    const reader = new Reader(stream, pauseEvery);
    stream.on('data', (data: Buffer) => reader.take(data.length));
    stream.on('end', () => {
      session.destroy();
      resolve(reader.received);
    });
  });
}

function upHttp1(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.on('data', (data: Buffer) => {
      socket.destroy();
      resolve(Number(data.toString().split('\r\n\r\n')[1]));
    });
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\ncontent-length: ${bytes}\r\n\r\n`);
    sendBody(socket);
  });
}

function upHttp2(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({ ':path': '/', ':method': 'POST', 'content-length': bytes });
    let answer = '';
    stream.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    stream.on('end', () => {
      session.destroy();
      resolve(Number(answer));
    });
    sendBody(stream);
  });
}

async function startProxy(origin: number): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort();
  const file = join(mkdtempSync(join(tmpdir(), 'weft-streaming-')), 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap(port, origin)));
  const child = spawn(process.execPath, [join(import.meta.dirname, '../apps/agent/bin/weft.mjs'), 'proxy', '-c', file], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 100; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy();
        resolve(true);
      });
      probe.on('error', () => resolve(false));
    });
    if (isUp) return { child, port };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new Error('the proxy did not start');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function bootstrap(port: number, origin: number): object {
  const type = (suffix: string) => `type.googleapis.com/envoy.extensions.filters.${suffix}`;
  const address = (value: number) => ({ socket_address: { address: '127.0.0.1', port_value: value } });
  const manager = {
    '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'in',
    route_config: {
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c', timeout: '0s' } }] }],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('http.router.v3.Router') } }],
  };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(origin) } }] }];
  return {
    node: { id: 'bench', cluster: 'bench' },
    static_resources: {
      listeners: [{ name: 'in', address: address(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }],
      clusters: [{ name: 'c', connect_timeout: '1s', load_assignment: { cluster_name: 'c', endpoints } }],
    },
  };
}

function memoryMiB(child: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(field));
  return Math.round(Number(line?.replace(/\D+/g, '')) / 1024);
}

if (values.help) console.log(help);
else await run();
