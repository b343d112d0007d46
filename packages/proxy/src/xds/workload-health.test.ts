import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { startProxy } from '../proxy.ts';
import { ControlPlaneForTest } from './control-plane-for-test.ts';
import { ask, type ReadinessProbe } from './readiness-probe.ts';
import { adsBootstrap } from './resources-for-test.ts';
import { WorkloadHealth } from './workload-health.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  return port;
}

test('a probe asks by HTTP, by a connection, by a command or by gRPC', async () => {
  const seen: string[] = [];
  const app = await listening(
    createHttpServer(({ url, headers }, response) => {
      seen.push(`${url} ${headers.host} ${headers['user-agent']} ${headers['x-probe'] ?? ''}`);
      response.writeHead(url === '/moved' ? 302 : url === '/ill' ? 503 : 200).end();
    }),
  );
  const silent = await listening(createServer());
  const nobody = await closedPort();
  const host = '127.0.0.1';
  const httpHeaders = [
    { name: 'Host', value: 'app' },
    { name: 'X-Probe', value: '1' },
  ];
  assert.equal(await ask({ httpGet: { host, port: app, path: 'up', httpHeaders } }), null);
  assert.equal(await ask({ httpGet: { host, port: app, path: '/moved' } }), null);
  assert.equal(await ask({ httpGet: { host, port: app, path: '/ill' } }), 'status 503, expected 200 to 399');
  assert.deepEqual(seen, ['/up app istio-probe/1.0 1', `/moved ${host}:${app} istio-probe/1.0 `, `/ill ${host}:${app} istio-probe/1.0 `]);
  assert.equal(await ask({ httpGet: { host, port: silent }, timeoutSeconds: 0.05 }), 'no answer within 50 ms');
  assert.match((await ask({ httpGet: { host, port: silent, scheme: 'HTTPS' }, timeoutSeconds: 0.05 })) ?? '', /^no answer/);
  assert.equal(await ask({ tcpSocket: { host, port: app } }), null);
  assert.match((await ask({ tcpSocket: { host, port: nobody } })) ?? '', /ECONNREFUSED/);
  assert.equal(await ask({ exec: { command: ['true'] } }), null);
  assert.match((await ask({ exec: { command: ['false'] } })) ?? '', /failed/);
  assert.equal(await ask({ exec: { command: ['sleep', '5'] }, timeoutSeconds: 0.05 }), 'the command took longer than 50 ms');
  assert.match((await ask({ grpc: { port: nobody } })) ?? '', /ECONNREFUSED|No connection/);
  assert.equal(await ask({ grpc: { port: await healthService(), service: 'well' } }), null);
  assert.equal(await ask({ grpc: { port: await healthService(), service: 'ill' } }), 'the service is not serving');
});

async function healthService(): Promise<number> {
  const server = new grpc.Server();
  const same = (bytes: Buffer): Buffer => bytes;
  const kinds = { requestStream: false, responseStream: false };
  const codecs = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
  const answer = (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): void =>
    done(null, Buffer.from([0x08, call.request.subarray(2).toString() === 'well' ? 1 : 2]));
  server.addService({ check: { path: '/grpc.health.v1.Health/Check', ...kinds, ...codecs } }, { check: answer });
  stops.push(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync('localhost:0', grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
}

test('only changes are told, after as many answers in a row as the thresholds ask for', async () => {
  const answers = [false, true, true, false, true, false, false, true, true];
  let asked = 0;
  const app = await listening(createHttpServer((_request, response) => response.writeHead(answers[asked++] ? 200 : 500).end()));
  const told: string[] = [];
  const probe: ReadinessProbe = {
    httpGet: { host: '127.0.0.1', port: app },
    periodSeconds: 0.005,
    successThreshold: 2,
    failureThreshold: 2,
  };
  await new Promise<void>((resolve) => {
    const health = new WorkloadHealth(probe, (problem) => {
      told.push(`${asked} ${problem ?? 'well'}`);
      if (told.length < 3) return;
      health.stop();
      resolve();
    });
    // The watch itself keeps no process alive.
    const keeper = setInterval(() => asked >= answers.length && clearInterval(keeper), 5);
  });
  assert.deepEqual(told, ['3 well', '7 status 500, expected 200 to 399', '9 well']);
});

for (const apiType of ['GRPC', 'DELTA_GRPC']) {
  test(`${apiType}: the control plane is told how the application is, and again after a reconnect`, async () => {
    let status = 200;
    const app = await listening(createHttpServer((_request, response) => response.writeHead(status).end()));
    const control = await ControlPlaneForTest.start();
    stops.push(() => control.stop());
    const readinessProbe = { httpGet: { host: '127.0.0.1', port: app }, periodSeconds: 0.02 };
    const bootstrap = adsBootstrap([control.port], { apiType });
    const proxy = await startProxy({
      bootstrap: { ...bootstrap, node: { ...bootstrap.node, metadata: { PROXY_CONFIG: { readinessProbe } } } },
      drainTimeMs: 0,
    });
    stops.push(() => proxy.stop());
    const reports = (): readonly (string | null)[] => control.requests.filter(({ kind }) => kind === null).map(({ error }) => error);
    const until = async (count: number): Promise<void> => {
      while (reports().length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(1);
    status = 503;
    await until(2);
    control.dropStreams();
    await until(3);
    assert.deepEqual(reports(), [null, 'status 503, expected 200 to 399', 'status 503, expected 200 to 399']);
  });
}
