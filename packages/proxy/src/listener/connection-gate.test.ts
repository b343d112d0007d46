import assert from 'node:assert/strict';
import { type AddressInfo, createServer, connect as dial, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.filters.network.${name}`;
const address = (portValue: number) => ({ socketAddress: { address: '127.0.0.1', portValue } });
const endpointAt = (port: number) => [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }];

let echo: Server;
let silent: Server;
let proxy: RunningProxy;

/** Both listeners ask a service that never answers; what they do then differs. */
before(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  silent = createServer((socket) => socket.resume());
  for (const server of [echo, silent]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const listener = (name: string, failureModeAllow: boolean) => {
    const grpcService = { envoyGrpc: { clusterName: 'authz' }, timeout: '0.2s' };
    const authz = { '@type': type('ext_authz.v3.ExtAuthz'), statPrefix: name, grpcService, failureModeAllow };
    const tcp = { '@type': type('tcp_proxy.v3.TcpProxy'), statPrefix: name, cluster: 'echo' };
    const filters = [
      { name: 'authz', typedConfig: authz },
      { name: 'tcp', typedConfig: tcp },
    ];
    return { name, address: address(0), filterChains: [{ filters }] };
  };
  const cluster = (name: string, server: Server) => ({
    name,
    loadAssignment: { clusterName: name, endpoints: endpointAt((server.address() as AddressInfo).port) },
  });
  const staticResources = {
    listeners: [listener('open', true), listener('closed', false)],
    clusters: [cluster('echo', echo), cluster('authz', silent)],
  };
  proxy = await startProxy({ bootstrap: { staticResources } as never, drainTimeMs: 0 });
  await proxy.ready;
});

after(async () => {
  await proxy.stop();
  echo.close();
  silent.close();
});

function send(listener: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const got: Buffer[] = [];
    const socket = dial({ port: proxy.listenerPorts().get(listener) ?? 0, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('data', (part: Buffer) => got.push(part));
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(got)));
    socket.end(bytes);
  });
}

test('what a client sends while it is asked about, and its end, reach the upstream once it may come in', async () => {
  for (const length of [0, 5, 1_000_000]) {
    const bytes = Buffer.alloc(length, 'abc');
    assert.ok((await send('open', bytes)).equals(bytes), `${length} bytes`);
  }
});

test('a client that nobody answers for gets nothing', async () => {
  assert.equal((await send('closed', Buffer.from('hello'))).length, 0);
});
