import { flag, frame } from '../src/http/h2-frames.ts';
import { type H2SendOptions, h2Block, h2Frame, h2Headers } from './h2-client.ts';

/** Frames sent to both proxies on one connection. */
export interface H2Case extends H2SendOptions {
  readonly name: string;
  readonly setup?: string;
  readonly bytes: () => Buffer;
  /** What arrives before the connection is cut is a matter of luck, so only that it is cut is compared. */
  readonly isFlood?: boolean;
  /** Why Weft differs on purpose; such a case is only run. */
  readonly accepted?: string;
}

const request = (method = 'GET', path = '/'): string[] => [
  ':method',
  method,
  ':scheme',
  'http',
  ':path',
  path,
  ':authority',
  'a.example.com',
];
const get = (stream: number, more: readonly string[] = [], end = true): Buffer => h2Headers(stream, [...request(), ...more], end);
const post = (stream: number, more: readonly string[] = []): Buffer => h2Headers(stream, [...request('POST'), ...more], false);
const data = (stream: number, text: string, end: boolean): Buffer => h2Frame(frame.data, end ? flag.endStream : 0, stream, text);
const reset = (stream: number): Buffer => h2Frame(frame.rstStream, 0, stream, '\0\0\0\x08');
const repeat = (count: number, make: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));
const one = (name: string, bytes: Buffer, more: Partial<H2Case> = {}): H2Case => ({ name, bytes: () => bytes, ...more });
const flood = (name: string, bytes: Buffer, more: Partial<H2Case> = {}): H2Case => ({ ...one(name, bytes, more), isFlood: true });
const fields = (name: string, list: readonly string[], more: Partial<H2Case> = {}): H2Case => one(name, h2Headers(1, list, true), more);
const without = (name: string): string[] => {
  const at = request().indexOf(name);
  return request().toSpliced(at, 2);
};
const withValue = (name: string, value: string): string[] => {
  const list = request();
  list[list.indexOf(name) + 1] = value;
  return list;
};

const connectError = 'Envoy resets a CONNECT that fails after its head was read with CONNECT_ERROR, Weft with NO_ERROR behind the answer';

