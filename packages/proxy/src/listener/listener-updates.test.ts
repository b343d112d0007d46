import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';
import { ControlPlaneForTest } from '../xds/control-plane-for-test.ts';
import { adsBootstrap, endpointsOf } from '../xds/resources-for-test.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.${name}`;
const sleepless = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function echoPort(): Promise<number> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A chain for one source port range of a listener, known by its statPrefix. */
function chain(name: string, match: object, before: object[] = []): object {
  const tcp = { '@type': type('network.tcp_proxy.v3.TcpProxy'), statPrefix: name, cluster: 'echo' };
  return { name, filterChainMatch: match, filters: [...before, { name: 'tcp', typedConfig: tcp }] };
}

function listener(filterChains: object[], more: object = {}): object {
  return { name: 'in', address: { socketAddress: { address: '127.0.0.1', portValue: 0 } }, filterChains, ...more };
}

async function meshWith(
  filterChains: object[],
  bootstrap: object = {},
  listenerDrainMs = 50,
): Promise<{ control: ControlPlaneForTest; proxy: RunningProxy; port: number }> {
  const control = await ControlPlaneForTest.start();
  stops.push(() => control.stop());
  control.set('clusters', [{ name: 'echo', loadAssignment: endpointsOf('echo', [await echoPort()]) }]);
  control.set('listeners', [listener(filterChains)]);
  const proxy = await startProxy({ bootstrap: { ...adsBootstrap([control.port]), ...bootstrap }, drainTimeMs: 0, listenerDrainMs });
  stops.push(() => proxy.stop());
  await proxy.ready;
  return { control, proxy, port: proxy.listenerPorts().get('in') ?? 0 };
}

