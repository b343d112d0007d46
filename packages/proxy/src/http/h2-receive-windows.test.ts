import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHttp2Options } from '@weft/core/plan/build-http-options';
import { H2ReceiveWindows } from './h2-receive-windows.ts';
import { H2Stream } from './h2-stream.ts';

const frameBytes = 10_000;

function windowsOf(connectionBytes: number): { windows: H2ReceiveWindows; credits: Map<number, number> } {
  const credits = new Map<number, number>();
  const options = buildHttp2Options({ initialStreamWindowSize: 65_535, initialConnectionWindowSize: connectionBytes });
  const windows = new H2ReceiveWindows(options, {
    windowUpdate: (stream, credit) => credits.set(stream, (credits.get(stream) ?? 0) + credit),
  });
  return { windows, credits };
}

/** One DATA frame; answers whether the connection's window had room for it. */
function receive(windows: H2ReceiveWindows, stream: H2Stream): boolean {
  if (!windows.takeOfConnection(frameBytes) || !windows.takeOfStream(stream, frameBytes)) return false;
  windows.settle(stream, frameBytes);
  windows.creditConnection();
  return true;
}

test('paused streams hold no more than the window of the connection, however many they are', () => {
  const { windows, credits } = windowsOf(100_000);
  let held = 0;
  for (let id = 1; id < 200; id += 2) {
    const stream = new H2Stream(id, 0);
    stream.isReadPaused = true;
    if (receive(windows, stream)) held += frameBytes;
  }
  assert.equal(held, 100_000);
  assert.equal(credits.size, 0);
});

test('streams that go on are credited beside paused ones, and what was held comes back', () => {
  const { windows, credits } = windowsOf(100_000);
  const paused = new H2Stream(1, 0);
  paused.isReadPaused = true;
  for (let i = 0; i < 6; i++) assert.ok(receive(windows, paused));
  const open = new H2Stream(3, 0);
  for (let i = 0; i < 100; i++) assert.ok(receive(windows, open), `frame ${i}`);
  const before = credits.get(0) ?? 0;
  assert.ok(before > 1_000_000 - 40_000 && before <= 1_000_000);
  paused.isReadPaused = false;
  windows.release(paused);
  windows.creditStream(paused);
  windows.creditConnection();
  assert.ok((credits.get(0) ?? 0) >= before + 60_000);
  assert.equal(credits.get(1), 60_000);
});

test('a window of the default size is opened without a word', () => {
  const { windows, credits } = windowsOf(65_535);
  windows.open();
  assert.equal(credits.size, 0);
});
