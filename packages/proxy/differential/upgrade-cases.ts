import { type Case, get, raw } from './case.ts';

const lines = (...list: readonly string[]): string => `${list.join('\r\n')}\r\n\r\n`;
const upgrade = (path: string, type: string, ...more: readonly string[]): string =>
  lines(`GET ${path} HTTP/1.1`, 'Host: a.example.com', 'X-Case: CASE', 'Connection: Upgrade', `Upgrade: ${type}`, ...more);
const connect = (host: string, ...more: readonly string[]): string =>
  lines(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`, 'X-Case: CASE', ...more);
const inner = lines('GET /inner HTTP/1.1', 'Host: inner.example.com', 'Connection: close');
const spaced = (name: string, setup: string, pieces: readonly string[], pauseMs = 60): Case => ({ ...raw(name, pieces, setup), pauseMs });
const chains = 'upgradechains';

/** Cases about connections that become tunnels. */
export const upgradeCases: readonly Case[] = [
  ...[
    ...['websocket', 'WebSocket', 'plain', 'denied', 'off', 'other', 'unknown'].map((type) => [type, '/echo']),
    ...['/on/echo', '/none/echo', '/refuse', '/direct'].map((path) => ['websocket', path]),
    ...['denied', 'off', 'other'].map((type) => [type, '/on/echo']),
    ['off', '/direct'],
  ].map(([type = '', path = '']) => spaced(`an upgrade to ${type} at ${path}`, chains, [upgrade(path, type), 'hello', ' world', 'bye'])),
  spaced('an upgrade with bytes at once', chains, [`${upgrade('/echo', 'websocket')}early`, 'bye']),
  spaced('an upgrade that outlives the route timeout', chains, [upgrade('/timeout/echo', 'websocket'), 'a', 'b', 'bye'], 150),
  spaced('an upgrade that is idle', chains, [upgrade('/idle/echo', 'websocket'), 'a'], 300),
  spaced('an upgrade with a body', chains, [upgrade('/echo', 'websocket', 'Content-Length: 3'), 'abc', 'bye']),
  spaced('an upgrade by POST', chains, [upgrade('/echo', 'websocket').replace('GET', 'POST'), 'abc', 'bye']),
  spaced('an upgrade to two protocols', chains, [upgrade('/echo', 'websocket, plain'), 'abc', 'bye']),
  {
    ...spaced('an upgrade that goes upstream by HTTP/2', chains, [upgrade('/h2/echo', 'websocket'), 'abc', 'bye']),
    logs: 'a tunnel whose upstream is done first is ended in HTTP/2 by Weft, and reset by Envoy',
  },
  spaced('an upgrade that is refused by HTTP/2', chains, [upgrade('/h2/refuse', 'websocket'), 'abc', 'bye']),
  get(chains, '/'),
  ...['websocket', 'open'].map((type) => spaced(`a denied upgrade to ${type}`, 'denyingupgrades', [upgrade('/echo', type), 'bye'])),
  ...[
    'tcp.test:80',
    'dead.test:80',
    'empty.test:80',
    'off.test:80',
    'deadproxy.test:80',
    'proxy.test:80',
    'rewritten.test:80',
    'h2.test:80',
    'none.test:80',
    'tcp.test',
    'TCP.test:80',
  ].map((host) => spaced(`CONNECT ${host}`, 'connecting', [connect(host), inner])),
  spaced('CONNECT with bytes at once', 'connecting', [`${connect('tcp.test:80')}${inner}`]),
  spaced('CONNECT through another proxy with bytes at once', 'connecting', [`${connect('proxy.test:80')}hello`, 'bye']),
  spaced('CONNECT that another proxy refuses', 'connecting', [connect('proxy.test:80', 'x-refuse: 403'), inner]),
  spaced('CONNECT that is idle', 'connecting', [connect('idle.test:80')], 300),
  spaced('CONNECT with a length', 'connecting', [connect('tcp.test:80', 'Content-Length: 3'), inner]),
  spaced('CONNECT with chunks', 'connecting', [connect('tcp.test:80', 'Transfer-Encoding: chunked'), inner]),
  spaced('CONNECT with a length of nothing', 'connecting', [connect('tcp.test:80', 'Content-Length: 0'), inner]),
  spaced('CONNECT with another Host', 'connecting', [lines('CONNECT tcp.test:80 HTTP/1.1', 'Host: proxy.test:80', 'X-Case: CASE'), inner]),
  spaced('CONNECT with a path', 'connecting', [lines('CONNECT /path HTTP/1.1', 'Host: tcp.test:80', 'X-Case: CASE'), inner]),
  spaced('CONNECT without a Host', 'connecting', [lines('CONNECT tcp.test:80 HTTP/1.1', 'X-Case: CASE'), inner]),
  spaced('CONNECT by HTTP/1.0', 'connecting', [lines('CONNECT tcp.test:80 HTTP/1.0', 'Host: tcp.test:80', 'X-Case: CASE'), inner]),
  spaced('CONNECT where only a route allows it', 'connectroute', [connect('a.test:80'), inner]),
  spaced('CONNECT where no route is for it', 'connectfree', [connect('a.test:80'), inner]),
  spaced('a POST that opens a tunnel', 'connecting', [
    lines('POST /post HTTP/1.1', 'Host: a.test', 'X-Case: CASE', 'Transfer-Encoding: chunked'),
    `${inner.length.toString(16)}\r\n${inner}\r\n`,
    '0\r\n\r\n',
  ]),
  get('connecting', '/'),
];
