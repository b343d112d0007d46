import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { h2Frame, h2Headers } from '../differential/h2-client.ts';
import { H2FrameReader } from '../src/http/h2-frame-reader.ts';
import { clientPreface, flag, frame } from '../src/http/h2-frames.ts';
import { AuthorizerForTest, linesOf, type SeenRequest } from './authorizer-for-test.ts';
import { type Hop, startHop } from './hop.ts';

const authorizer = new AuthorizerForTest();
const reached: SeenRequest[] = [];
const servers: Server[] = [];
let authorizerPort = 0;
let ports = { http1: 0, http2: 0 };

before(async () => {
  authorizerPort = await authorizer.start();
  const http1 = createServer((request, response) => {
    reached.push(seenBy(request, request.headers.host ?? ''));
    request.resume().on('end', () => response.end());
  });
  const http2 = createHttp2Server((request, response) => {
    reached.push(seenBy(request, request.authority));
    request.resume().on('end', () => response.end());
  });
  for (const server of [http1, http2]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
  }
  ports = { http1: portOf(http1), http2: portOf(http2) };
});

after(() => {
  authorizer.stop();
  for (const server of servers) server.close();
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function seenBy({ method = '', url = '', rawHeaders }: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>, host: string): SeenRequest {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (!name.startsWith(':')) pairs.push([name, rawHeaders[at + 1] ?? '']);
  }
  return { method, path: url, host, headers: linesOf(pairs) };
}

const authz = (): object => ({
  name: 'envoy.filters.http.ext_authz',
  typedConfig: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
    transportApiVersion: 'V3',
    grpcService: { envoyGrpc: { clusterName: 'authorizer' }, timeout: '20s' },
  },
});

/** How connection managers treat paths, hosts and names. */
const managers = {
  plain: {},
  normalizing: { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD' },
  strict: {
    normalizePath: true,
    pathWithEscapedSlashesAction: 'REJECT_REQUEST',
    commonHttpProtocolOptions: { headersWithUnderscoresAction: 'DROP_HEADER' },
    stripAnyHostPort: true,
    useRemoteAddress: true,
  },
} as const;

const path = fc
  .array(fc.constantFrom('/', 'a', '..', '.', '%2e%2e', '%2f', '%5c', '\\', '//', '?', '#', ';', '%00', '%61', '\x09'), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => `/${parts.join('')}`);
const host = fc.constantFrom(
  'a.example',
  'A.example',
  'a.example:80',
  'a.example.',
  'user@a.example',
  'b.example',
  '',
  '[::1]:80',
  'a.example, b.example',
);
const field = fc.constantFrom<readonly [string, string]>(
  ['x-user', 'alice'],
  ['X-User', 'bob'],
  ['x-user', ''],
  ['x_user', 'carol'],
  ['x-user ', 'dave'],
  ['x-user', 'erin\tfrank'],
  ['x-user', 'a\r\nx-admin: yes'],
  ['x-user', 'a\nx-admin: yes'],
  ['x-user', 'a\0b'],
  ['host', 'b.example'],
  [':authority', 'c.example'],
  [':path', '/other'],
  ['connection', 'x-user'],
  ['connection', 'close, x-user, host'],
  ['te', 'trailers, x'],
  ['cookie', 'a=b'],
  ['cookie', 'c=d; e=f'],
  ['x-forwarded-for', '1.2.3.4'],
  ['x-forwarded-host', 'd.example'],
  ['x-envoy-original-path', '/was'],
  ['x-envoy-decorator-operation', 'x'],
  ['x-envoy-internal', 'true'],
  ['authorization', 'Bearer x'],
  ['content-length', '0'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'h2c'],
  ['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
  ['expect', '100-continue'],
  ['proxy-connection', 'x-user'],
  ['keep-alive', 'x'],
);

interface Hostile {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly trailers: readonly (readonly [string, string])[];
}

const hostile: fc.Arbitrary<Hostile> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'get', 'OPTIONS', 'TRACE'),
  target: fc.oneof(
    path,
    path.map((each) => `http://b.example${each}`),
    path.map((each) => `//c.example${each}`),
  ),
  host,
  fields: fc.array(field, { maxLength: 3 }),
  trailers: fc.array(field, { maxLength: 2 }),
});

