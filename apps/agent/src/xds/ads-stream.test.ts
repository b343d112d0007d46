import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdsStream, type StreamMode, type StreamRequest, type StreamResponse } from './ads-stream.ts';
import { testSnapshot } from './test-snapshot.ts';

/** A client at the other end of a stream, who notes what it is sent. */
class Client {
  readonly sent: StreamResponse[] = [];
  readonly nacks: string[] = [];
  readonly stream: AdsStream;
  now = 0;

  constructor(mode: StreamMode) {
    this.stream = new AdsStream(
      mode,
      { send: (response) => this.sent.push(response), onNack: (_, __, message) => this.nacks.push(message) },
      () => this.now,
    );
  }

  ask(kind: StreamRequest['kind'], request: Partial<StreamRequest> = {}): void {
    this.stream.request({ kind, nonce: '', error: null, names: [], subscribe: [], unsubscribe: [], initialVersions: {}, ...request });
  }

  /** What came since the last call. */
  take(): readonly StreamResponse[] {
    return this.sent.splice(0);
  }

  ack(response: StreamResponse | undefined, names: readonly string[] = []): void {
    assert.ok(response, 'there is a response to acknowledge');
    this.ask(response.kind, { nonce: response.nonce, names });
  }
}

const names = (responses: readonly StreamResponse[]): readonly string[] =>
  responses.map(({ kind, resources }) => `${kind} ${resources.map(({ name }) => name).join(',')}`);

test('a first request is answered in full, and its ACK not at all', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({ cds: { a: '1', b: '1' } }));
  client.ask('cds');
  const [response] = client.take();
  assert.deepEqual(
    response?.resources.map(({ name }) => name),
    ['a', 'b'],
  );
  client.ack(response);
  assert.deepEqual(client.take(), []);
  assert.equal(client.stream.stateOf('cds'), 'SYNCED');
});

test('a first request is answered although there is nothing to send, because clients wait for the first answer', () => {
  for (const mode of ['sotw', 'delta'] as const) {
    const client = new Client(mode);
    client.ask('lds');
    client.stream.setTarget(testSnapshot({}));
    assert.deepEqual(names(client.take()), ['lds ']);
  }
});

test('a request with an old nonce is ignored with its names', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({ eds: { a: '1', b: '1' } }));
  client.ask('eds', { names: ['a'] });
  client.take();
  client.ask('eds', { nonce: 'eds-0', names: ['a', 'b'] });
  assert.deepEqual(client.take(), []);
});

test('a refused response is not sent again until something changes, and then whole', () => {
  for (const mode of ['sotw', 'delta'] as const) {
    const client = new Client(mode);
    client.stream.setTarget(testSnapshot({ cds: { a: '1', bad: '1' } }));
    client.ask('cds');
    const [response] = client.take();
    client.ask('cds', { nonce: response?.nonce ?? '', error: 'no such filter' });
    assert.deepEqual(client.nacks, ['no such filter']);
    assert.equal(client.stream.stateOf('cds'), 'NACK');
    client.stream.setTarget(testSnapshot({ cds: { a: '1', bad: '1' }, eds: { a: '2' } }));
    assert.deepEqual(client.take(), []);
    client.stream.setTarget(testSnapshot({ cds: { a: '1', bad: '2' } }));
    assert.deepEqual(names(client.take()), ['cds a,bad']);
  }
});

test('newly named resources are sent, dropped ones are not missed', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({ eds: { a: '1', b: '1' } }));
  client.ask('eds', { names: ['a'] });
  const [first] = client.take();
  client.ask('eds', { nonce: first?.nonce ?? '', names: ['a', 'b'] });
  const [second] = client.take();
  assert.deepEqual(
    second?.resources.map(({ name }) => name),
    ['b'],
  );
  client.ask('eds', { nonce: second?.nonce ?? '', names: ['b'] });
  assert.deepEqual(client.take(), []);
});

test('a resource that is asked for before it exists is sent when it appears', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({}));
  client.ask('rds', { names: ['80'] });
  assert.deepEqual(client.take(), []);
  client.stream.setTarget(testSnapshot({ rds: { '80': '1' } }));
  assert.deepEqual(names(client.take()), ['rds 80']);
});

test('an empty list of names means all at first, and nothing after names were given', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({ lds: { a: '1', b: '1' } }));
  client.ask('lds', { names: ['a'] });
  const [first] = client.take();
  assert.deepEqual(
    first?.resources.map(({ name }) => name),
    ['a'],
  );
  client.ask('lds', { nonce: first?.nonce ?? '', names: [] });
  client.stream.setTarget(testSnapshot({ lds: { a: '2', b: '1' } }));
  assert.deepEqual(
    names(client.take()).filter((line) => line.includes('a') || line.includes('b')),
    [],
  );
});

test('types are pushed one after the other, each when the earlier ones are acknowledged', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({ cds: { a: '1' }, eds: { a: '1' }, lds: { l: '1' }, rds: { r: '1' } }));
  for (const [kind, list] of [
    ['cds', []],
    ['eds', ['a']],
    ['lds', []],
    ['rds', ['r']],
  ] as const) {
    client.ask(kind, { names: list });
    client.ack(client.take().at(-1), list);
  }
  client.take();
  client.stream.setTarget(testSnapshot({ cds: { a: '2' }, eds: { a: '2' }, lds: { l: '2' }, rds: { r: '2' } }));
  const order: string[] = [];
  for (let round = 0; round < 4; round++) {
    const [response, ...more] = client.take();
    assert.deepEqual(more, []);
    order.push(response?.kind ?? '');
    client.ack(response, response?.kind === 'eds' ? ['a'] : response?.kind === 'rds' ? ['r'] : []);
  }
  assert.deepEqual(order, ['cds', 'eds', 'lds', 'rds']);
  assert.ok(client.stream.isSettled);
});

