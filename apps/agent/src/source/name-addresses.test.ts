import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { NameAddresses } from './name-addresses.ts';

/** Addresses of names that the test changes, and a way to wait for what was made of them. */
function watched(context: TestContext, answers: Record<string, readonly string[]>) {
  const events = new EventTarget();
  const lines: string[] = [];
  const names = new NameAddresses({
    changed: () => events.dispatchEvent(new Event('changed')),
    log: (_level, line) => {
      lines.push(line);
      events.dispatchEvent(new Event('logged'));
    },
    lookUp: async (name) => {
      const found = answers[name];
      if (!found) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
      return found;
    },
  });
  context.after(() => names.stop());
  return { names, lines, next: (event: 'changed' | 'logged') => once(events, event) };
}

test('names are looked up, and again while they are needed', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const answers: Record<string, readonly string[]> = { 'a.example': ['192.0.2.2', '192.0.2.1'] };
  const { names, next } = watched(context, answers);
  const first = next('changed');
  names.want(['a.example']);
  await first;
  assert.deepEqual(names.addresses, { 'a.example': ['192.0.2.1', '192.0.2.2'] });
  answers['a.example'] = ['192.0.2.3'];
  const second = next('changed');
  context.mock.timers.tick(30_000);
  await second;
  assert.deepEqual(names.addresses, { 'a.example': ['192.0.2.3'] });
});

test('a name that is no longer found keeps its addresses, one that never was has none', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const answers: Record<string, readonly string[]> = { 'a.example': ['192.0.2.1'] };
  const { names, lines, next } = watched(context, answers);
  const first = next('changed');
  names.want(['a.example', 'b.example']);
  await first;
  assert.deepEqual(lines, ['gateway between networks: getaddrinfo ENOTFOUND b.example']);
  delete answers['a.example'];
  const second = next('logged');
  context.mock.timers.tick(30_000);
  await second;
  assert.deepEqual(names.addresses, { 'a.example': ['192.0.2.1'] });
});

test('addresses of names that nobody needs any more are forgotten with the next answer', async (context) => {
  const { names, next } = watched(context, { 'a.example': ['192.0.2.1'], 'b.example': ['192.0.2.2'] });
  const first = next('changed');
  names.want(['a.example']);
  await first;
  const second = next('changed');
  names.want(['b.example']);
  await second;
  assert.deepEqual(names.addresses, { 'b.example': ['192.0.2.2'] });
});
