import { type Case, get, raw, send } from './case.ts';

const host = 'Host: a.example.com\r\nX-Case: CASE\r\n';

/** Cases about what else may go wrong; others stand with what they are about. */
export const flagCases: readonly Case[] = [
  ...[
    '/overflow',
    '/pending',
    '/dropped',
    '/long/slow/400',
    '/long/slow/20',
    '/longretried/slow/400',
    '/delayed',
    '/half',
    '/h2/half',
    '/h2/reset',
    '/h2/close',
    '/h2/status/503',
    '/h2/none',
  ].map((path) => get('flags', path)),
  send('flags', 'POST', '/h2/p', 'body'),
  get('flags', '/long/slow/400', ['content-type: application/grpc']),
  get('flags', '/overflow', ['content-type: application/grpc']),
  get('flagstrict', '/', ['x-envoy-upstream-rq-timeout-ms: soon']),
  get('flagstrict', '/', ['x-envoy-max-retries: many']),
  get('flagstrict', '/', ['x-envoy-retry-on: never']),
  get('flagstrict', '/', ['x-envoy-retry-on: 5xx', 'x-envoy-max-retries: 1']),
  get('flagauthz', '/'),
  get('flagauthz', '/', ['content-type: application/grpc']),
  get('flaglimit', '/'),
  get('flaglimit', '/', ['content-type: application/grpc']),
  raw('a body that is cut short by its client', [`POST /x HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nabc`], 'flags'),
  raw('a broken chunk', [`POST /x HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, 'zz\r\n'], 'flags'),
];
