import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import { buildPlan } from '@weft/core/plan/build-plan';
import { SecretStore } from '../identity/secret-store.ts';
import { TlsContexts } from '../identity/tls-contexts.ts';
import { TimerWheel } from '../io/timer-wheel.ts';
import { Registry } from '../telemetry/registry.ts';
import type { Cluster } from './cluster.ts';
import { ClusterManager } from './cluster-manager.ts';

const stops: (() => unknown)[] = [];
after(() => {
  for (const stop of stops.reverse()) stop();
});

async function listen(server: Server | http2.Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const every = { timeout: '1s', interval: '0.02s', noTrafficInterval: '0.02s', unhealthyThreshold: 2, healthyThreshold: 1 };

interface Checked {
  readonly cluster: () => Cluster;
  readonly use: (ports: readonly number[]) => void;
}

function checked(ports: readonly number[], check: object, endpoint: object = {}): Checked {
  const manager = new ClusterManager({
    registry: new Registry(),
    tlsContexts: new TlsContexts(new SecretStore(() => {})),
    now: () => performance.now(),
    random: Math.random,
    timers: new TimerWheel(() => performance.now()),
    locality: { region: '', zone: '', subZone: '' },
    localClusterName: '',
    shared: null,
    toldHealth: null,
  });
  stops.push(() => manager.close());
  const use = (current: readonly number[]): void => {
    const lbEndpoints = current.map((portValue) => ({
      endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue } }, ...endpoint },
    }));
    const cluster = {
      name: 'shop',
      connectTimeout: '1s',
      healthChecks: [{ ...every, ...check }],
      loadAssignment: { clusterName: 'shop', endpoints: [{ lbEndpoints }] },
    };
    manager.usePlan(buildPlan({ clusters: [cluster], endpoints: [], listeners: [], routes: [], secrets: [] }, null));
  };
  use(ports);
  const cluster = (): Cluster => {
    const found = manager.get('shop');
    assert.ok(found !== undefined);
    return found;
  };
  return { cluster, use };
}

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); ) {
    assert.ok(Date.now() < end, 'what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const health = ({ cluster }: Checked): string[] => cluster().hosts.map((host) => host.coarseHealth);

test('HTTP checks name the cluster, carry their headers, and keep their connection', async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    seen.push([request.method, request.url, request.headers.host, request.headers['user-agent'], request.headers['x-check']]);
    response.end();
  });
  let connections = 0;
  server.on('connection', () => connections++);
  const check = { httpHealthCheck: { path: '/ready', requestHeadersToAdd: [{ header: { key: 'x-check', value: 'yes' } }] } };
  const hosts = checked([await listen(server)], check);
  await until(() => seen.length >= 3);
  assert.deepEqual([seen[0], connections, health(hosts)], [['GET', '/ready', 'shop', 'Envoy/HC', 'yes'], 1, ['healthy']]);
});

test('checks go to the port and name that the endpoint tells', async () => {
  const names: unknown[] = [];
  const server = createServer((request, response) => {
    names.push(request.headers.host);
    response.end();
  });
  const port = await listen(server);
  const hosts = checked([1], { httpHealthCheck: { path: '/' } }, { healthCheckConfig: { portValue: port, hostname: 'probe.example.com' } });
  await until(() => health(hosts)[0] === 'healthy');
  assert.equal(names[0], 'probe.example.com');
});

test('gRPC checks follow what the service serves', async () => {
  let status = 1;
  const server = http2.createServer();
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
  });
  const hosts = checked([await listen(server)], { grpcHealthCheck: { serviceName: 'shop' } });
  await until(() => health(hosts)[0] === 'healthy');
  status = 2;
  await until(() => health(hosts)[0] === 'unhealthy');
  status = 1;
  await until(() => health(hosts)[0] === 'healthy');
});

test('TCP checks look for what they expect among what comes', async () => {
  let answer = 'xx PONG yy';
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(answer));
  });
  const text = (value: string) => ({ text: Buffer.from(value).toString('hex') });
  const check = { timeout: '0.1s', tcpHealthCheck: { send: text('PING'), receive: [text('PONG'), text('yy')] } };
  const hosts = checked([await listen(server)], check);
  await until(() => health(hosts)[0] === 'healthy');
  answer = 'yy PONG';
  await until(() => health(hosts)[0] === 'unhealthy');
});

test('a cluster is ready when its hosts were checked once, and a host that passes outlives its assignment', async () => {
  let isUp = true;
  const server = createServer((_request, response) => response.writeHead(isUp ? 200 : 503).end());
  const [one, two] = [await listen(server), await listen(createServer((_request, response) => response.end()))];
  const hosts = checked([one, two], { httpHealthCheck: { path: '/' } });
  assert.equal(hosts.cluster().isInitialized, false);
  await until(() => hosts.cluster().isInitialized);
  assert.deepEqual(health(hosts), ['healthy', 'healthy']);
  hosts.use([two]);
  assert.equal(hosts.cluster().hosts.length, 2);
  isUp = false;
  await until(() => hosts.cluster().hosts.length === 1);
  assert.equal(hosts.cluster().hosts[0]?.endpoint.key, `127.0.0.1:${two}`);
});

test('an ordinary response that asks to be left alone makes its host unhealthy until a check succeeds', async () => {
  const port = await listen(createServer((_request, response) => response.end()));
  const hosts = checked([port], { interval: '0.3s', noTrafficInterval: '0.3s', httpHealthCheck: { path: '/' } });
  await until(() => health(hosts)[0] === 'healthy');
  const [host] = hosts.cluster().hosts;
  assert.ok(host !== undefined);
  hosts.cluster().reportUnhealthy(host);
  assert.deepEqual(health(hosts), ['unhealthy']);
  await until(() => health(hosts)[0] === 'healthy');
});
