import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';
import { startTestAgent } from '../test-agent.ts';

const asText = {
  path: '/weft.test.Who/Ask',
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;

/** A gRPC server that answers with its name; its port. */
async function serve(context: TestContext, name: string): Promise<number> {
  const server = new Server();
  server.addService({ ask: asText }, { ask: (_call: unknown, answer: (error: null, value: string) => void) => answer(null, name) });
  context.after(() => server.forceShutdown());
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
}

const mesh = (one: number, two: number) => `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Service
metadata: { name: stock, namespace: shop }
spec: { selector: { app: stock }, ports: [{ name: grpc, port: 7070 }] }
---
apiVersion: v1
kind: Service
metadata: { name: idle, namespace: shop }
spec: { selector: { app: idle }, ports: [{ name: grpc, port: 7070 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: stock-v1, namespace: shop }
spec: { address: 127.0.0.1, ports: { grpc: ${one} }, labels: { app: stock, version: v1 } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: stock-v2, namespace: shop }
spec: { address: 127.0.0.1, ports: { grpc: ${two} }, labels: { app: stock, version: v2 } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: stock, namespace: shop }
spec:
  host: stock
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
`;

const routes = (standard: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: stock, namespace: shop }
spec:
  hosts: [stock]
  http:
    - match: [{ headers: { x-broken: { exact: "yes" } } }]
      fault: { abort: { grpcStatus: RESOURCE_EXHAUSTED, percentage: { value: 100 } } }
      route: [{ destination: { host: stock, subset: v1 } }]
    - match: [{ headers: { x-version: { exact: two } } }]
      route: [{ destination: { host: stock, subset: v2 } }]
    - route: [{ destination: { host: stock, subset: ${standard} } }]
`;

test('a gRPC program is routed without a proxy: by header, with faults, by any name, and along when the routes change', async (context) => {
  const [one, two] = [await serve(context, 'one'), await serve(context, 'two')];
  const agent = await startTestAgent(context, { 'mesh.yaml': mesh(one, two), 'routes.yaml': routes('v1') });
  process.env.GRPC_XDS_BOOTSTRAP_CONFIG = JSON.stringify({
    xds_servers: [{ server_uri: `127.0.0.1:${agent.agent.xdsPort}`, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] }],
    node: {
      id: 'sidecar~127.0.0.9~buyer.shop~shop.svc.cluster.local',
      locality: { region: 'r1', zone: 'z1' },
      metadata: { GENERATOR: 'grpc', NAMESPACE: 'shop', CLUSTER_ID: 'Kubernetes' },
    },
  });
  register();
  const dial = (target: string): ((headers?: Readonly<Record<string, string>>) => Promise<string | status>) => {
    const client = new Client(`xds:///${target}`, credentials.createInsecure());
    context.after(() => client.close());
    return (headers = {}) =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata({ waitForReady: true });
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        const done = (error: ServiceError | null, answer?: string) => {
          if (error === null) resolve(answer ?? '');
          else if (error.code === status.DEADLINE_EXCEEDED) reject(error);
          else resolve(error.code);
        };
        const options = { deadline: Date.now() + 20_000 };
        client.makeUnaryRequest(asText.path, asText.requestSerialize, asText.responseDeserialize, 'who?', metadata, options, done);
      });
  };
  const ask = dial('stock.shop.svc.cluster.local:7070');
  assert.equal(await ask(), 'one');
  assert.equal(await ask({ 'x-version': 'two' }), 'two');
  assert.equal(await ask({ 'x-broken': 'yes' }), status.RESOURCE_EXHAUSTED);
  assert.equal(await dial('stock:7070')(), 'one');
  agent.write('routes.yaml', routes('v2'));
  await agent.until(() => agent.agent.parts.registry.list().every(({ connection }) => connection?.stream.stateOf('rds') === 'SYNCED'));
  let answer = await ask();
  while (answer === 'one') answer = await ask();
  assert.equal(answer, 'two');
});
