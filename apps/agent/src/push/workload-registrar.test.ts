import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startProxy } from '@weft/proxy/proxy';
import { sidecarBootstrap } from '../dataplane/sidecar-bootstrap.ts';
import { listLocalWorkloads, readGroupWorkload } from '../operations/list-local-workloads.ts';
import { startTestAgent } from '../test-agent.ts';
import { TestProxy } from '../test-proxy.ts';

const mesh = `
apiVersion: v1
kind: Service
metadata: { name: billing, namespace: shop }
spec: { selector: { app: billing }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: billing, namespace: shop }
spec:
  metadata: { labels: { app: billing }, annotations: { note: from-group } }
  probe: { httpGet: { port: 8080 } }
  template: { ports: { http: 8081 }, serviceAccount: billing, weight: 3, locality: r1/z1 }
`;
const nodeId = 'sidecar~10.7.0.5~vm-5.shop~shop.svc.cluster.local';

test('a proxy that names its group is a workload while it is connected, and takes traffic once it says that it is well', async (context) => {
  const { agent, until } = await startTestAgent(context, { 'mesh.yaml': mesh }, { registrationGraceMs: 50 });
  const workload = () => agent.parts.config.current.mesh().workloadByName.get('shop/billing-10.7.0.5-net1');
  const proxy = new TestProxy(`127.0.0.1:${agent.xdsPort}`);
  context.after(() => proxy.close());
  await proxy.ask('cds', ['*'], nodeId, { AUTO_REGISTER_GROUP: 'billing', NETWORK: 'net1', LABELS: { version: 'v5' } });
  const registered = workload();
  assert.deepEqual(
    [registered?.addresses, registered?.labels, registered?.serviceAccount, registered?.weight, registered?.network, registered?.isReady],
    [['10.7.0.5'], { app: 'billing', version: 'v5' }, 'billing', 3, 'net1', false],
  );
  proxy.reportHealth(null);
  await until(() => workload()?.isReady === true);
  proxy.reportHealth('connection refused');
  await until(() => workload()?.isReady === false);
  proxy.close();
  await until(() => workload() === undefined);
});

test('the sidecar of a group asks the application as the group says, and tells the agent', async (context) => {
  let status = 503;
  const app = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
  await once(app, 'listening');
  context.after(() => app.close());
  const { port } = app.address() as AddressInfo;
  const probed = mesh.replace(
    'probe: { httpGet: { port: 8080 } }',
    `probe: { periodSeconds: 1, httpGet: { port: ${port}, host: 127.0.0.1 } }`,
  );
  const injected = '\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n';
  const { agent, until } = await startTestAgent(context, { 'mesh.yaml': probed + injected }, { registrationGraceMs: 50 });
  const workload = readGroupWorkload(agent.parts, { namespace: 'shop', group: 'billing', address: '127.0.0.9' });
  const proxy = await startProxy({
    bootstrap: sidecarBootstrap(workload, { admin: 0, xdsHost: '127.0.0.1', xds: agent.xdsPort }),
    drainTimeMs: 0,
  });
  context.after(() => proxy.stop());
  const registered = () => agent.parts.config.current.mesh().workloadByName.get('shop/billing-127.0.0.9');
  await until(() => registered()?.isReady === false);
  status = 200;
  await until(() => registered()?.isReady === true);
  assert.deepEqual(registered()?.labels, { app: 'billing' });
  assert.deepEqual(listLocalWorkloads(agent.parts), [], 'it has its proxy');
});