function http1Bytes({ method, target, host: name, fields, trailers }: Hostile): Buffer {
  const line = ([key, value]: readonly [string, string]): string => `${key}: ${value}\r\n`;
  const tail = trailers.length === 0 ? '' : `0\r\n${trailers.map(line).join('')}\r\n`;
  const chunked = tail === '' ? '' : 'Transfer-Encoding: chunked\r\n';
  const head = `${method} ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n${chunked}${fields.map(line).join('')}\r\n`;
  return Buffer.from(`${head}${tail}`, 'latin1');
}

function http2Bytes({ method, target, host: name, fields, trailers }: Hostile): Buffer {
  const start = [':method', method, ':scheme', 'http', ':path', target, ':authority', name, ...fields.flat()];
  return Buffer.concat([
    clientPreface,
    h2Frame(frame.settings, 0, 0),
    h2Headers(1, start, trailers.length === 0),
    ...(trailers.length === 0 ? [] : [h2Headers(1, trailers.flat(), true)]),
  ]);
}

const longestMs = 1000;

/** Sends the bytes and waits for an answer, or for the connection to end; some requests get neither. */
async function send(port: number, bytes: Buffer, isHttp2: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const reader = new H2FrameReader(false);
  const consumer = {
    onFrame(_bytes: Buffer, _at: number, _length: number, type: number, flags: number): boolean {
      const isEnd = (type === frame.data || type === frame.headers) && (flags & flag.endStream) !== 0;
      if (isEnd || type === frame.rstStream || type === frame.goaway) socket.destroy();
      return !socket.destroyed;
    },
  };
  socket.on('data', (data: Buffer) => {
    if (isHttp2) reader.read(data, data.length, consumer);
  });
  socket.write(bytes);
  const timer = setTimeout(() => socket.destroy(), longestMs);
  await once(socket, 'close');
  clearTimeout(timer);
}

/** Every request that arrived was judged in just that form, each judgement counting once. All so far: the last of a round may arrive in the next. */
function assertJudged(): void {
  const left = new Map<string, number>();
  for (const each of authorizer.seen) left.set(JSON.stringify(each), (left.get(JSON.stringify(each)) ?? 0) + 1);
  for (const request of reached) {
    const count = left.get(JSON.stringify(request)) ?? 0;
    assert.ok(count > 0, `nobody judged ${JSON.stringify(request)}`);
    left.set(JSON.stringify(request), count - 1);
  }
}

describe('what an application gets is what its authorization service judged', () => {
  for (const downstream of ['http1', 'http2'] as const) {
    for (const upstream of ['http1', 'http2'] as const) {
      test(`${downstream} to ${upstream}`, { timeout: 120_000 }, async () => {
        const hops: Hop[] = [];
        for (const manager of Object.values(managers)) {
          const codec = downstream === 'http2' ? 'HTTP2' : 'HTTP1';
          const options = { manager: { ...manager, codecType: codec }, filters: [authz()], http2: upstream === 'http2' };
          hops.push(await startHop(ports[upstream], { ...options, http2Clusters: { authorizer: authorizerPort } }));
        }
        const before = reached.length;
        try {
          await fc.assert(
            fc.asyncProperty(fc.array(hostile, { minLength: 24, maxLength: 24 }), async (requests) => {
              const encode = downstream === 'http2' ? http2Bytes : http1Bytes;
              await Promise.all(
                requests.map((each, index) => send(hops[index % hops.length]?.port ?? 0, encode(each), downstream === 'http2')),
              );
              assertJudged();
            }),
            { numRuns: Number(process.env.WEFT_FUZZ_RUNS ?? 8), endOnFailure: true },
          );
          assert.ok(reached.length > before, 'no request passed');
        } finally {
          for (const { proxy } of hops) await proxy.stop();
        }
      });
    }
  }
});
