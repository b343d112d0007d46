import { type Case, raw } from './case.ts';

const host = 'Host: a.example.com\r\n';
const hidden = 'GET /hidden HTTP/1.1\r\nHost: a.example.com\r\n\r\n';
const lengths = (name: string, lines: string, body: string, accepted?: string): Case =>
  raw(`smuggling: ${name}`, [`POST /first HTTP/1.1\r\n${host}${lines}\r\n${body}`], 'plain', accepted);
const chunks = (name: string, body: string, accepted?: string): Case =>
  lengths(name, 'Transfer-Encoding: chunked\r\n', body + hidden, accepted);
const head = (name: string, text: string, accepted?: string): Case => raw(`smuggling: ${name}`, [text], 'plain', accepted);
const strict = 'Weft refuses what two parties may read as different requests';

/** Requests that a front and a back may take for different ones: what the application sees must be what the proxy judged. */
export const smugglingCases: readonly Case[] = [
  lengths('CL.TE', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${hidden}`),
  lengths('TE.CL', `Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, `5c\r\n${hidden}\r\n0\r\n\r\n`),
  ...[
    'Transfer-Encoding : chunked',
    ' Transfer-Encoding: chunked',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding: chunked ',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: chunKed',
    'Transfer-Encoding: ,chunked',
    'Transfer-Encoding: chunked;a=b',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: chunked\x00',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding:',
    'Transfer-Encoding: gzip, chunked',
    'Transfer_Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding\x00: chunked',
    'Transfer-Encoding: chun\r\n ked',
  ].map((line) =>
    lengths(JSON.stringify(line), `${line}\r\n`, `0\r\n\r\n${hidden}`, line.startsWith(' ') || /[\r\n]/.test(line) ? strict : undefined),
  ),
  ...['4, 4', '4,5', '+4', '-4', '0x4', '4 ', '\t4', '4\x0b', '4;', '4.0', '4e0', '99999999999999999999', '04', '', ' '].map((value) =>
    lengths(`Content-Length: ${JSON.stringify(value)}`, `Content-Length: ${value}\r\nConnection: close\r\n`, 'abcd'),
  ),
  lengths('Content-Length twice in two spellings', 'Content-Length: 4\r\ncontent-length: 9\r\n', `abcd${hidden}`),
  lengths('a length in a header that ends with NUL', 'Content-Length\x00: 4\r\n', `abcd${hidden}`),
  chunks('a chunk size with a sign', '+3\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk size with 0x', '0x3\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk size with an underscore', '0_3\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk size with leading zeros', '0003\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk size with a hundred leading zeros', `${'0'.repeat(100)}3\r\nabc\r\n0\r\n\r\n`),
  chunks('a chunk size with a space behind', '3 \r\nabc\r\n0\r\n\r\n', strict),
  chunks('a chunk size with a space before', ' 3\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk size that overflows 64 bits', '10000000000000003\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk size that overflows 32 bits', '100000003\r\nabc\r\n0\r\n\r\n'),
  chunks('an empty chunk size', '\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk extension with a line feed', '3;a\nb\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk extension in quotes', '3;a="b;c"\r\nabc\r\n0\r\n\r\n'),
  chunks('a chunk that ends with a line feed', '3\nabc\r\n0\r\n\r\n', strict),
  chunks('chunk data that ends with a line feed', '3\r\nabc\n0\r\n\r\n', strict),
  chunks('chunk data longer than its size', '3\r\nabcd\r\n0\r\n\r\n', strict),
  chunks('trailers that end with a line feed', '3\r\nabc\r\n0\r\nA: b\n\r\n', strict),
  chunks('a trailer that frames', '3\r\nabc\r\n0\r\nContent-Length: 99\r\n\r\n'),
  chunks('a last chunk without its empty line', '3\r\nabc\r\n0\r\n'),
  head('a space at the end of the request line', `GET /first HTTP/1.1 \r\n${host}\r\n${hidden}`, strict),
  head('two spaces in the request line', `GET  /first HTTP/1.1\r\n${host}\r\n`, strict),
  head('a tab in the request line', `GET\t/first\tHTTP/1.1\r\n${host}\r\n`, strict),
  head('a line feed in the target', `GET /first\nX: y HTTP/1.1\r\n${host}\r\n`),
  head('a NUL in the target', `GET /fir\x00st HTTP/1.1\r\n${host}\r\n`),
  head('a NUL in a name', `GET /first HTTP/1.1\r\n${host}X\x00: y\r\n\r\n`),
  head('no version', `GET /first\r\n${host}\r\n`),
  head('HTTP/1.2', `GET /first HTTP/1.2\r\n${host}\r\n`),
  head('HTTP/01.1', `GET /first HTTP/01.1\r\n${host}\r\n`),
  head('http/1.1', `GET /first http/1.1\r\n${host}\r\n`),
  head('a carriage return alone ends a line', `GET /first HTTP/1.1\r${host}\r\n`),
  head('a carriage return within a value', `GET /first HTTP/1.1\r\n${host}X: a\rb\r\nConnection: close\r\n\r\n`, strict),
  head('a header line without a colon', `GET /first HTTP/1.1\r\n${host}X\r\n\r\n`),
  head('a header line without a name', `GET /first HTTP/1.1\r\n${host}: y\r\n\r\n`),
  head('an absolute target against the host', `GET http://b.example.com/first HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
  head('an absolute target of a strange scheme', `GET ftp://b.example.com/first HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
  head('a target with user information and two hosts', `GET http://a@b@c/first HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
  head('an absolute target with a fragment', `GET http://b.example.com/first#x HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
  head('a host with a path', 'GET /first HTTP/1.1\r\nHost: a.example.com/x\r\nConnection: close\r\n\r\n'),
  head('a host with a space', 'GET /first HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'),
  head('a host with user information', 'GET /first HTTP/1.1\r\nHost: u@a.example.com\r\nConnection: close\r\n\r\n'),
  head('a host with a bad port', 'GET /first HTTP/1.1\r\nHost: a.example.com:x\r\nConnection: close\r\n\r\n'),
  head('a host with high bytes', 'GET /first HTTP/1.1\r\nHost: \xfc\r\nConnection: close\r\n\r\n'),
  head(
    'connection nominates content-length',
    `POST /first HTTP/1.1\r\n${host}Connection: close, content-length\r\nContent-Length: 4\r\n\r\nabcd`,
  ),
  head(
    'connection nominates transfer-encoding',
    `POST /first HTTP/1.1\r\n${host}Connection: close, transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  head(
    'connection nominates an identity header',
    `GET /first HTTP/1.1\r\n${host}Connection: close, x-forwarded-for, x-forwarded-client-cert\r\nx-forwarded-for: 1.2.3.4\r\n\r\n`,
  ),
  head('connection nominates :path', `GET /first HTTP/1.1\r\n${host}Connection: close, :path\r\n\r\n`),
  head(
    'a GET with a length and a hidden request',
    `GET /first HTTP/1.1\r\n${host}Content-Length: ${hidden.length}\r\nConnection: close\r\n\r\n${hidden}`,
  ),
  head('HTTP/0.9', 'GET /first\r\n'),
  head(
    'an upgrade to h2c with a hidden request',
    `GET /first HTTP/1.1\r\n${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n${hidden}`,
  ),
  head('the HTTP/2 preface in the middle', `GET /first HTTP/1.1\r\n${host}\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`),
];
