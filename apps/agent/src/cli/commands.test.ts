import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands, findCommand, loadCommand } from './commands.ts';

test('every command of the table can be loaded, and its help names it', async () => {
  for (const entry of commands) {
    const { help, run } = await loadCommand(entry);
    assert.ok(help.includes(`weft ${entry.name}`), entry.name);
    assert.equal(typeof run, 'function', entry.name);
  }
});

test('a command of two words is found before one of its first word', () => {
  const found = findCommand(['ca', 'verify', 'chain.pem']);
  assert.deepEqual([found?.entry.name, found?.rest], ['ca verify', ['chain.pem']]);
  assert.equal(findCommand(['ca']), null);
});
