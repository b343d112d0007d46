import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import http2 from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import { startProxy } from './proxy.ts';
import type { RunningProxy } from './proxy-options.ts';
import type { Bootstrap } from './xds/bootstrap.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function listen(server: Server | http2.Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function bootstrap(origin: number, options: { http2?: boolean; tcp?: boolean; retry?: object } = {}): Bootstrap {
  const type = (name: string) => `type.googleapis.com/${name}`;
  const manager = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'test',
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    routeConfig: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, route: { cluster: 'origin', timeout: '5s', ...(options.retry && { retryPolicy: options.retry }) } },
          ],
        },
      ],
    },
    httpFilters: [{ name: 'envoy.filters.http.router', typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
  };
  const tcp = { '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'), statPrefix: 'tcp', cluster: 'origin' };
  const name = options.tcp ? 'envoy.filters.network.tcp_proxy' : 'envoy.filters.network.http_connection_manager';
  return {
    node: { id: 'test' },
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
    staticResources: {
      listeners: [
        {
          name: 'in',
          address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
          filterChains: [{ filters: [{ name, typedConfig: options.tcp ? tcp : manager }] }],
        },
      ],
      clusters: [
        {
          name: 'origin',
          connectTimeout: '1s',
          ...(options.http2 && {
            typedExtensionProtocolOptions: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
                explicitHttpConfig: { http2ProtocolOptions: {} },
              },
            },
          }),
          loadAssignment: {
            clusterName: 'origin',
            endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: origin } } } }] }],
          },
        },
      ],
    },
  } as Bootstrap;
}

async function proxyTo(origin: number, options: Parameters<typeof bootstrap>[1] = {}): Promise<{ port: number; proxy: RunningProxy }> {
  const proxy = await startProxy({ bootstrap: bootstrap(origin, options), drainTimeMs: 100 });
  await proxy.ready;
  stops.push(() => proxy.stop());
  return { port: proxy.listenerPorts().get('in') ?? 0, proxy };
}

function post(port: number, path: string, body: Buffer): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path, method: 'POST' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function h2Call(port: number, headers: http2.OutgoingHttpHeaders, body: Buffer | null) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request(headers, { endStream: body === null });
    let head: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on('response', (value) => {
      head = value;
    });
    stream.on('trailers', (value) => {
      trailers = value;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    if (body !== null) stream.end(body);
    await once(stream, 'end');
    return { status: head[':status'], trailers, body: Buffer.concat(chunks) };
  } finally {
    session.close();
  }
}

const echo = () =>
  createHttpServer((request, response) => {
    request.pipe(response);
  });

test('a large body comes back whole over HTTP/1.1 and HTTP/2', async () => {
  const { port } = await proxyTo(await listen(echo()));
  const body = Buffer.alloc(5_000_000, 'abcdefghij');
  const overOne = await post(port, '/', body);
  assert.equal(overOne.status, 200);
  assert.ok(overOne.body.equals(body));
  const overTwo = await h2Call(port, { ':method': 'POST', ':path': '/' }, body);
  assert.equal(overTwo.status, 200);
  assert.ok(overTwo.body.equals(body));
});

test('HTTP/2 trailers pass from an HTTP/2 application to an HTTP/2 client', async () => {
  const server = http2.createServer();
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-path': String(headers[':path']) }));
    stream.pipe(stream);
  });
  const { port } = await proxyTo(await listen(server), { http2: true });
  const answer = await h2Call(
    port,
    { ':method': 'POST', ':path': '/pkg.Service/Call', 'content-type': 'application/grpc', te: 'trailers' },
    Buffer.alloc(300_000, 1),
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.body.length, 300_000);
  assert.equal(answer.trailers['grpc-status'], '0');
  assert.equal(answer.trailers['x-path'], '/pkg.Service/Call');
});

test('requests on one HTTP/2 connection run side by side', async () => {
  const { port } = await proxyTo(await listen(echo()));
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const bodies = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const stream = session.request({ ':method': 'POST', ':path': `/${index}` });
      stream.end(`body ${index}`);
      let text = '';
      stream.setEncoding('utf8');
      for await (const chunk of stream) text += chunk;
      return text;
    }),
  );
  session.close();
  assert.deepEqual(
    bodies,
    Array.from({ length: 50 }, (_, index) => `body ${index}`),
  );
});

test('a connection that the application closes while idle costs no request', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    let served = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      // The second request on a connection meets a close instead of an answer.
      if (served++ > 0) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const { port } = await proxyTo(await listen(server));
  const get = (): Promise<number> =>
    new Promise((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path: '/' }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  for (let i = 0; i < 6; i++) assert.equal(await get(), 200);
  assert.ok(connections >= 3);
});

test('bytes after a response desync the connection: it is not used again', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'));
  });
  const { port } = await proxyTo(await listen(server));
  for (let i = 0; i < 3; i++) assert.equal((await post(port, '/', Buffer.from('x'))).body.toString(), 'ok');
  assert.equal(connections, 3);
});

test('TCP bytes pass both ways and a half-closed client still gets its answer', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    socket.on('end', () => socket.end(`got ${text}`));
  });
  const { port } = await proxyTo(await listen(server), { tcp: true });
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end('all of it');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  assert.equal(answer, 'got all of it');
});

test('an upgraded connection carries bytes both ways until it ends', async () => {
  const server = createServer((socket) => {
    let isUpgraded = false;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (isUpgraded) socket.write(`echo ${bytes.toString()}`);
      else {
        isUpgraded = true;
        assert.match(bytes.toString(), /upgrade: websocket/i);
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello ');
      }
    });
  });
  const { port } = await proxyTo(await listen(server));
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  let text = '';
  let hasSent = false;
  socket.on('data', (bytes) => {
    text += bytes.toString();
    if (text.includes('hello') && !hasSent) {
      hasSent = true;
      socket.write('ping');
    }
    if (text.includes('echo ping')) socket.destroy();
  });
  await once(socket, 'close');
  assert.match(text, /^HTTP\/1\.1 101 Switching Protocols/);
  assert.match(text, /upgrade: websocket/i);
  assert.match(text, /hello echo ping$/);
});

test('the admin interface answers loopback names only', async () => {
  const { proxy } = await proxyTo(await listen(echo()));
  const ask = (host: string, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      httpRequest({ port: proxy.adminPort, host: '127.0.0.1', path, headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  for (const path of ['/ready', '/config_dump', '/clusters?format=json', '/stats/prometheus', '/listeners', '/server_info']) {
    assert.equal(await ask('127.0.0.1', path), 200, path);
  }
  assert.equal(await ask('evil.example.com', '/config_dump'), 403);
  assert.equal(await ask('localhost', '/quitquitquit'), 405);
});
