import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { buildPlan } from '@weft/core/plan/build-plan';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import { callCluster, type InternalAnswer } from '../http/internal-request.ts';
import { SecretStore } from '../identity/secret-store.ts';
import { TlsContexts } from '../identity/tls-contexts.ts';
import { TimerWheel } from '../io/timer-wheel.ts';
import { Registry } from '../telemetry/registry.ts';
import { ClusterManager } from './cluster-manager.ts';

const stops: (() => unknown)[] = [];
after(() => {
  for (const stop of stops.reverse()) stop();
});

/** An application that counts connections; `/slow` answers after a while. */
async function startOrigin(keepAliveTimeoutMs = 60_000): Promise<{ port: number; sockets: Set<Socket>; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    setTimeout(() => response.end('ok'), request.url === '/slow' ? 150 : 0);
  });
  server.keepAliveTimeout = keepAliveTimeoutMs;
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, sockets, server };
}

const endpoint = (port: number) => ({ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } } });
const clusterAt = (ports: readonly number[], more: object = {}): ClusterJson => ({
  name: 'c',
  connectTimeout: '1s',
  ...more,
  loadAssignment: { clusterName: 'c', endpoints: [{ lbEndpoints: ports.map(endpoint) }] },
});
const httpOptions = (common: object) => ({
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      commonHttpProtocolOptions: common,
      explicitHttpConfig: { httpProtocolOptions: {} },
    },
  },
});

interface Upstreams {
  use(clusters: readonly ClusterJson[]): void;
  ask(path?: string): Promise<InternalAnswer | null>;
  /** Lets time pass for the pools, which then look at their connections. */
  advance(ms: number): void;
}

function upstreams(): Upstreams {
  let skipped = 0;
  const now = (): number => performance.now() + skipped;
  const manager = new ClusterManager({
    registry: new Registry(),
    tlsContexts: new TlsContexts(new SecretStore(() => {})),
    now,
    random: Math.random,
    timers: new TimerWheel(now),
    locality: { region: '', zone: '', subZone: '' },
    localClusterName: '',
    shared: null,
    toldHealth: null,
  });
  stops.push(() => manager.close());
  return {
    use: (clusters) => manager.usePlan(buildPlan({ clusters, endpoints: [], listeners: [], routes: [], secrets: [] }, null)),
    ask: (path = '/') => {
      const cluster = manager.get('c');
      if (cluster === undefined) return Promise.resolve(null);
      return callCluster(cluster, { method: 'GET', path, authority: 'c', headers: [], body: null, timeoutMs: 3000, connection: null });
    },
    advance: (ms) => {
      skipped += ms;
      manager.get('c')?.sweep(now());
    },
  };
}

test('a connection serves request after request, until its number or its age is reached', async () => {
  const origin = await startOrigin();
  const pools = upstreams();
  pools.use([clusterAt([origin.port], httpOptions({ maxRequestsPerConnection: 2 }))]);
  for (let i = 0; i < 4; i++) assert.equal((await pools.ask())?.status, 200);
  assert.equal(origin.sockets.size, 2);
  pools.use([clusterAt([origin.port], httpOptions({ maxConnectionDuration: '10s' }))]);
  await pools.ask();
  await pools.ask();
  assert.equal(origin.sockets.size, 3);
  pools.advance(11_000);
  await pools.ask();
  assert.equal(origin.sockets.size, 4);
});

test('an idle connection is closed after the idle timeout', async () => {
  const origin = await startOrigin();
  const pools = upstreams();
  pools.use([clusterAt([origin.port], httpOptions({ idleTimeout: '5s' }))]);
  await pools.ask();
  pools.advance(4000);
  await pools.ask();
  assert.equal(origin.sockets.size, 1);
  pools.advance(6000);
  await pools.ask();
  assert.equal(origin.sockets.size, 2);
});

test('a connection is closed before the host that announced its timeout would', async () => {
  const origin = await startOrigin(5000);
  const pools = upstreams();
  pools.use([clusterAt([origin.port])]);
  await pools.ask();
  pools.advance(3000);
  await pools.ask();
  assert.equal(origin.sockets.size, 1);
  pools.advance(4500);
  await pools.ask();
  assert.equal(origin.sockets.size, 2);
});

test('nothing under way is lost when its host, its cluster or its settings go', async () => {
  const [one, two] = [await startOrigin(), await startOrigin()];
  const pools = upstreams();
  const changes: readonly (readonly ClusterJson[])[] = [
    [clusterAt([two.port])],
    [clusterAt([one.port], httpOptions({ idleTimeout: '7s' }))],
    [clusterAt([one.port], { transportSocketMatches: [{ name: 'plain', match: {} }] })],
    [],
  ];
  for (const after of changes) {
    pools.use([clusterAt([one.port])]);
    await pools.ask();
    const answers = Promise.all(Array.from({ length: 5 }, () => pools.ask('/slow')));
    await new Promise((resolve) => setTimeout(resolve, 30));
    pools.use(after);
    assert.deepEqual(
      (await answers).map((answer) => answer?.status),
      [200, 200, 200, 200, 200],
    );
  }
});

for (const [version, start] of [
  ['V1', 'PROXY TCP4 127.0.0.1 127.0.0.1 '],
  ['V2', '\r\n\r\n\0\r\nQUIT\n'],
] as const) {
  test(`a connection begins with PROXY protocol ${version} where its transport says so`, async () => {
    const received: Buffer[] = [];
    const server = createTcpServer((socket) => {
      socket.on('data', (bytes: Buffer) => {
        received.push(bytes);
        if (Buffer.concat(received).includes('GET / HTTP/1.1'))
          socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => server.close());
    const pools = upstreams();
    const transportSocket = {
      name: 'envoy.transport_sockets.upstream_proxy_protocol',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
        config: { version },
        transportSocket: { name: 'envoy.transport_sockets.raw_buffer' },
      },
    };
    pools.use([clusterAt([(server.address() as AddressInfo).port], { transportSocket })]);
    assert.equal((await pools.ask())?.status, 200);
    assert.ok(Buffer.concat(received).toString('latin1').startsWith(start));
  });
}