test('a client that is still asking has not taken everything', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ cds: { a: '1' }, lds: { l: '1' } }));
  assert.ok(!client.stream.isSettled, 'nothing was asked for');
  client.ask('cds');
  client.ack(client.take().at(-1));
  assert.ok(!client.stream.isSettled, 'listeners come after clusters');
  client.ask('lds');
  assert.ok(!client.stream.isSettled);
  client.ack(client.take().at(-1));
  assert.ok(client.stream.isSettled);
});

test('a client that takes nothing but clusters is believed after a while', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ cds: { a: '1' }, lds: { l: '1' } }));
  client.ask('cds');
  client.ack(client.take().at(-1));
  client.now += 6_000;
  assert.ok(client.stream.isSettled);
});

test('an overdue ACK does not hold back the other types for ever', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ cds: { a: '1' }, lds: { l: '1' } }));
  client.ask('cds');
  client.ask('lds');
  for (const response of client.take()) client.ack(response);
  client.stream.setTarget(testSnapshot({ cds: { a: '2' }, lds: { l: '2' } }));
  assert.deepEqual(names(client.take()), ['cds a']);
  client.now += 6_000;
  client.stream.flush();
  assert.deepEqual(names(client.take()), ['lds l']);
});

test('clusters that go away are removed after the routes that named them', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ cds: { old: '1', kept: '1' }, rds: { r: 'to old' } }));
  client.ask('cds');
  client.ask('rds', { subscribe: ['r'] });
  for (const response of client.take()) client.ack(response);
  client.stream.setTarget(testSnapshot({ cds: { kept: '1' }, rds: { r: 'to kept' } }));
  const [routes] = client.take();
  assert.deepEqual(names(routes ? [routes] : []), ['rds r']);
  client.ack(routes);
  const [clusters] = client.take();
  assert.deepEqual([clusters?.kind, clusters?.removed], ['cds', ['old']]);
  client.ack(clusters);
  assert.ok(client.stream.isSettled);
});

test('a changed cluster is followed by its endpoints although they did not change, because the client waits for them', () => {
  for (const mode of ['sotw', 'delta'] as const) {
    const client = new Client(mode);
    client.stream.setTarget(testSnapshot({ cds: { a: '1', b: '1' }, eds: { a: '1', b: '1' } }));
    client.ask('cds');
    client.ack(client.take().at(-1));
    client.ask('eds', mode === 'sotw' ? { names: ['a', 'b'] } : { subscribe: ['a', 'b'] });
    client.ack(client.take().at(-1), ['a', 'b']);
    client.stream.setTarget(testSnapshot({ cds: { a: '2', b: '1' }, eds: { a: '1', b: '1' } }));
    client.ack(client.take().at(-1));
    assert.deepEqual(names(client.take()), ['eds a'], mode);
  }
});

test('state of the world: asking for endpoints again after a cluster push is answered', () => {
  const client = new Client('sotw');
  client.stream.setTarget(testSnapshot({ cds: { a: '1' }, eds: { a: '1' } }));
  client.ask('cds');
  client.ack(client.take().at(-1));
  client.ask('eds', { names: ['a'] });
  const [endpoints] = client.take();
  client.ack(endpoints, ['a']);
  client.stream.setTarget(testSnapshot({ cds: { a: '2' }, eds: { a: '1' } }));
  client.take();
  client.ask('eds', { nonce: endpoints?.nonce ?? '', names: ['a'] });
  assert.deepEqual(names(client.take()), ['eds a']);
});

test('delta: after a reconnect only what differs from the versions the client has is sent', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ cds: { same: '1', newer: '2' } }));
  client.ask('cds', { initialVersions: { same: '1', newer: '1', gone: '1' } });
  const [response] = client.take();
  assert.deepEqual(
    response?.resources.map(({ name }) => name),
    ['newer'],
  );
  assert.deepEqual(response?.removed, ['gone']);
});

test('delta: subscribing again sends again, and unsubscribing in the same message comes first', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ rds: { r: '1' } }));
  client.ask('rds', { subscribe: ['r'] });
  client.ack(client.take().at(-1));
  client.ask('rds', { subscribe: ['r'], unsubscribe: ['r'] });
  assert.deepEqual(names(client.take()), ['rds r']);
});

test('delta: a name that does not exist is answered as removed, and sent when it appears', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({}));
  client.ask('rds', { subscribe: ['r'] });
  const [response] = client.take();
  assert.deepEqual(response?.removed, ['r']);
  client.ack(response);
  client.stream.setTarget(testSnapshot({ rds: { r: '1' } }));
  assert.deepEqual(names(client.take()), ['rds r']);
});

test('there is never more than one response without its ACK of a type: later pushes are taken together', () => {
  const client = new Client('delta');
  client.stream.setTarget(testSnapshot({ cds: { a: '1' } }));
  client.ask('cds');
  const [first] = client.take();
  client.stream.setTarget(testSnapshot({ cds: { a: '2' } }));
  client.stream.setTarget(testSnapshot({ cds: { a: '3' } }));
  assert.deepEqual(client.take(), []);
  client.ack(first);
  const [second] = client.take();
  assert.deepEqual(
    second?.resources.map(({ version }) => version),
    ['3'],
  );
});
