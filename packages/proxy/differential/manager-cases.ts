import { type Case, get, raw, send } from './case.ts';

const host = 'Host: a.example.com\r\nX-Case: CASE\r\n';
const close = 'Connection: close\r\n';
const line = (path: string, headers: string): string => `GET ${path} HTTP/1.1\r\n${host}${headers}\r\n`;
const chunked = 'Transfer-Encoding: chunked\r\n';
const timed = (name: string, setup: string, pieces: readonly string[], pauseMs: number): Case => ({ ...raw(name, pieces, setup), pauseMs });

/** One byte at a time. */
const drops = (text: string): readonly string[] => [...text];

/** Cases about options of the connection manager itself. */
export const managerCases: readonly Case[] = [
  timed('a request timeout that the body misses', 'requesttimeout', [`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nab`], 600),
  timed(
    'a request timeout that the body keeps',
    'requesttimeout',
    [`POST / HTTP/1.1\r\n${host}${close}Content-Length: 5\r\n\r\nab`, 'cde'],
    50,
  ),
  timed('a request timeout of a head that never ends', 'requesttimeout', [`GET / HTTP/1.1\r\n${host}`], 600),
  get('requesttimeout', '/slow/400'),
  timed('a head that takes too long', 'headerstimeout', [`GET / HTTP/1.1\r\n${host}`], 500),
  timed('a head that comes in time', 'headerstimeout', [`GET / HTTP/1.1\r\n${host}`, `${close}\r\n`], 50),
  timed('a second head that takes too long', 'headerstimeout', [line('/', ''), 'GET /second HTTP/1.1\r\n'], 100),
  timed('a request that stands still', 'streamidle', [`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nab`], 600),
  get('streamidle', '/slow/500'),
  get('streamidle', '/slow/500', ['content-type: application/grpc']),
  timed('a head that stands still', 'streamidle', [`GET / HTTP/1.1\r\n${host}`], 600),
  // Slowloris: every byte comes just in time for an idle timer, none of which may be all that ends it.
  timed('a head that drips', 'headerstimeout', [`GET / HTTP/1.1\r\n${host}`, ...drops('x-drop: slowly')], 40),
  timed('a head that drips against the request timeout', 'requesttimeout', [`GET / HTTP/1.1\r\n${host}`, ...drops('x-drop: slowly')], 40),
  timed('a head that drips against the idle timeout', 'streamidle', [`GET / HTTP/1.1\r\n${host}`, ...drops('x-drop: slowly')], 40),
  timed('a body that drips', 'requesttimeout', [`POST / HTTP/1.1\r\n${host}Content-Length: 50\r\n\r\n`, ...drops('slowly, slowly')], 40),
  timed(
    'a body that drips against the idle timeout',
    'streamidle',
    [`POST / HTTP/1.1\r\n${host}${close}Content-Length: 14\r\n\r\n`, ...drops('slowly, slowly')],
    40,
  ),
  timed('a connection that stands still', 'connectionidle', [line('/', '')], 600),
  timed('a connection that never says anything', 'connectionidle', [''], 600),
  get('maxduration', '/slow/400'),
  get('maxduration', '/slow/10'),
  timed('a request body that lasts too long', 'maxduration', [`POST / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nab`], 400),
  timed('a connection that lasts too long', 'connectionduration', [line('/', ''), line('/', '')], 500),
  timed('a request on a connection that is old', 'connectionduration', [line('/slow/250', '')], 400),
  raw('more requests than a connection may bring', [line('/1', ''), line('/2', ''), line('/3', '')], 'requestsperconnection'),
  get('smallheaders', '/', [`x-long: ${'v'.repeat(500)}`]),
  get('smallheaders', '/', [`x-long: ${'v'.repeat(1500)}`]),
  get('smallheaders', `/${'p'.repeat(1500)}`),
  raw('a head just past what is accepted', [line(`/${'p'.repeat(800)}`, `a: ${'b'.repeat(200)}\r\n`)], 'smallheaders'),
  get('largeheaders', '/', [`x-long: ${'v'.repeat(80_000)}`], {
    name: 'largeheaders: a header of 80000 bytes',
    accepted: 'the application does not accept it',
  }),
  get('fewheaders', '/', ['a: 1', 'b: 2']),
  get('fewheaders', '/', ['a: 1', 'b: 2', 'c: 3']),
  get(
    'manyheaders',
    '/',
    Array.from({ length: 150 }, (_, index) => `h${index}: v`),
    { name: 'manyheaders: 150 headers' },
  ),
  ...['underscoreallow', 'underscorereject', 'underscoredrop'].flatMap((setup) => [
    get(setup, '/', ['x_a: 1', 'x-b: 2']),
    raw('a trailer with an underscore', [`POST / HTTP/1.1\r\n${host}${close}${chunked}\r\n1\r\na\r\n0\r\nx_t: 1\r\n\r\n`], setup),
  ]),
  get('via', '/headers'),
  get('via', '/', ['via: 1.1 other', 'user-agent: mine']),
  get('via', '/none/status', ['user-agent: mine']),
  get('passthrough', '/headers'),
  get('passthrough', '/'),
  get('schemehttps', '/'),
  get('schemehttps', '/', ['x-forwarded-proto: http']),
  get('schemeupstream', '/', ['x-forwarded-proto: https']),
  get('schemeupstream', '/'),
  get('forwardedport', '/'),
  get('forwardedport', '/', ['x-forwarded-port: 99']),
  get('forwardedportfar', '/', ['x-forwarded-for: 1.2.3.4, 5.6.7.8', 'x-forwarded-port: 99']),
  get('forwardedportfar', '/', ['x-forwarded-for: 1.2.3.4, 5.6.7.8']),
  get('farhops', '/', ['x-forwarded-for: 1.2.3.4, 5.6.7.8']),
  get('farhops', '/', ['x-forwarded-for: 1.2.3.4']),
  ...['internal', 'internalfar'].flatMap((setup) =>
    [[], ['x-forwarded-for: 10.0.0.1'], ['x-forwarded-for: 1.2.3.4'], ['x-forwarded-for: 10.0.0.1, 10.0.0.2']].map((headers) =>
      get(setup, '/', [...headers, 'x-envoy-retry-on: 5xx', 'x-envoy-max-retries: 0', 'x-envoy-internal: maybe']),
    ),
  ),
  ...['xffdetection'].flatMap((setup) =>
    [[], ['x-forwarded-for: 1.2.3.4'], ['x-forwarded-for: 1.2.3.4, 10.0.0.1'], ['x-forwarded-for: 1.2.3.4, 5.6.7.8, 10.0.0.1']].map(
      (headers) => get(setup, '/', headers),
    ),
  ),
  ...['requestid', 'requestidnone', 'requestidpack'].flatMap((setup) => [
    get(setup, '/'),
    get(setup, '/', ['x-request-id: given']),
    get(setup, '/', ['x-request-id: 4f8b6f3e-0f4b-4c4f-9c55-0123456789ab']),
  ]),
  raw(
    'request trailers that are let through',
    [`POST / HTTP/1.1\r\n${host}${close}${chunked}\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n`],
    'trailers',
  ),
  get('trailers', '/trailers'),
  get('plain', '/trailers'),
  get('trailers', '/trailers', ['te: trailers']),
  ...['preservecase', 'preservedown', 'propercase'].flatMap((setup): Case[] => [
    { ...get(setup, '/headers', ['x-MiXed: a', 'ACCEPT-ENCODING: b', 'x-lower: c', 'uPPer-fOO_bAr: d']), keepsCase: true },
    { ...send(setup, 'POST', '/p', 'body', ['X-Request-ID: Given']), keepsCase: true },
    { ...get(setup, '/none/local', ['X-Forwarded-Proto: https']), keepsCase: true },
  ]),
  ...['continues', 'plain'].flatMap((setup) => [
    timed('an expectation', setup, [`PUT /p HTTP/1.1\r\n${host}${close}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`, 'hello'], 50),
    raw('an expectation in capitals', [`PUT /p HTTP/1.1\r\n${host}${close}Content-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello`], setup),
    raw('an expectation without a body', [`GET /p HTTP/1.1\r\n${host}${close}Expect: 100-continue\r\n\r\n`], setup),
    raw('an unknown expectation', [`PUT /p HTTP/1.1\r\n${host}${close}Content-Length: 5\r\nExpect: something\r\n\r\nhello`], setup),
  ]),
  raw(
    'content length and chunked where that is allowed',
    [`POST / HTTP/1.1\r\n${host}${close}Content-Length: 9\r\n${chunked}\r\n1\r\na\r\n0\r\n\r\n`],
    'chunkedlength',
  ),
  raw('an absolute target where none is allowed', [`GET http://abs.example.com/p?q=1 HTTP/1.1\r\n${host}${close}\r\n`], 'noabsolute'),
  ...['stripmatching', 'stripdot'].flatMap((setup) =>
    ['a.example.com:8080', 'a.example.com.', 'a.example.com.:80', '[::1]:80', '.'].map((name) => get(setup, '/', [], { host: name })),
  ),
  raw('a bad request on a connection that may go on', [`GET / HTTP/1.1\r\n${host}A : b\r\n\r\n`, line('/', close)], 'keepinvalid'),
  raw('a request without a host on a connection that may go on', ['GET / HTTP/1.1\r\n\r\n', line('/', close)], 'keepinvalid'),
  get('upgraderoute', '/off', ['upgrade: websocket']),
  get('upgraderoute', '/none', ['upgrade: websocket']),
  get('upgraderoute', '/none', ['upgrade: h2c']),
  raw(
    'two connection headers for an upgrade',
    [line('/none', 'Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n')],
    'upgraderoute',
  ),
  raw('an upgrade that the connection header does not name', [line('/none', `${close}Upgrade: websocket\r\n`)], 'upgraderoute'),
  raw('an upgrade without anything', [line('/none', 'Connection: Upgrade\r\n')], 'upgraderoute'),
  ...['application/grpc-web', 'application/grpc-web+proto', 'application/grpc-web-text', 'application/grpc'].flatMap((kind) =>
    ['/grpctrailers', '/grpc/5', '/status'].map(
      (path): Case => ({
        ...send('grpcweb', 'POST', path, Buffer.from('\0\0\0\0\x02hi').toString('base64'), [`Content-Type: ${kind}`, `Accept: ${kind}`]),
        logs: 'Weft logs the status and the bytes of the gRPC call, Envoy those of the gRPC-Web one',
        ...(kind.includes('text') && path === '/grpc/5' && { accepted: 'Envoy does not end a text answer without a body' }),
      }),
    ),
  ),
  {
    ...send('grpcweb', 'POST', '/grpctrailers', 'AAAAAAJoaQ==AAAAAAJoaQ==', ['Content-Type: application/grpc-web-text+proto']),
    logs: 'bytes',
  },
  { ...send('grpcweb', 'POST', '/grpctrailers', 'not base64!!', ['Content-Type: application/grpc-web-text']), logs: 'bytes' },
];
