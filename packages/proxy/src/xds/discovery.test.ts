import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';
import { ControlPlaneForTest } from './control-plane-for-test.ts';
import { adsBootstrap, edsCluster, endpointsOf, listenerFor, routesTo } from './resources-for-test.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function origin(text: string): Promise<number> {
  const server = createServer((_request, response) => response.end(text));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function call(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    }).on('error', reject);
  });
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function plane(port = 0): Promise<Awaited<ReturnType<typeof ControlPlaneForTest.start>>> {
  const made = await ControlPlaneForTest.start(port);
  stops.push(() => made.stop());
  return made;
}

async function proxyFor(bootstrap: Parameters<typeof startProxy>[0]['bootstrap']): Promise<RunningProxy> {
  const proxy = await startProxy({ bootstrap, drainTimeMs: 0 });
  stops.push(() => proxy.stop());
  return proxy;
}

const portOf = (proxy: RunningProxy, name = 'in'): number => proxy.listenerPorts().get(name) ?? 0;

for (const apiType of ['GRPC', 'DELTA_GRPC']) {
  test(`${apiType}: everything is learned, changed, removed and learned again after a reconnect`, async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    const control = await plane();
    control.set('clusters', [edsCluster('one')]);
    control.set('endpoints', [endpointsOf('one', [a])]);
    control.set('listeners', [listenerFor('in', 'r'), listenerFor('gone', 'r')]);
    control.set('routes', [routesTo('r', 'one')]);
    const proxy = await proxyFor(adsBootstrap([control.port], { apiType }));
    await proxy.ready;
    assert.equal(await call(portOf(proxy)), '200 a');
    control.set('endpoints', [endpointsOf('one', [b])]);
    await until(async () => (await call(portOf(proxy))) === '200 b');
    control.set('listeners', [listenerFor('in', 'r')]);
    await until(() => portOf(proxy, 'gone') === 0);
    assert.deepEqual(
      control.requests.filter(({ hasNode }) => hasNode).map(({ kind }) => kind),
      ['clusters'],
      'the node goes with the first message only',
    );
    control.dropStreams();
    await until(() => control.streams === 1);
    control.set('endpoints', [endpointsOf('one', [a])]);
    await until(async () => (await call(portOf(proxy))) === '200 a');
  });

  test(`${apiType}: what cannot be used is refused alone and its last good form stays`, async () => {
    const a = await origin('a');
    const control = await plane();
    control.set('clusters', [edsCluster('one')]);
    control.set('endpoints', [endpointsOf('one', [a])]);
    control.set('listeners', [listenerFor('in', 'r')]);
    control.set('routes', [routesTo('r', 'one')]);
    const proxy = await proxyFor(adsBootstrap([control.port], { apiType }));
    await proxy.ready;
    const bad = {
      ...listenerFor('in', 'r'),
      listenerFilters: [{ name: 'x', typedConfig: { '@type': 'type.googleapis.com/envoy.config.core.v3.Node' } }],
    };
    control.set('listeners', [bad, listenerFor('more', 'r')]);
    await control.seen(({ kind, error }) => kind === 'listeners' && error?.includes('not supported') === true);
    await until(() => portOf(proxy, 'more') > 0);
    assert.equal(await call(portOf(proxy, 'more')), '200 a');
    assert.equal(await call(portOf(proxy)), '200 a');
    control.sendBroken('clusters', 'one');
    await control.seen(({ kind, error }) => kind === 'clusters' && error !== null);
    assert.equal(await call(portOf(proxy)), '200 a');
  });
}

test('a changed listener keeps its old routes until the new ones are there', async () => {
  const [a, b] = [await origin('a'), await origin('b')];
  const control = await plane();
  control.set('clusters', [edsCluster('one'), edsCluster('two')]);
  control.set('endpoints', [endpointsOf('one', [a]), endpointsOf('two', [b])]);
  control.set('listeners', [listenerFor('in', 'first')]);
  control.set('routes', [routesTo('first', 'one')]);
  const proxy = await proxyFor(adsBootstrap([control.port], { apiType: 'GRPC' }));
  await proxy.ready;
  const port = portOf(proxy);
  control.set('listeners', [listenerFor('in', 'second')]);
  await control.seen(({ kind, names }) => kind === 'routes' && names.includes('second'));
  assert.equal(await call(port), '200 a');
  control.set('routes', [routesTo('first', 'one'), routesTo('second', 'two')]);
  await until(async () => (await call(port)) === '200 b');
  await control.seen(({ kind, names }) => kind === 'routes' && names.length === 1 && names[0] === 'second');
});