async function opened(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  stops.push(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Whether a connection is served: what is sent comes back. */
async function echoes(socket: Socket): Promise<boolean> {
  const closed = once(socket, 'close').then(() => false);
  const data = once(socket, 'data').then(() => true);
  socket.write('x');
  return Promise.race([data, closed]);
}

/** Whether a new connection is served; one that is reset before it is open is not. */
async function isServed(port: number, localAddress?: string): Promise<boolean> {
  return opened(port, localAddress).then(echoes, () => false);
}

const from = (addressPrefix: string): object => ({ sourcePrefixRanges: [{ addressPrefix, prefixLen: 32 }] });

test('an update of filter chains alone keeps the connections of those that stay', async () => {
  const { control, port, proxy } = await meshWith([chain('one', from('127.0.0.1')), chain('two', from('127.0.0.2'))]);
  const [one, two] = [await opened(port), await opened(port, '127.0.0.2')];
  assert.deepEqual([await echoes(one), await echoes(two)], [true, true]);
  const ended = once(two, 'close');
  control.set('listeners', [listener([chain('one', from('127.0.0.1')), chain('three', from('127.0.0.3'))])]);
  await ended;
  assert.equal(await echoes(one), true);
  assert.equal(proxy.listenerPorts().get('in'), port);
  assert.equal(await echoes(await opened(port, '127.0.0.3')), true);
  control.set('listeners', [listener([chain('one', from('127.0.0.1'))], { listenerFiltersTimeout: '3s' })]);
  await once(one, 'close');
  assert.equal(await echoes(await opened(port)), true);
});

/** A chain that answers every request with one text. */
function answering(text: string): object {
  const routes = [{ match: { prefix: '/' }, directResponse: { status: 200, body: { inlineString: text } } }];
  const manager = {
    '@type': type('network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'in',
    routeConfig: { virtualHosts: [{ name: 'all', domains: ['*'], routes }] },
    httpFilters: [{ name: 'router', typedConfig: { '@type': type('http.router.v3.Router') } }],
  };
  return { name: 'http', filters: [{ name: 'http', typedConfig: manager }] };
}

test('what changed in a chain holds on connections that were there before, after one request at most', async () => {
  const { control, port } = await meshWith([answering('before')], {}, 600_000);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  stops.push(() => agent.destroy());
  const ask = async (): Promise<string> => {
    const [response] = await once(get({ agent, port, host: '127.0.0.1' }), 'response');
    return (await response.setEncoding('utf8').toArray()).join('');
  };
  assert.equal(await ask(), 'before');
  control.set('listeners', [listener([answering('after')])]);
  while ((await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()) === 'before') await sleepless();
  await ask();
  assert.equal(await ask(), 'after');
});

test('connections over a limit are closed: of a filter, of the listener, of the process', async () => {
  const limit = {
    name: 'limit',
    typedConfig: { '@type': type('network.connection_limit.v3.ConnectionLimit'), statPrefix: 'l', maxConnections: 1 },
  };
  const rate = {
    name: 'rate',
    typedConfig: {
      '@type': type('network.local_ratelimit.v3.LocalRateLimit'),
      statPrefix: 'r',
      tokenBucket: { maxTokens: 1, fillInterval: '3600s' },
    },
  };
  const runtime = (staticLayer: object): object => ({ layeredRuntime: { layers: [{ name: 'static', staticLayer }] } });
  const monitor = {
    name: 'envoy.resource_monitors.global_downstream_max_connections',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
      maxActiveDownstreamConnections: '1',
    },
  };
  const cases: readonly (readonly [string, object[], object])[] = [
    ['connection_limit', [limit], {}],
    ['local_ratelimit', [rate], {}],
    ['listener', [], runtime({ envoy: { resource_limits: { listener: { in: { connection_limit: 1 } } } } })],
    ['global', [], runtime({ 'overload.global_downstream_max_connections': 1 })],
    ['overload manager', [], { overloadManager: { resourceMonitors: [monitor] } }],
  ];
  for (const [name, filters, bootstrap] of cases) {
    const { port } = await meshWith([chain('one', {}, filters)], bootstrap);
    const first = await opened(port);
    assert.equal(await echoes(first), true, name);
    assert.equal(await isServed(port), false, name);
    first.destroy();
    if (name === 'local_ratelimit') continue;
    while (!(await isServed(port))) await sleepless();
  }
});

test('a connection that waits for permission ends with its chain', async () => {
  const asked: Socket[] = [];
  const deaf = createServer((socket) => asked.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  stops.push(() => {
    for (const socket of asked) socket.destroy();
    deaf.close();
  });
  const permission = {
    name: 'authz',
    typedConfig: {
      '@type': type('network.ext_authz.v3.ExtAuthz'),
      statPrefix: 'authz',
      transportApiVersion: 'V3',
      grpcService: { envoyGrpc: { clusterName: 'deaf' }, timeout: '600s' },
    },
  };
  const { control, port } = await meshWith([chain('one', from('127.0.0.1')), chain('two', from('127.0.0.2'), [permission])]);
  const endpoints = endpointsOf('deaf', [(deaf.address() as AddressInfo).port]);
  control.set('clusters', [
    { name: 'echo', loadAssignment: endpointsOf('echo', [await echoPort()]) },
    { name: 'deaf', loadAssignment: endpoints },
  ]);
  while (asked.length === 0) {
    const early = await opened(port, '127.0.0.2');
    early.write('x');
    await Promise.race([once(deaf, 'connection'), once(early, 'close')]);
    if (asked.length === 0) early.destroy();
    else {
      const ended = once(early, 'close');
      control.set('listeners', [listener([chain('one', from('127.0.0.1'))])]);
      await ended;
    }
  }
  assert.equal(await echoes(await opened(port)), true);
});

test('who fits no chain is turned away, and a listener that is removed accepts nobody', async () => {
  const { control, port } = await meshWith([chain('one', from('127.0.0.1'))]);
  assert.equal(await isServed(port, '127.0.0.9'), false, 'no chain takes it');
  control.set('listeners', []);
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.destroy();
    if (!isOpen) break;
  }
});
