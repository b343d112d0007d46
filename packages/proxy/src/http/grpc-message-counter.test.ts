import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrpcMessageCounter } from './grpc-message-counter.ts';

const message = (length: number): Buffer => {
  const bytes = Buffer.alloc(5 + length, 7);
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
};

test('messages are counted whatever the pieces they come in', () => {
  const stream = Buffer.concat([message(0), message(3), message(300), message(0), message(1)]);
  for (const size of [1, 2, 4, 5, 7, 64, 1000]) {
    const counter = new GrpcMessageCounter();
    for (let at = 0; at < stream.length; at += size) counter.read(stream, at, Math.min(stream.length, at + size));
    assert.equal(counter.count, 5, `in pieces of ${size}`);
  }
});

test('a message counts once its length is known', () => {
  const counter = new GrpcMessageCounter();
  counter.read(message(10), 0, 4);
  assert.equal(counter.count, 0);
  counter.read(message(10), 4, 6);
  assert.equal(counter.count, 1);
});