test('the next endpoint of the control plane is asked when one is down', async () => {
  const a = await origin('a');
  const control = await plane();
  control.set('clusters', [edsCluster('one')]);
  control.set('endpoints', [endpointsOf('one', [a])]);
  control.set('listeners', [listenerFor('in', 'r')]);
  control.set('routes', [routesTo('r', 'one')]);
  const proxy = await proxyFor(adsBootstrap([1, control.port]));
  await proxy.ready;
  assert.equal(await call(portOf(proxy)), '200 a');
});

test('listeners and clusters come from files, which are read again however they are replaced', async () => {
  const [a, b, c] = [await origin('a'), await origin('b'), await origin('c')];
  const directory = mkdtempSync(join(tmpdir(), 'weft-xds-'));
  stops.push(() => rmSync(directory, { recursive: true }));
  const cluster = (port: number): string => {
    const resource = {
      '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      name: 'one',
      loadAssignment: endpointsOf('one', [port]),
    };
    return JSON.stringify({ version_info: '1', resources: [resource] });
  };
  // As Kubernetes mounts a volume: a link to a link that is replaced by a rename.
  const publish = (version: string, text: string): void => {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, 'cds.json'), text);
    symlinkSync(version, join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, 'data'));
  };
  publish('v1', cluster(a));
  symlinkSync('data/cds.json', join(directory, 'cds.json'));
  const listener = listenerFor('in', 'r') as { filterChains: [{ filters: [{ typedConfig: { rds?: object; routeConfig?: object } }] }] };
  const [
    {
      filters: [{ typedConfig }],
    },
  ] = listener.filterChains;
  delete typedConfig.rds;
  typedConfig.routeConfig = routesTo('r', 'one');
  const proxy = await proxyFor({
    node: { id: 'files' },
    dynamicResources: { cdsConfig: { pathConfigSource: { path: join(directory, 'cds.json'), watchedDirectory: { path: directory } } } },
    staticResources: { listeners: [listener] },
  } as never);
  await proxy.ready;
  assert.equal(await call(portOf(proxy)), '200 a');
  publish('v2', cluster(b));
  await until(async () => (await call(portOf(proxy))) === '200 b');
  publish('v3', 'neither');
  publish('v4', cluster(c));
  await until(async () => (await call(portOf(proxy))) === '200 c');
});

test('a filter whose configuration is discovered is waited for, and followed when it changes', async () => {
  const a = await origin('a');
  const control = await plane();
  const rbac = (action: string): object => ({
    name: 'policy',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: { action, policies: { p: { permissions: [{ any: true }], principals: [{ any: true }] } } },
    },
  });
  const listener = listenerFor('in', 'r') as { filterChains: [{ filters: [{ typedConfig: { httpFilters: object[] } }] }] };
  const discovered = { configSource: { ads: {} }, typeUrls: ['type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC'] };
  listener.filterChains[0].filters[0].typedConfig.httpFilters.unshift({ name: 'policy', configDiscovery: discovered });
  control.set('clusters', [edsCluster('one')]);
  control.set('endpoints', [endpointsOf('one', [a])]);
  control.set('listeners', [listener]);
  control.set('routes', [routesTo('r', 'one')]);
  const proxy = await proxyFor(adsBootstrap([control.port]));
  await control.seen(({ kind }) => kind === 'extensions');
  await control.seen(({ kind, nonce }) => kind === 'routes' && nonce !== '');
  assert.equal(portOf(proxy), 0);
  control.set('extensions', [rbac('ALLOW')]);
  await proxy.ready;
  assert.equal(await call(portOf(proxy)), '200 a');
  control.set('extensions', [rbac('DENY')]);
  await until(async () => (await call(portOf(proxy))).startsWith('403'));
  control.set('extensions', [{ name: 'policy', typedConfig: { '@type': 'type.googleapis.com/envoy.config.core.v3.Node' } }]);
  await control.seen(({ kind, error }) => kind === 'extensions' && error !== null);
  assert.ok((await call(portOf(proxy))).startsWith('403'));
});

test('virtual hosts on demand and REST sources are refused with a clear reason', async () => {
  const control = await plane();
  control.set('clusters', []);
  control.set('listeners', [listenerFor('in', 'r')]);
  control.set('routes', [{ name: 'r', vhds: { configSource: { ads: {} } } }]);
  await proxyFor(adsBootstrap([control.port], { apiType: 'GRPC' }));
  await control.seen(({ kind, error }) => kind === 'routes' && error?.includes('vhds is not supported') === true);
  await assert.rejects(startProxy({ bootstrap: adsBootstrap([control.port], { apiType: 'REST' }) }), /api_type REST is not supported/);
});
