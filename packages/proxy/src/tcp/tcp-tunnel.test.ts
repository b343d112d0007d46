import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import http2 from 'node:http2';
import { type AddressInfo, connect, type Server } from 'node:net';
import { after, test } from 'node:test';
import { startProxy } from '../proxy.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';

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

const type = (name: string) => `type.googleapis.com/${name}`;

/** A proxy whose TCP listener tunnels to the given HTTP proxy; answers the listener's port. */
async function tunnelTo(port: number, options: { http2: boolean; usePost: boolean }): Promise<number> {
  const bootstrap = {
    node: { id: 'test' },
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
    staticResources: {
      listeners: [
        {
          name: 'in',
          address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
          filterChains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.tcp_proxy',
                  typedConfig: {
                    '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
                    statPrefix: 'tcp',
                    cluster: 'egress',
                    tunnelingConfig: {
                      hostname: 'db.example.com:5432',
                      usePost: options.usePost,
                      headersToAdd: [{ header: { key: 'x-team', value: 'shop' } }],
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'egress',
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
            clusterName: 'egress',
            endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } } }] }],
          },
        },
      ],
    },
  } as unknown as Bootstrap;
  const proxy = await startProxy({ bootstrap, drainTimeMs: 0 });
  await proxy.ready;
  stops.push(() => proxy.stop());
  return proxy.listenerPorts().get('in') ?? 0;
}

/** What comes back for a message and the end of sending. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.end(text);
  let received = '';
  for await (const chunk of socket) received += String(chunk);
  return received;
}

test('TCP goes through an HTTP/1.1 proxy by CONNECT', async () => {
  const server = createHttpServer();
  const asked: unknown[] = [];
  server.on('connect', (request, socket) => {
    asked.push([request.method, request.url, request.headers.host, request.headers['x-team']]);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(socket);
  });
  const port = await tunnelTo(await listen(server), { http2: false, usePost: false });
  assert.equal(await exchange(port, 'hello'), 'hello');
  assert.deepEqual(asked, [['CONNECT', 'db.example.com:5432', 'db.example.com:5432', 'shop']]);
});

for (const usePost of [false, true]) {
  test(`TCP goes through an HTTP/2 proxy by ${usePost ? 'POST' : 'CONNECT'}`, async () => {
    const server = http2.createServer();
    const asked: unknown[] = [];
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
      asked.push([headers[':method'], headers[':authority'], headers['x-team']]);
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const port = await tunnelTo(await listen(server), { http2: true, usePost });
    assert.equal(await exchange(port, 'x'.repeat(200_000)), 'x'.repeat(200_000));
    assert.deepEqual(asked, [[usePost ? 'POST' : 'CONNECT', 'db.example.com:5432', 'shop']]);
  });
}

test('TCP goes through an HTTP/1.1 proxy by POST', async () => {
  const server = createHttpServer((request, response) => {
    response.flushHeaders();
    request.pipe(response);
  });
  const port = await tunnelTo(await listen(server), { http2: false, usePost: true });
  assert.equal(await exchange(port, 'hello'), 'hello');
});

test('a tunnel that is refused closes the connection', async () => {
  const server = createHttpServer();
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'));
  const port = await tunnelTo(await listen(server), { http2: false, usePost: false });
  assert.equal(await exchange(port, 'hello'), '');
});
