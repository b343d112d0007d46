import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { closeWithin } from './close-within.ts';
import { Connection } from './connection.ts';

const kib = 1024;

test('parts of every size arrive in the order they were written, up to the end', async (t) => {
  const { connection, peer } = await connectedPair(t);
  const expected: Buffer[] = [];
  const part = Buffer.alloc(300 * kib);
  for (const [index, length] of [10, 20 * kib, 3, 16 * kib, 64 * kib, 5 * kib, 300 * kib, 9 * kib, 128 * kib, 1].entries()) {
    part.fill(index + 1, 0, length);
    connection.writeBytes(part, 0, length);
    connection.write(`<${length}>`);
    connection.writeOwned(Buffer.from('owned'));
    expected.push(Buffer.from(part.subarray(0, length)), Buffer.from(`<${length}>owned`));
    // The caller reuses its buffer at once.
    part.fill(0, 0, length);
  }
  connection.end();
  assert.ok(Buffer.concat(expected).equals(await buffer(peer)));
});

test('a peer that does not read holds the source until it does', async (t) => {
  const { connection, peer } = await connectedPair(t);
  let sent = 0;
  const part = Buffer.alloc(20 * kib);
  const drained = new Promise<void>((resolve) => {
    connection.owner = { onData() {}, onEnd() {}, onClose() {}, onDrain: resolve };
  });
  let goesOn = true;
  for (; goesOn && sent < 64 * kib * kib; sent += part.length) {
    goesOn = connection.writeBytes(part, 0, part.length);
    if (sent % (10 * part.length) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(goesOn, false);
  assert.ok(connection.queuedBytes < kib * kib, `${connection.queuedBytes} bytes are held`);
  const received = buffer(peer);
  await drained;
  connection.end();
  assert.equal((await received).length, sent);
});

test('a peer that does not end its side is not waited for, unless it still takes what is queued', async (t) => {
  const { connection, peer } = await connectedPair(t);
  const closed = new Promise<void>((resolve) => {
    connection.owner = { onData() {}, onEnd() {}, onDrain() {}, onClose: resolve };
  });
  const expected = 8 * kib * kib;
  connection.writeOwned(Buffer.alloc(expected));
  connection.end();
  closeWithin(connection, 100);
  let received = 0;
  peer.on('data', (bytes: Buffer) => {
    received += bytes.length;
  });
  await Promise.all([closed, once(peer, 'end')]);
  assert.equal(received, expected);
});

/** One accepted connection and the socket at its other end. */
async function connectedPair(t: { after(action: () => void): void }): Promise<{ connection: Connection; peer: net.Socket }> {
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const peer = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  const connection = Connection.accept(accepted);
  t.after(() => {
    connection.destroy();
    peer.destroy();
    server.close();
  });
  return { connection, peer };
}
