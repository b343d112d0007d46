import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mintToken, openTokenKey } from '../ca/tokens.ts';
import { probedGroup } from '../test-group.ts';
import { TestProxy } from '../test-proxy.ts';
import { startPlaintextServer } from '../xds/server.ts';
import { DiscoveryRelay, relayedDefinition } from './discovery-relay.ts';

const metadata = { NAME: 'billing-127.0.0.9', NAMESPACE: 'shop', AUTO_REGISTER_GROUP: 'billing' };
const nodeId = 'sidecar~127.0.0.9~billing-127.0.0.9.shop~shop.svc.cluster.local';

async function relayedGroup(context: TestContext) {
  const group = await probedGroup(context);
  const key = openTokenKey(join(group.dataDirectory, 'token-key'));
  const relay = new DiscoveryRelay({ address: `127.0.0.1:${group.agent.xdsPort}`, token: () => mintToken(key, group.workload, 60) });
  const server = await startPlaintextServer([{ definition: relayedDefinition, implementation: relay.implementation }], '127.0.0.1', 0);
  context.after(() => {
    relay.close();
    server.stop();
  });
  const connect = () => {
    const proxy = new TestProxy(`127.0.0.1:${server.port}`);
    context.after(() => proxy.close());
    return proxy;
  };
  return { ...group, connect, relay };
}

test('a proxy is known to the agent through the relay, by the token of its workload', async (context) => {
  const { connect, registered, until } = await relayedGroup(context);
  const proxy = connect();
  const answer = await proxy.ask('cds', ['*'], nodeId, metadata);
  assert.ok(answer.resources.some(({ name }) => name === 'BlackHoleCluster'));
  assert.equal(registered()?.serviceAccount, 'billing');
  proxy.close();
  await until(() => registered() === undefined);
});

test('word of the application goes to the agent at once, and again with each new stream', async (context) => {
  const { connect, registered, relay, until } = await relayedGroup(context);
  const first = connect();
  await first.ask('cds', ['*'], nodeId, metadata);
  assert.equal(registered()?.isReady, false);
  relay.tellHealth(null);
  await until(() => registered()?.isReady === true);
  relay.tellHealth('connection refused');
  await until(() => registered()?.isReady === false);
  first.close();
  await until(() => registered() === undefined);
  relay.tellHealth(null);
  await connect().ask('cds', ['*'], nodeId, metadata);
  await until(() => registered()?.isReady === true);
});

test('an agent that is not there ends the stream', async (context) => {
  const { agent, connect } = await relayedGroup(context);
  const proxy = connect();
  await proxy.ask('cds', ['*'], nodeId, metadata);
  await agent.stop();
  assert.match(String(await proxy.failure), /UNAVAILABLE|CANCELLED|INTERNAL/);
});
