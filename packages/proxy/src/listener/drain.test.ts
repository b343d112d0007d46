import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import http2 from 'node:http2';
import { after, test } from 'node:test';
import { OriginForTest } from '../../faults/origin-for-test.ts';
import { startProxy } from '../proxy.ts';
import { endpointsOf, listenerFor, routesTo } from '../xds/resources-for-test.ts';
import { Drain } from './drain.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

function post(port: number | null, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const made = request({ port, host: '127.0.0.1', method: 'POST', path }, (response) => {
      response.resume().on('end', () => resolve());
    });
    made.on('error', reject);
    made.end();
  });
}

test('a gradual drain asks more and more clients to leave, an immediate one all at once', () => {
  let now = 1000;
  const share = (drain: Drain): boolean => drain.asksToLeave;
  const clock = { now: () => now, random: () => 0.5 };
  const gradual = new Drain('gradual', 600, clock);
  assert.equal(share(gradual), false);
  now += 299;
  assert.equal(share(gradual), false);
  now += 2;
  assert.equal(share(gradual), true);
  assert.equal(share(new Drain('immediate', 600, clock)), true);
});

test('an HTTP/2 client is told to leave before it is refused a stream, an HTTP/1.1 client with its response', async () => {
  const origin = await OriginForTest.start();
  stops.push(() => origin.kill());
  const listener = listenerFor('in', 'r') as { filterChains: [{ filters: [{ typedConfig: { rds?: object; routeConfig?: object } }] }] };
  const { typedConfig } = listener.filterChains[0].filters[0];
  delete typedConfig.rds;
  typedConfig.routeConfig = routesTo('r', 'origin');
  const proxy = await startProxy({
    bootstrap: {
      admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
      staticResources: { listeners: [listener], clusters: [{ name: 'origin', loadAssignment: endpointsOf('origin', [origin.port]) }] },
    } as never,
    drainTimeMs: 0,
  });
  stops.push(() => proxy.stop());
  await proxy.ready;
  const port = proxy.listenerPorts().get('in') ?? 0;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  stops.push(() => session.destroy());
  const ask = async (): Promise<number> => {
    const [headers] = await once(session.request({ ':path': '/' }).resume(), 'response');
    return headers[':status'];
  };
  assert.equal(await ask(), 200);
  const told = once(session, 'goaway');
  await post(proxy.adminPort, '/healthcheck/fail');
  const statuses = await Promise.all([ask(), ask()]);
  assert.deepEqual(statuses, [200, 200]);
  assert.deepEqual((await told).slice(0, 2), [0, 2 ** 31 - 1]);
  const [response] = await once(request({ port, host: '127.0.0.1', path: '/' }).end(), 'response');
  assert.equal(response.headers.connection, 'close');
  response.resume();
  await post(proxy.adminPort, '/healthcheck/ok');
  const [kept] = await once(request({ port, host: '127.0.0.1', path: '/', headers: { connection: 'keep-alive' } }).end(), 'response');
  assert.notEqual(kept.headers.connection, 'close');
  kept.resume();
});
