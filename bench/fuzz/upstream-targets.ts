import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { flag, frame } from '@weft/proxy/http/h2-frames';
import { startHop } from '../../packages/proxy/conformance/hop.ts';
import { h2Frame, h2Headers } from '../../packages/proxy/differential/h2-client.ts';
import { frameWords } from './http2-targets.ts';
import { makesNoMistake, throwAt, type WholeProxyTargets } from './whole-proxy.ts';
import { latin1, wordsOf } from './words.ts';

const settings = h2Frame(frame.settings, 0, 0);
const head = h2Headers(1, [':status', '200', 'x-a', 'b'], false);
const responses: readonly Buffer[] = [
  settings,
  head,
  h2Headers(1, [':status', '100'], false),
  h2Headers(1, ['grpc-status', '0'], true),
  h2Frame(frame.data, flag.endStream, 1, 'hello'),
  h2Frame(frame.goaway, 0, 0, Buffer.alloc(8)),
  h2Frame(frame.rstStream, 0, 1, Buffer.from([0, 0, 0, 7])),
];
const request = latin1('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nx-envoy-max-retries: 0\r\n\r\nabc');

/** Upstreams that answer one request with any bytes: the proxy passes an answer on or makes one of its own, and no mistake. */
export async function upstreamTargets(): Promise<WholeProxyTargets> {
  let answer = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [http1, http2] = [await startHop(port), await startHop(port, { http2: true })];
  const answering =
    (at: number) =>
    (input: Buffer): Promise<void> => {
      answer = Buffer.from(input);
      return makesNoMistake(() => throwAt(at, request));
    };
  const http = 'packages/proxy/src/http';
  const targets = [
    {
      name: 'an upstream of HTTP/1.1',
      files: ['packages/proxy/src/upstream/h1-client.ts', `${http}/router.ts`, `${http}/attempt.ts`],
      samples: wordsOf(
        'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n',
      ),
      words: wordsOf(
        '\r\n',
        '\r\n\r\n',
        'HTTP/1.1 101 x\r\n',
        'HTTP/1.1 204 x\r\n\r\n',
        'HTTP/1.0 200 OK\r\n\r\n',
        'Connection: close\r\n',
        'Keep-Alive: timeout=1\r\n',
        'Content-Length: 3\r\n',
        '0\r\n\r\n',
      ),
      batch: 32,
      run: answering(http1.port),
    },
    {
      name: 'an upstream of HTTP/2',
      files: ['packages/proxy/src/upstream/h2-client.ts', `${http}/h2-connection.ts`],
      samples: [Buffer.concat([settings, head, h2Frame(frame.data, flag.endStream, 1, 'hello')]), Buffer.concat(responses)],
      words: [...responses, ...frameWords.slice(1)],
      batch: 32,
      run: answering(http2.port),
    },
  ];
  return {
    targets,
    stop: async () => {
      await Promise.all([http1.proxy.stop(), http2.proxy.stop()]);
      server.close();
    },
  };
}
