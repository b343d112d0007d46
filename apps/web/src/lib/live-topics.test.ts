import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LiveTopic } from '@weft/agent/api/live';
import { LiveTopics, topicKey } from './live-topics.ts';

const scope = { namespaces: ['shop'], windowSeconds: 300 };
const overview: LiveTopic = { path: 'overview.read', input: scope };
const services: LiveTopic = { path: 'services.list', input: scope };
const status: LiveTopic = { path: 'mesh.status' };

test('topics that come and go together are one change', (context) => {
  const { topics, changes, settle } = collect(context);
  topics.add(status);
  const leave = topics.add(overview);
  settle();
  leave();
  topics.add(services);
  settle();
  assert.deepEqual(changes, [
    [status, overview],
    [status, services],
  ]);
});

test('a topic of two views is followed once, until both are gone', (context) => {
  const { topics, changes, settle } = collect(context);
  const leaves = [topics.add(overview), topics.add({ ...overview })];
  settle();
  leaves[0]?.();
  settle();
  assert.deepEqual(changes, [[overview]]);
  leaves[1]?.();
  settle();
  assert.deepEqual(changes, [[overview], []]);
});

test('a view that leaves and comes back at once changes nothing', (context) => {
  const { topics, changes, settle } = collect(context);
  const leave = topics.add(overview);
  settle();
  const before = topics.current();
  leave();
  topics.add(overview);
  settle();
  assert.equal(topics.current(), before);
  assert.equal(changes.length, 1);
});

test('the order in which views appear does not matter', (context) => {
  const { topics, changes, settle } = collect(context);
  const leaves = [topics.add(overview), topics.add(services)];
  settle();
  for (const leave of leaves) leave();
  topics.add(services);
  topics.add(overview);
  settle();
  assert.equal(changes.length, 1);
});

test('topics that differ in their input have different keys', () => {
  assert.notDeepEqual(topicKey(overview), topicKey({ path: 'overview.read', input: { ...scope, windowSeconds: 60 } }));
  assert.notDeepEqual(topicKey(overview), topicKey(services));
});

function collect(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const topics = new LiveTopics();
  const changes: (readonly LiveTopic[])[] = [];
  topics.subscribe(() => changes.push(topics.current()));
  return { topics, changes, settle: () => context.mock.timers.tick(100) };
}
