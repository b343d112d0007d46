import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { inspectClientHello } from './client-hello.ts';
import { inspectHttp } from './inspector.ts';
import { parseProxyHeader } from './proxy-protocol.ts';

async function realHello(servername: string, alpn: string[]): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect({ port, host: '127.0.0.1', servername, ALPNProtocols: alpn });
  client.on('error', () => {});
  const [socket] = await accepted;
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test('a ClientHello tells its server name and protocols, however it is cut', async () => {
  const bytes = await realHello('API.Example.com', ['istio', 'http/1.1']);
  const expected = { kind: 'tls', hello: { serverName: 'api.example.com', alpn: ['istio', 'http/1.1'] } };
  assert.deepEqual(inspectClientHello(bytes), expected);
  for (let end = 0; end < bytes.length; end++) assert.equal(inspectClientHello(bytes.subarray(0, end)).kind, 'more', `at ${end}`);
});

test('a ClientHello spread over several records is put together', async () => {
  const bytes = await realHello('a.b', ['h2']);
  const body = bytes.subarray(5);
  const record = (part: Buffer): Buffer => Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
  const found = inspectClientHello(Buffer.concat([record(body.subarray(0, 3)), record(body.subarray(3, 50)), record(body.subarray(50))]));
  assert.deepEqual(found, { kind: 'tls', hello: { serverName: 'a.b', alpn: ['h2'] } });
});

test('bytes that are no ClientHello are plain, and none break the inspector', () => {
  assert.equal(inspectClientHello(Buffer.from('GET / HTTP/1.1\r\n')).kind, 'plain');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
      const bytes = Buffer.concat([Buffer.from([22, 3, 1]), tail]);
      assert.ok(['tls', 'plain', 'more'].includes(inspectClientHello(bytes).kind));
    }),
  );
});

test('HTTP is told from other protocols by its first line', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['GET / HTTP/1.1\r\n', 'http/1.1'],
    ['POST /x HTTP/1.0\r\nHost: a', 'http/1.0'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2c'],
    ['PRI * HT', null],
    ['GET /x', null],
    ['\x00\x01\x02', ''],
    ['EHLO mail.example.com\r\n', ''],
  ];
  for (const [text, expected] of cases) assert.equal(inspectHttp(Buffer.from(text, 'latin1')), expected, JSON.stringify(text));
});

test('PROXY protocol headers of both versions give the addresses', () => {
  const text = parseProxyHeader(Buffer.from('PROXY TCP4 10.1.2.3 10.4.5.6 1000 80\r\nGET /'));
  const addresses = { source: { ip: '10.1.2.3', port: 1000 }, destination: { ip: '10.4.5.6', port: 80 } };
  assert.deepEqual(text, { kind: 'header', header: addresses, length: 38 });
  const binary = Buffer.from('0d0a0d0a000d0a515549540a2111000c0a0102030a04050603e80050', 'hex');
  assert.deepEqual(parseProxyHeader(binary), { kind: 'header', header: addresses, length: 28 });
  assert.equal(parseProxyHeader(binary.subarray(0, 20)).kind, 'more');
  assert.equal(parseProxyHeader(Buffer.from('PROXY TCP4 nonsense\r\n')).kind, 'invalid');
  assert.equal(parseProxyHeader(Buffer.from('GET / HTTP/1.1\r\n')).kind, 'none');
});
