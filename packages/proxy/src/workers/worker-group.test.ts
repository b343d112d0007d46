import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { freePort } from '../../faults/free-port-for-test.ts';
import { startProxy } from '../proxy.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';
import { ControlPlaneForTest } from '../xds/control-plane-for-test.ts';
import { adsBootstrap, edsCluster, endpointsOf, listenerFor, routesTo } from '../xds/resources-for-test.ts';
import { WorkerGroup } from './worker-group.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

function call(port: number, path = '/', method = 'GET'): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const made = request({ port, host: '127.0.0.1', path, method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    made.on('error', reject);
    made.end();
  });
}

async function originPort(): Promise<number> {
  const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** An application that answers when it is told to. */
async function slowOrigin(): Promise<{ readonly port: number; readonly waiting: () => number; readonly release: () => void }> {
  const waiting = new Set<() => void>();
  const server = createServer((made, response) => {
    const answer = (): void => void response.end('hello');
    waiting.add(answer);
    made.socket.once('close', () => waiting.delete(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  const release = (): void => {
    for (const answer of waiting) answer();
  };
  return { port: (server.address() as AddressInfo).port, waiting: () => waiting.size, release };
}

/** Names of all stats but those of the thread that asks. */
async function statNames(adminPort: number): Promise<readonly string[]> {
  const { text } = await call(adminPort, '/stats');
  return text.split('\n').map((line) => line.replace(/: .*/, ''));
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('two workers share a port, one stream, one admin interface and their counts; one that crashes comes back', async () => {
  const origin = await originPort();
  const control = await ControlPlaneForTest.start();
  stops.push(() => control.stop());
  const port = await freePort();
  control.set('clusters', [edsCluster('one')]);
  control.set('endpoints', [endpointsOf('one', [origin])]);
  control.set('listeners', [listenerFor('in', 'r', { port })]);
  control.set('routes', [routesTo('r', 'one', { retryOn: 'connect-failure' })]);
  const lines: string[] = [];
  const group = await WorkerGroup.start({
    bootstrap: adsBootstrap([control.port]),
    count: 2,
    log: (_level, text) => lines.push(text),
    drainTimeMs: 0,
  });
  stops.push(() => group.stop());
  await group.ready;
  assert.equal(control.streams, 1);
  const admin = group.adminPort ?? 0;
  const total = async (): Promise<number> => {
    const { text } = await call(admin, '/stats?filter=cluster.one.upstream_rq_total');
    return Number(/upstream_rq_total: (\d+)/.exec(text)?.[1] ?? 0);
  };
  for (let i = 0; i < 40; i++) assert.equal((await call(port)).status, 200);
  assert.equal(await total(), 40);
  assert.match((await call(admin, '/clusters')).text, /one::127\.0\.0\.1:\d+::rq_total::40\n/);
  assert.match((await call(admin, '/stats/prometheus')).text, /envoy_cluster_upstream_rq_total\{[^}]*"one"[^}]*\} 40\n/);
  assert.match((await call(admin, '/config_dump')).text, /"version_info": "\d+"/);

  await group.crash(0);
  assert.equal((await call(admin, '/ready')).status, 503);
  assert.equal((await call(port)).status, 200, 'the other worker serves meanwhile');
  await until(async () => (await call(admin, '/ready')).status === 200);
  assert.ok(lines.some((line) => line.startsWith('worker 0 ended and is started again')));
  assert.equal(await total(), 41, 'what the crashed worker counted stays counted');
  await call(admin, '/reset_counters', 'POST');
  assert.equal(await total(), 0, 'until counters are reset');

  control.set('routes', [{ name: 'r', virtualHosts: [] }]);
  await until(async () => (await call(port)).status === 404);
  for (let i = 0; i < 10; i++) assert.equal((await call(port)).status, 404, 'both workers have the change');
  await call(admin, '/quitquitquit', 'POST');
  await group.stopped;
});

test('what a worker had under way is free again when it crashed, and two show what one shows', async () => {
  const origin = await slowOrigin();
  const port = await freePort();
  const cluster = {
    name: 'one',
    connectTimeout: '1s',
    circuitBreakers: { thresholds: [{ maxRequests: 1 }] },
    outlierDetection: {},
    loadAssignment: endpointsOf('one', [origin.port]),
  };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: 'in',
    routeConfig: routesTo('r', 'one'),
    httpFilters: [{ name: 'router', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
  const bootstrapOn = (portValue: number): Bootstrap =>
    ({
      admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
      staticResources: {
        listeners: [
          {
            name: 'in',
            address: { socketAddress: { address: '127.0.0.1', portValue } },
            filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }],
          },
        ],
        clusters: [cluster],
      },
    }) as Bootstrap;
  const group = await WorkerGroup.start({ bootstrap: bootstrapOn(port), count: 2, log: () => {}, drainTimeMs: 0 });
  stops.push(() => group.stop());
  await group.ready;
  const lost = call(port).catch(() => null);
  await until(async () => origin.waiting() === 1);
  for (let i = 0; i < 6; i++) assert.equal((await call(port)).status, 503, 'one request is all that the process may have');

  const isReady = async (): Promise<boolean> => (await call(group.adminPort ?? 0, '/ready')).status === 200;
  for (const index of [0, 1]) {
    await group.crash(index);
    await until(isReady);
  }
  assert.equal(await lost, null);
  const next = call(port);
  await until(async () => origin.waiting() === 1);
  origin.release();
  assert.equal((await next).status, 200);

  const alone = await startProxy({ bootstrap: bootstrapOn(await freePort()), drainTimeMs: 0 });
  stops.push(() => alone.stop());
  await alone.ready;
  const [alonePort = 0] = alone.listenerPorts().values();
  const served = call(alonePort);
  await until(async () => origin.waiting() === 1);
  origin.release();
  await served;
  const same = (names: readonly string[]): readonly string[] =>
    names.filter((name) => !/_rq_|_cx_/.test(name)).map((name) => name.replace(/_\d+\./, '_PORT.'));
  assert.deepEqual(same(await statNames(group.adminPort ?? 0)), same(await statNames(alone.adminPort ?? 0)));
  const { text } = await call(group.adminPort ?? 0, '/stats?filter=^server.concurrency');
  assert.equal(text, 'server.concurrency: 2\n');
});
