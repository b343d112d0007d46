import { type Case, get, raw, send } from './case.ts';

const host = 'Host: a.example.com\r\nX-Case: CASE\r\n';
const close = 'Connection: close\r\n';
const timed = (name: string, setup: string, pieces: readonly string[], pauseMs: number): Case => ({ ...raw(name, pieces, setup), pauseMs });
const grpc = (timeout: string): readonly string[] => ['content-type: application/grpc', `grpc-timeout: ${timeout}`];

/** Cases about the options of routes. */
export const routeOptionCases: readonly Case[] = [
  ...[
    '/headers/status/200',
    '/headers/flaky/1/503',
    '/status/status/404',
    '/status/status/200',
    '/asked/flaky/1/503?1',
    '/limited/status/429',
    '/reset-after/flaky/1/503?2',
    '/none/flaky/1/503?3',
    '/grpc/grpc/1',
    '/grpc/grpc/4',
    '/grpc/grpc/13',
    '/grpc/grpc/8',
    '/grpc/grpc/14',
    '/grpc/grpc/2',
    '/before/flaky/1/503?4',
    '/refused/flaky/1/503?5',
    '/http3/flaky/1/503?6',
    '/budget/flaky/2/404?7',
    '/budget/flaky/3/502?8',
    '/budget/flaky/4/504?9',
    '/predicates/flaky/1/500?10',
    '/predicates/flaky/2/500?11',
    '/predicates/flaky/3/500?12',
    '/pertry/slow/300',
    '/pertry/slow/20',
    '/pertryidle/slow/300',
    '/pertryidle/half',
    '/idleonly/slow/300',
    '/pertrylong/slow/300',
    '/host/flaky/2/500?13',
    '/flaky/2/503?14',
  ].map((path) => get('retryoptions', path)),
  get('retryoptions', '/asked/flaky/1/503?15', ['x-retry: yes']),
  get('retryoptions', '/asked/flaky/1/503?16', ['x-envoy-retry-on: 5xx']),
  get('retryoptions', '/none/flaky/1/503?17', ['x-envoy-max-retries: 1']),
  get('retryoptions', '/none/flaky/1/404?18', [
    'x-envoy-max-retries: 1',
    'x-envoy-retriable-status-codes: 404,410',
    'x-envoy-retry-on: retriable-status-codes',
  ]),
  get('retryoptions', '/none/flaky/1/404?19', [
    'x-envoy-max-retries: 1',
    'x-envoy-retriable-header-names: X-Origin',
    'x-envoy-retry-on: retriable-headers',
  ]),
  get('retryoptions', '/none/status/404', [
    'x-envoy-max-retries: 1',
    'x-envoy-retriable-header-names: X-Origin',
    'x-envoy-retry-on: retriable-headers',
  ]),
  get('retryoptions', '/none/grpc/8', [
    'x-envoy-max-retries: 1',
    'x-envoy-retry-grpc-on: resource-exhausted',
    'content-type: application/grpc',
  ]),
  get('retryoptions', '/none/slow/200', ['x-envoy-max-retries: 1', 'x-envoy-upstream-rq-per-try-timeout-ms: 50']),
  get('retryoptions', '/none/slow/200', ['x-envoy-upstream-rq-timeout-ms: 50', 'x-envoy-upstream-rq-timeout-alt-response: 1']),
  ...(
    [
      ['/none/flaky/1/503?i1', 'x-envoy-retry-on: 5xx'],
      ['/none/flaky/2/503?i2', 'x-envoy-retry-on: 5xx', 'x-envoy-max-retries: 2'],
      ['/none/flaky/1/503?i3', 'x-envoy-retry-on: 5xx', 'x-envoy-max-retries: 0'],
      ['/none/flaky/1/503?i4', 'x-envoy-max-retries: 2'],
      ['/none/flaky/1/404?i5', 'x-envoy-retry-on: retriable-status-codes', 'x-envoy-retriable-status-codes: 410, 404,x'],
      ['/none/status/404', 'x-envoy-retry-on: retriable-headers', 'x-envoy-retriable-header-names: X-Nothing, X-Origin'],
      ['/none/grpc/8', 'x-envoy-retry-grpc-on: resource-exhausted', 'content-type: application/grpc'],
      ['/none/grpc/8', 'x-envoy-retry-grpc-on: cancelled', 'content-type: application/grpc'],
      ['/none/slow/200', 'x-envoy-retry-on: 5xx', 'x-envoy-upstream-rq-per-try-timeout-ms: 50'],
      ['/none/slow/200', 'x-envoy-upstream-rq-timeout-ms: 50'],
      ['/none/slow/200', 'x-envoy-upstream-rq-timeout-ms: 50', 'x-envoy-upstream-rq-timeout-alt-response: 1'],
      ['/some/flaky/1/500?i6', 'x-envoy-retry-on: 5xx'],
      ['/some/flaky/1/503?i7', 'x-envoy-retry-on: connect-failure'],
      ['/some/flaky/3/503?i8', 'x-envoy-max-retries: 3'],
      ['/asked/flaky/1/503?i9', 'x-envoy-retry-on: 5xx'],
      ['/asked/flaky/1/503?i10', 'x-envoy-max-retries: junk', 'x-retry: yes'],
    ] as const
  ).map(([path, ...headers]) => get('retryinternal', path, headers)),
  timed(
    'a try that waits for a body',
    'retryoptions',
    [`POST /pertry/slow/20 HTTP/1.1\r\n${host}${close}Content-Length: 3\r\n\r\na`, 'b', 'c'],
    80,
  ),
  timed(
    'a silent try that waits for a body',
    'retryoptions',
    [`POST /idleonly/x HTTP/1.1\r\n${host}${close}Content-Length: 3\r\n\r\na`],
    300,
  ),
  get('retryoptions', '/pertry/slow/200', ['content-type: application/grpc']),
  send('retryoptions', 'POST', '/budget/flaky/2/503?20', 'a body'),
  send('retryoptions', 'POST', '/budget/flaky/1/503?21', 'x'.repeat(100_000)),

  ...[
    '/idle/slow/400',
    '/idle/slow/50',
    '/noidle/slow/200',
    '/stream/slow/400',
    '/nostream/slow/200',
    '/whole/slow/400',
    '/flush/slow/50',
  ].map((path) => get('deadlines', path)),
  ...['grpcmax', 'grpcany', 'grpcoffset', 'grpcboth', 'grpcold'].flatMap((way) =>
    // With an offset of 100 ms the shorter ones are over at once, and it is luck what of them the application sees.
    [...(way === 'grpcoffset' ? [] : ['50m', '100000u']), '1S', '300m', 'junk', '1H'].map((timeout) =>
      get('deadlines', `/${way}/slow/250`, grpc(timeout)),
    ),
  ),
  ...['grpcmax', 'grpcany', 'grpcoffset', 'grpcboth', 'grpcold'].map((way) => get('deadlines', `/${way}/slow/250`)),
  get('deadlines', '/grpcold/slow/250', ['grpc-timeout: 50m']),
  timed('a body that stalls on an idle route', 'deadlines', [`POST /idle/x HTTP/1.1\r\n${host}${close}Content-Length: 5\r\n\r\nab`], 400),
  timed('a body that stalls within a stream', 'deadlines', [`POST /stream/x HTTP/1.1\r\n${host}${close}Content-Length: 5\r\n\r\nab`], 400),
  timed(
    'a body that comes slowly on an idle route',
    'deadlines',
    [`POST /idle/x HTTP/1.1\r\n${host}${close}Content-Length: 5\r\n\r\nab`, 'c', 'd', 'e'],
    100,
  ),
  timed(
    'a body that comes slowly with a route timeout',
    'deadlines',
    [`POST /whole/x HTTP/1.1\r\n${host}${close}Content-Length: 5\r\n\r\nab`, 'c', 'd', 'e'],
    100,
  ),
  ...['/idle/slow/300', '/noidle/slow/300', '/slow/300', '/stream/slow/300', '/stream/slow/500', '/slow/100'].map((path) =>
    get('managerdeadlines', path),
  ),

  ...['0', '29', '30', '130'].map((weight) => get('choices', '/weightedheader/x', [`x-weight: ${weight}`])),
  ...[
    '/weightednone/x',
    '/weightedkey/x',
    '/weightedcluster/x',
    '/fraction/x',
    '/early/x',
    '/hashes/x',
    '/hashes/x?q=1',
    '/passivecookie/x',
    '/sessioncookie/x',
  ].map((path) => get('choices', path)),
  get('choices', '/weightedcluster/headers', ['x-cluster: origin']),
  get('choices', '/weightedcluster/headers', ['x-cluster: missing']),
  get('choices', '/hashes/x', ['x-hash: a', 'x-hash: b']),
  get('choices', '/cookie/x'),
  get('choices', '/weightedboth/x'),
  get('choices', '/cookie/x', ['cookie: a=b; sticky=given']),
  get('choices', '/cookie/x', ['cookie: sticky=']),
  get('choices', '/x', ['x-cluster: origin', 'x-cluster: dead']),
  get('choices', '/x', ['x-cluster:']),

  ...['/', '/off/', '/more/'].flatMap((path) =>
    ['', 'short', 'x'.repeat(20), 'x'.repeat(21)].map((body) => send('buffered', 'POST', path, body)),
  ),
  raw(
    'a chunked body that is gathered',
    [`POST / HTTP/1.1\r\n${host}${close}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, '2\r\nde\r\n0\r\n\r\n'],
    'buffered',
  ),
  raw(
    'a chunked body that is too long to gather',
    [
      `POST / HTTP/1.1\r\n${host}${close}Transfer-Encoding: chunked\r\n\r\nf\r\n${'x'.repeat(15)}\r\n`,
      `f\r\n${'x'.repeat(15)}\r\n0\r\n\r\n`,
    ],
    'buffered',
  ),
];
