import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { startProxy } from './proxy.ts';
import type { Bootstrap } from './xds/bootstrap.ts';

const type = (name: string) => `type.googleapis.com/${name}`;

function bootstrap(origin: number): Bootstrap {
  return {
    node: { id: 'test' },
    staticResources: {
      listeners: [
        {
          name: 'in',
          address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
          listenerFilters: [
            { name: 'tls', typedConfig: { '@type': type('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector') } },
            { name: 'http', typedConfig: { '@type': type('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector') } },
          ],
          listenerFiltersTimeout: '0.2s',
          filterChains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typedConfig: {
                    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
                    statPrefix: 'test',
                    routeConfig: {
                      virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] }],
                    },
                    httpFilters: [{ name: 'router', typedConfig: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
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
          connectTimeout: '1s',
          loadAssignment: {
            clusterName: 'origin',
            endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: origin } } } }] }],
          },
        },
      ],
    },
  } as unknown as Bootstrap;
}

/** Sends bytes, ends, and waits for the connection to end. */
async function throwAt(port: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), 300);
  await once(socket, 'close');
  clearTimeout(timer);
}

test('no bytes break the proxy: random ones, mangled requests, random HTTP/2 frames', { timeout: 60_000 }, async () => {
  const origin = createHttpServer((_request, response) => response.end('ok'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const mistakes = mock.method(process.stderr, 'write', () => true);
  const proxy = await startProxy({ bootstrap: bootstrap((origin.address() as AddressInfo).port), drainTimeMs: 0 });
  const port = proxy.listenerPorts().get('in') ?? 0;
  const text = (value: string) => Buffer.from(value, 'latin1');
  const line = fc.constantFrom(
    'Host: a',
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'Connection: upgrade',
    'Upgrade: websocket',
    'Expect: 100-continue',
    ' folded',
    'A: \0',
    'X: y',
  );
  const mangled = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'CONNECT', 'HEAD', 'OPTIONS'),
      fc.constantFrom('/', '*', 'http://b/c', 'b:1', '/%00', '//'),
      fc.array(line, { maxLength: 6 }),
      fc.string({ maxLength: 40 }),
    )
    .map(([method, target, lines, tail]) =>
      text(`${method} ${target} HTTP/1.1\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n${tail}`),
    );
  const frame = fc.tuple(fc.nat(10), fc.nat(255), fc.nat(6), fc.uint8Array({ maxLength: 60 })).map(([kind, flags, stream, payload]) => {
    const head = Buffer.from([0, 0, payload.length, kind, flags, 0, 0, 0, stream]);
    return Buffer.concat([head, payload]);
  });
  const preface = Buffer.concat([text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);
  const good = Buffer.concat([Buffer.from([0, 0, 3, 1, 4, 0, 0, 0, 1]), Buffer.from([0x82, 0x86, 0x84])]);
  const frames = fc
    .tuple(fc.boolean(), fc.array(frame, { maxLength: 12 }))
    .map(([withRequest, list]) => Buffer.concat([preface, ...(withRequest ? [good] : []), ...list]));
  const hello = fc.uint8Array({ maxLength: 200 }).map((tail) => Buffer.concat([Buffer.from([22, 3, 1, 0, 120, 1]), tail]));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), mangled, frames, hello), { minLength: 4, maxLength: 12 }),
      async (attacks) => {
        await Promise.all(attacks.map((bytes) => throwAt(port, bytes)));
      },
    ),
    { numRuns: 25 },
  );
  const status = await new Promise<number>((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/' }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
  const told = mistakes.mock.calls.map(({ arguments: [chunk] }) => String(chunk)).filter((chunk) => chunk.startsWith('weft proxy:'));
  mistakes.mock.restore();
  await proxy.stop();
  origin.close();
  assert.deepEqual(told, []);
  assert.equal(status, 200);
});