/** HTTP/2 as nobody should speak it, and a few requests as they should be. */
export const h2Cases: readonly H2Case[] = [
  one('a request', get(1)),
  one('a request with a body', Buffer.concat([post(1), data(1, 'abc', true)])),
  one('a request with trailers', Buffer.concat([post(1), data(1, 'abc', false), h2Headers(1, ['x-t', '1'], true)])),
  one('trailers that do not end the stream', Buffer.concat([post(1), data(1, 'abc', false), h2Headers(1, ['x-t', '1'], false)])),
  one('a pseudo header in trailers', Buffer.concat([post(1), data(1, 'abc', false), h2Headers(1, [':path', '/x'], true)])),
  ...[':method', ':path', ':scheme'].map((name) => fields(`no ${name}`, without(name))),
  fields('no :authority', without(':authority')),
  fields('host instead of :authority', [...without(':authority'), 'host', 'b.example.com']),
  fields('host beside :authority', [...request(), 'host', 'b.example.com']),
  fields('two hosts', [...without(':authority'), 'host', 'b.example.com', 'host', 'c.example.com']),
  ...request()
    .filter((_, index) => index % 2 === 0)
    .map((name) => fields(`${name} twice`, [...request(), name, 'x'])),
  fields('a pseudo header behind a field', ['a', 'b', ...request()]),
  fields('an unknown pseudo header', [...request(), ':unknown', 'x']),
  fields('a response pseudo header', [':status', '200', ...request()]),
  fields('an empty :path', withValue(':path', '')),
  fields('a :path without a slash', withValue(':path', 'x')),
  fields('an absolute :path', withValue(':path', 'http://b.example.com/x')),
  fields('a :path with a space', withValue(':path', '/a b')),
  fields('a :path with a line break', withValue(':path', '/ HTTP/1.1\r\nhost: evil\r\n\r\nGET /2')),
  fields('a :path with a fragment', withValue(':path', '/a#b')),
  fields('a :path with high bytes', withValue(':path', '/\xfc')),
  fields('a star for GET', withValue(':path', '*')),
  fields('a star for OPTIONS', [':method', 'OPTIONS', ':scheme', 'http', ':path', '*', ':authority', 'a.example.com']),
  fields('an unknown :scheme', withValue(':scheme', 'ftp')),
  fields('a :scheme with a line break', withValue(':scheme', 'http\r\n')),
  fields('an :authority with a line break', withValue(':authority', 'a\r\nx: y')),
  fields('an :authority with a space', withValue(':authority', 'a b')),
  fields('an :authority with user information', withValue(':authority', 'u@a.example.com')),
  fields('an empty :authority', withValue(':authority', '')),
  fields('a :method with a space', withValue(':method', 'GET /x')),
  fields('an unknown :method', withValue(':method', 'MY-METHOD')),
  fields('a :method in small letters', withValue(':method', 'get')),
  fields('a name in capitals', [...request(), 'X-A', '1']),
  fields('an empty name', [...request(), '', '1']),
  fields('a name with a space', [...request(), 'x a', '1']),
  fields('a name with a colon', [...request(), 'x:a', '1']),
  fields('a name with a line break', [...request(), 'x\r\na', '1']),
  fields('a value with a line break', [...request(), 'x-a', '1\r\nx-b: 2']),
  fields('a value with a line feed', [...request(), 'x-a', '1\n2']),
  fields('a value with a NUL', [...request(), 'x-a', '1\0']),
  fields('a value with a control character', [...request(), 'x-a', '1\x01']),
  fields('a value with spaces around', [...request(), 'x-a', ' 1 ']),
  fields('a value with high bytes', [...request(), 'x-a', '\xfc']),
  ...['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'].map((name) =>
    fields(`the connection header ${name}`, [...request(), name, name === 'transfer-encoding' ? 'chunked' : 'x']),
  ),
  fields('te: trailers', [...request(), 'te', 'trailers']),
  fields('te: gzip', [...request(), 'te', 'gzip']),
  fields('cookies in crumbs', [...request(), 'cookie', 'a=1', 'cookie', 'b=2']),
  fields('CONNECT', [':method', 'CONNECT', ':authority', 'a.example.com:80']),
  fields('CONNECT with a path', [':method', 'CONNECT', ':authority', 'a.example.com:80', ':path', '/', ':scheme', 'http']),
  fields('an extended CONNECT that was not announced', [...withValue(':method', 'CONNECT'), ':protocol', 'websocket']),
  one('a body shorter than its content length', Buffer.concat([post(1, ['content-length', '5']), data(1, 'abc', true)])),
  one('a body longer than its content length', Buffer.concat([post(1, ['content-length', '2']), data(1, 'abc', true)])),
  one('a content length without a body', get(1, ['content-length', '5'])),
  flood('a content length of zero with a body', Buffer.concat([post(1, ['content-length', '0']), data(1, 'abc', true)])),
  one('two content lengths that agree', Buffer.concat([post(1, ['content-length', '3', 'content-length', '3']), data(1, 'abc', true)])),
  one('two content lengths that differ', Buffer.concat([post(1, ['content-length', '3', 'content-length', '4']), data(1, 'abc', true)])),
  ...['+3', '3,3', '0x3', '-1', '', '99999999999999999999'].map((value) =>
    one(`content-length: ${value}`, Buffer.concat([post(1, ['content-length', value]), data(1, 'abc', true)])),
  ),
  one(
    'a content length that trailers cut short',
    Buffer.concat([post(1, ['content-length', '5']), data(1, 'abc', false), h2Headers(1, ['t', '1'], true)]),
  ),
  ...['http2underscorereject', 'http2underscoredrop'].map((setup) =>
    fields(`a name with an underscore (${setup})`, [...request(), 'x_a', '1'], { setup }),
  ),
  one('headers that are too large', get(1, ['x-large', 'v'.repeat(70_000)])),
  one('headers that are far too large', get(1, ['x-large', 'v'.repeat(300_000)])),
  one('too many headers', get(1, Array.from({ length: 150 }, (_, index) => [`x-${index}`, 'v']).flat())),
  one('headers that are a little too large', get(1, ['x-large', 'v'.repeat(1500)]), { setup: 'http2small' }),
  one('a good request after one that is too large', Buffer.concat([get(1, ['x-large', 'v'.repeat(70_000)]), get(3)])),
  {
    name: 'a header bomb of the dynamic table',
    bytes: () => {
      const entry = Buffer.concat([
        Buffer.from([0x40, 1]),
        Buffer.from('a'),
        Buffer.from([127, 0xa1, 0x1e]),
        Buffer.from('v'.repeat(4000)),
      ]);
      return h2Frame(
        frame.headers,
        flag.endHeaders | flag.endStream,
        1,
        Buffer.concat([h2Block(request()), entry, Buffer.alloc(8000, 0xbe)]),
      );
    },
  },
  one(
    'more requests than a connection may bring',
    repeat(3, (index) => get(index * 2 + 1)),
    { setup: 'http2few' },
  ),
  flood(
    'rapid resets',
    repeat(2000, (index) => Buffer.concat([get(index * 2 + 1), reset(index * 2 + 1)])),
    { waitMs: 8000 },
  ),
  flood(
    'endless CONTINUATION',
    Buffer.concat([
      h2Frame(frame.headers, 0, 1, h2Block(request())),
      repeat(5000, () => h2Frame(frame.continuation, 0, 1, 'x'.repeat(100))),
    ]),
  ),
  flood(
    'empty CONTINUATION',
    Buffer.concat([h2Frame(frame.headers, 0, 1, h2Block(request())), repeat(5000, () => h2Frame(frame.continuation, 0, 1))]),
  ),
  one('empty HEADERS', Buffer.concat([h2Frame(frame.headers, 0, 1), repeat(3, () => h2Frame(frame.continuation, 0, 1))])),
  flood(
    'SETTINGS to somebody who does not read',
    repeat(20_000, () => h2Frame(frame.settings, 0, 0)),
    { isDeaf: true },
  ),
  flood(
    'PING to somebody who does not read',
    repeat(20_000, () => h2Frame(frame.ping, 0, 0, '12345678')),
    { isDeaf: true },
  ),
  flood(
    'resets to somebody who does not read',
    repeat(20_000, (index) => h2Headers(index * 2 + 1, ['X', 'bad'], true)),
    { isDeaf: true },
  ),
  flood('empty DATA', Buffer.concat([post(1), repeat(200, () => data(1, '', false))])),
  one('a little empty DATA', Buffer.concat([post(1), data(1, '', false), data(1, 'abc', true)])),
  flood('PRIORITY', Buffer.concat([post(1), repeat(5000, () => h2Frame(frame.priority, 0, 1, '\0\0\0\0\x10'))])),
  flood(
    'PRIORITY of streams that are idle',
    repeat(5000, (index) => h2Frame(frame.priority, 0, index * 2 + 1, '\0\0\0\0\x10')),
  ),
  flood('WINDOW_UPDATE of a stream', Buffer.concat([post(1), repeat(5000, () => h2Frame(frame.windowUpdate, 0, 1, '\0\0\0\x01'))])),
  flood('WINDOW_UPDATE of the connection', Buffer.concat([post(1), repeat(5000, () => h2Frame(frame.windowUpdate, 0, 0, '\0\0\0\x01'))])),
  one('a window that overflows', Buffer.concat([post(1), h2Frame(frame.windowUpdate, 0, 1, '\x7f\xff\xff\xff')]), {
    accepted: 'Weft ends the stream as RFC 9113 section 6.9.1 says; Envoy ends the connection',
  }),
  one('a connection window that overflows', h2Frame(frame.windowUpdate, 0, 0, '\x7f\xff\xff\xff')),
  one('unknown frames', Buffer.concat([repeat(5000, () => h2Frame(99, 0, 0, 'x')), get(1)])),
  one('a frame that is too large', h2Frame(frame.data, 0, 1, 'x'.repeat(20_000))),
  one('DATA of the connection', h2Frame(frame.data, 0, 0, 'x')),
  one('a push promise', Buffer.concat([get(1), h2Frame(frame.pushPromise, flag.endHeaders, 1, '\0\0\0\x02')])),
  one('an even stream', get(2)),
  one('a stream below the last', Buffer.concat([get(5), get(3)]), {
    accepted: 'Weft ends the connection as RFC 9113 section 5.1.1 says; Envoy passes the stream over',
  }),
  ...['X-A', ':unknown', 'connection'].map((name) =>
    fields(`${name} on a connection that may go on`, [...request(), name, 'x'], { setup: 'http2tolerant' }),
  ),
  fields('an extended CONNECT that was announced', [...withValue(':method', 'CONNECT'), ':protocol', 'websocket'], {
    setup: 'http2tolerant',
    accepted: 'both answer 403; Envoy lets the connection go too',
  }),
  fields('a name with an underscore', [...request(), 'x_a', '1']),
  one('SETTINGS with an ack and a payload', h2Frame(frame.settings, flag.ack, 0, '\0\x04\0\0\0\0')),
  one('SETTINGS of a bad size', h2Frame(frame.settings, 0, 0, '\0\x04\0')),
  one('padding longer than its frame', Buffer.concat([post(1), h2Frame(frame.data, flag.padded, 1, '\xffab')])),
  one('a huge table size', Buffer.concat([h2Frame(frame.settings, 0, 0, '\0\x01\xff\xff\xff\xff'), get(1)])),
  one('a broken header block', h2Frame(frame.headers, flag.endHeaders | flag.endStream, 1, '\xff\xff\xff\xff\xff\xff')),
  ...[
    ['websocket', '/echo'],
    ['plain', '/echo'],
    ['denied', '/echo'],
    ['off', '/echo'],
    ['off', '/on/echo'],
    ['unknown', '/direct'],
    ['websocket', '/none/echo'],
    ['websocket', '/refuse'],
    ['websocket', '/h2/refuse'],
  ].map(([protocol = '', path = '']) =>
    one(
      `an extended CONNECT for ${protocol} at ${path}`,
      Buffer.concat([h2Headers(1, [...request('CONNECT', path), ':protocol', protocol], false), data(1, 'hello', false)]),
      { setup: 'upgradechains' },
    ),
  ),
  one('an extended CONNECT that ends with its head', h2Headers(1, [...request('CONNECT', '/echo'), ':protocol', 'websocket'], true), {
    setup: 'upgradechains',
  }),
  one('an extended CONNECT where none is allowed', h2Headers(1, [...request('CONNECT', '/echo'), ':protocol', 'websocket'], false), {
    setup: 'denyingupgrades',
  }),
  ...['tcp.test:80', 'dead.test:80', 'empty.test:80', 'off.test:80', 'proxy.test:80', 'none.test:80', 'h2.test:80', 'tcp.test'].map(
    (host) =>
      one(
        `CONNECT ${host}`,
        Buffer.concat([
          h2Headers(1, [':method', 'CONNECT', ':authority', host], false),
          data(1, 'GET /inner HTTP/1.1\r\nHost: inner.example.com\r\nConnection: close\r\n\r\n', false),
        ]),
        { setup: 'connecting', ...(host.startsWith('dead') && { accepted: connectError }) },
      ),
  ),
];
