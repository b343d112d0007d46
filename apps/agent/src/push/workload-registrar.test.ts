import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProxy } from '@weft/proxy/proxy';
import { sidecarBootstrap } from '../dataplane/sidecar-bootstrap.ts';
import { listLocalWorkloads } from '../operations/list-local-workloads.ts';
import { startTestAgent } from '../test-agent.ts';
import { groupMesh, probedGroup } from '../test-group.ts';
import { TestProxy } from '../test-proxy.ts';

const nodeId = 'sidecar~10.7.0.5~vm-5.shop~shop.svc.cluster.local';

test('a proxy that names its group is a workload while it is connected, and takes traffic once it says that it is well', async (context) => {
  const { agent, until } = await startTestAgent(context, { 'mesh.yaml': groupMesh }, { registrationGraceMs: 50 });
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
  const { agent, application, registered, until, workload } = await probedGroup(context);
  const proxy = await startProxy({
    bootstrap: sidecarBootstrap(workload, { admin: 0, xdsHost: '127.0.0.1', xds: agent.xdsPort }),
    drainTimeMs: 0,
  });
  context.after(() => proxy.stop());
  await until(() => registered()?.isReady === false);
  application.status = 200;
  await until(() => registered()?.isReady === true);
  assert.deepEqual(registered()?.labels, { app: 'billing' });
  assert.deepEqual(listLocalWorkloads(agent.parts), [], 'it has its proxy');
});
