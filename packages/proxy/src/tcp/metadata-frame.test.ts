import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { encodeMetadataFrame, MetadataFrameReader } from './metadata-frame.ts';

const metadata = { WORKLOAD_NAME: 'web', NAMESPACE: 'shop', LABELS: { app: 'web' } };
const frame = encodeMetadataFrame(fromJson(StructSchema, metadata), 'sidecar~1');

test('a frame is taken off whatever the pieces it comes in', () => {
  const stream = Buffer.concat([frame, Buffer.from('payload')]);
  for (const size of [1, 3, 8, frame.length, stream.length]) {
    const reader = new MetadataFrameReader();
    let payload = '';
    let isDone = false;
    for (let at = 0; at < stream.length; at += size) {
      const piece = stream.subarray(at, at + size);
      if (isDone) {
        payload += piece.toString();
        continue;
      }
      const answer = reader.read(piece);
      if (answer === null) continue;
      isDone = true;
      assert.ok(answer.told !== null, `in pieces of ${size}`);
      assert.deepEqual(toJson(StructSchema, answer.told.metadata), metadata);
      assert.equal(answer.told.id, 'sidecar~1');
      payload += answer.rest.toString();
    }
    assert.equal(payload, 'payload', `in pieces of ${size}`);
  }
});

test('a peer that sends payload at once loses none of it', () => {
  for (const text of ['G', 'GET / HTTP/1.1\r\n\r\n', '\x3d\x23\x04\x00rest']) {
    const answer = new MetadataFrameReader().read(Buffer.from(text, 'latin1'));
    assert.equal(answer?.told, null);
    assert.equal(answer?.rest.toString('latin1'), text);
  }
});

test('a frame that claims too much, or holds nonsense, tells nothing', () => {
  const huge = Buffer.from(frame);
  huge.writeUInt32BE(0x7fffffff, 4);
  assert.equal(new MetadataFrameReader().read(huge)?.told, null);
  const nonsense = Buffer.from(frame);
  nonsense.fill(0xff, 8);
  const answer = new MetadataFrameReader().read(nonsense);
  assert.equal(answer?.told, null);
  assert.equal(answer?.rest.length, 0);
});
