import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { ServiceSummary, TrafficPeer, TrafficRecord } from '../api/types.ts';
import { startTestAgent, type TestAgent } from '../test-agent.ts';
import { parseEvents } from './agent-events.ts';
import { type CommandModule, InputError, UsageError } from './command.ts';
import * as explain from './explain.ts';
import * as tap from './tap.ts';
import * as top from './top.ts';

const peer = (workload: string, address: string): TrafficPeer => ({
  workload,
  namespace: 'shop',
  app: workload.split('-')[0] ?? '',
  version: 'v1',
  address,
  principal: null,
});
const record: Omit<TrafficRecord, 'id'> = {
  at: Date.UTC(2026, 5, 1),
  reporter: 'source',
  proxy: 'sidecar~127.0.0.1~orders-v1.shop~shop.svc.cluster.local',
  source: peer('orders-v1', '127.0.0.1:40000'),
  destination: peer('orders-v2', '127.0.0.1:18082'),
  service: 'orders.shop.svc.cluster.local',
  protocol: 'http',
  method: 'GET',
  path: '/list',
  authority: 'orders.shop',
  code: 503,
  grpcStatus: null,
  flags: ['UF'],
  details: '',
  durationMs: 3,
  requestBytes: 0,
  responseBytes: 0,
  attempts: 1,
  requestId: 'req-1',
  traceId: '',
  routeName: '',
  upstreamCluster: 'outbound|80|v2|orders.shop.svc.cluster.local',
  upstreamHost: '',
  mtls: false,
  refusedBy: null,
};

async function call({ agent }: TestAgent, module: CommandModule, onText: (text: string) => void, ...args: readonly string[]) {
  let out = '';
  const stdout = {
    write: (text: string) => {
      out += text;
      onText(text);
    },
  };
  const io = { stdin: Readable.from([]), stdout, stderr: { write: () => true }, cwd: '/' };
  const code = await module.run([...args, '--agent', `http://127.0.0.1:${agent.apiPort}`], io);
  return { code, out };
}
const quiet = (): void => {};

test('tap follows what the filter lets through, and ends after the number asked for', async (context) => {
  const mesh = await startTestAgent(context);
  const { records } = mesh.agent.parts;
  const ended = call(mesh, tap, quiet, 'shop/orders', '--code', '5xx', '--count', '2');
  while (!records.hasListeners) await new Promise((resolve) => setImmediate(resolve));
  records.add([record, { ...record, code: 200 }, { ...record, method: 'POST' }]);
  const { code, out } = await ended;
  assert.equal(code, 0);
  assert.deepEqual(
    out.split('\n').map((line) => line.split(' ')[0]),
    ['1', '3', ''],
  );
  assert.match(out, /source shop\/orders-v1 → shop\/orders-v2 GET orders\.shop\/list 503 3 ms plain UF/);
});

test('a recorded request is explained by its number or request id, a typed one by its URL', async (context) => {
  const mesh = await startTestAgent(context);
  mesh.agent.parts.records.add([record]);
  const recorded = await call(mesh, explain, quiet, '1', '-o', 'json');
  const { explanation } = JSON.parse(recorded.out) as {
    readonly explanation: { readonly action: { readonly clusters: readonly unknown[] } };
  };
  assert.deepEqual(explanation.action.clusters, [
    { name: 'outbound|80|v1|orders.shop.svc.cluster.local', weight: 90 },
    { name: 'outbound|80|v2|orders.shop.svc.cluster.local', weight: 10 },
  ]);
  assert.match((await call(mesh, explain, quiet, 'req-1')).out, /^1 .*\n[\s\S]*outbound\|80\|v1\|orders\.shop/);
  const typed = await call(mesh, explain, quiet, '--from', 'shop/orders-v1', 'http://orders.shop/list');
  assert.match(typed.out, /outbound\|80\|v1\|orders\.shop/);
  await assert.rejects(call(mesh, explain, quiet, '99'), InputError);
  await assert.rejects(call(mesh, explain, quiet, '--from', 'shop/nobody', 'http://orders.shop/'), /no workload shop\/nobody/);
  await assert.rejects(call(mesh, explain, quiet), UsageError);
});

test('top lists the services, or says why there is nothing', async (context) => {
  const mesh = await startTestAgent(context);
  const { services } = JSON.parse((await call(mesh, top, quiet, '-o', 'json')).out) as { readonly services: readonly ServiceSummary[] };
  assert.ok(services.some(({ namespace, name }) => `${namespace}/${name}` === 'shop/orders'));
  assert.match((await call(mesh, top, quiet, '-n', 'shop')).out, /shop\/orders +idle +0\.0/);
  await assert.rejects(call(mesh, top, quiet, '--sort', 'name'), UsageError);
});

test('the busiest services are first by what is asked for', () => {
  const service = (key: string, requestRate: number, p99Ms: number | null) =>
    ({ key, stats: { requestRate, connectionRate: 0, errorRate: 0, p99Ms } }) as ServiceSummary;
  const services = [service('a', 1, null), service('b', 5, 2), service('c', 1, 9)];
  const order = (sort: 'rate' | 'errors' | 'p99') => top.rankServices(services, sort).map(({ key }) => key);
  assert.deepEqual(
    [order('rate'), order('errors'), order('p99')],
    [
      ['b', 'a', 'c'],
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
    ],
  );
});

test('events of a stream are put together from whatever pieces they arrive in', async () => {
  const bytes = new TextEncoder().encode('event: connected\ndata: {}\n\n: ping\n\ndata: "ä"\nid: 1\n\n');
  const pieces = Readable.from([...bytes].map((byte) => Uint8Array.of(byte)));
  const events = [];
  for await (const event of parseEvents(pieces)) events.push(event);
  assert.deepEqual(events, [
    { event: 'connected', data: '{}' },
    { event: 'message', data: '"ä"' },
  ]);
});
