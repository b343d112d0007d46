import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createSharedMemory, SharedTable } from './shared-table.ts';

test('threads find one row by its name, and each count is the sum of their shares', () => {
  const memory = createSharedMemory(2, 8);
  const [first, second] = [new SharedTable(memory, 0), new SharedTable(memory, 1)];
  const a = first.hold('a');
  const same = second.hold('a');
  a?.add(0, 3);
  same?.add(0, 4);
  assert.equal(a?.total(0), 7);
  assert.equal(second.hold('b')?.total(0), 0);
  assert.equal(same?.addCommon(1, 5), 5);
  assert.equal(a?.exchangeCommon(1, 0), 5);
});

test('what a thread that is no more had is given back', () => {
  const memory = createSharedMemory(2, 8);
  const [main, crashed] = [new SharedTable(memory, 0), new SharedTable(memory, 1)];
  const kept = main.hold('kept');
  crashed.hold('kept')?.add(2, 9);
  crashed.hold('lost')?.addCommon(0, 1);
  assert.equal(kept?.total(2), 9);
  main.forget(1);
  assert.equal(kept?.total(2), 0);
  assert.equal(main.hold('lost')?.addCommon(0, 0), 0, 'a row that nobody holds begins anew');
});

test('rows that nobody holds are taken over, and a full table says so', () => {
  const table = new SharedTable(createSharedMemory(1, 4), 0);
  for (let round = 0; round < 50; round++) {
    const rows = Array.from({ length: 4 }, (_, i) => table.hold(`${round}/${i}`));
    assert.ok(rows.every((row) => row !== null));
    assert.equal(table.hold('one too many'), null);
    for (const row of rows) row?.release();
  }
});

test('threads that ask at the same time get the same rows', async () => {
  const memory = createSharedMemory(4, 1024);
  const code = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ SharedTable }) => {
      const table = new SharedTable(workerData.memory, workerData.thread);
      for (let i = 0; i < 300; i++) table.hold('row ' + i).add(0, 1);
    });`;
  const module = new URL('./shared-table.ts', import.meta.url).href;
  const threads = [1, 2, 3].map((thread) => new Worker(code, { eval: true, workerData: { memory, thread, module } }));
  const codes = await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve))));
  assert.deepEqual(codes, [0, 0, 0]);
  const table = new SharedTable(memory, 0);
  for (let i = 0; i < 300; i++) assert.equal(table.hold(`row ${i}`)?.total(0), 3);
});
