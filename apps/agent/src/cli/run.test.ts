import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { openTokenKey } from '../ca/tokens.ts';
import { DataPlane } from '../dataplane/data-plane.ts';
import { startTestAgent, type TestAgent } from '../test-agent.ts';
import { InputError, UsageError } from './command.ts';
import { run } from './run.ts';

const namespace = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
const service = `---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec: {selector: {app: orders, tier: back}, ports: [{name: http-web, port: 80, targetPort: 8080}]}
`;

async function call({ agent }: TestAgent, ...args: readonly string[]) {
  let out = '';
  const stdout = { write: (text: string) => (out += text) };
  const io = { stdin: Readable.from([]), stdout, stderr: { write: () => true }, cwd: process.cwd() };
  const code = await run(['--agent', `http://127.0.0.1:${agent.apiPort}`, '-n', 'shop', ...args], io);
  return { code, out };
}

async function startDataPlane(context: TestContext, { agent, client, dataDirectory }: TestAgent): Promise<void> {
  const dataPlane = new DataPlane({
    readWorkloads: () => client.dataPlane.workloads.query(),
    xdsHost: '127.0.0.1',
    xdsPort: agent.xdsPort,
    tokenKey: openTokenKey(join(dataDirectory, 'token-key')),
    intervalMs: 50,
    log: () => {},
    onReady: () => {},
  });
  await dataPlane.start();
  context.after(() => dataPlane.stop());
}

const workloadsOf = ({ agent }: TestAgent) => agent.parts.config.current.set.ofKind('WorkloadEntry');

test('a program runs beside a sidecar, and what was registered for it is taken back when it ends', async (context) => {
  const mesh = await startTestAgent(context, { 'mesh.yaml': namespace + service });
  await startDataPlane(context, mesh);
  const registered: unknown[] = [];
  mesh.agent.parts.config.subscribe(() => registered.push(...workloadsOf(mesh).map(({ spec }) => spec)));
  const script = 'console.log(process.env.PORT, process.env.HTTP_PROXY); process.exitCode = 7';
  const { code, out } = await call(
    mesh,
    '--name',
    'orders-local',
    '--service',
    'orders',
    '--port',
    '4321',
    '--',
    process.execPath,
    '-e',
    script,
  );
  assert.equal(code, 7);
  assert.match(out, /^4321 http:\/\/127\.0\.0\.1:\d+\n$/);
  const { labels, ports } = registered[0] as { readonly labels: Record<string, string>; readonly ports: Record<string, number> };
  assert.deepEqual([labels.app, labels.tier, Object.keys(ports)], ['orders', 'back', ['http-web']]);
  assert.deepEqual(workloadsOf(mesh), []);
  assert.equal(mesh.agent.parts.config.current.set.ofKind('Service').length, 1, 'the Service was there before');
});

test('without a data plane it says what is missing, and leaves nothing behind', async (context) => {
  const mesh = await startTestAgent(context, { 'mesh.yaml': namespace });
  const program = ['--name', 'web', '--service', 'web', '--port', '4321', '--wait', '0.1', '--', 'true'];
  await assert.rejects(call(mesh, ...program), (error: Error) => error instanceof InputError && /weft dataplane/.test(error.message));
  const { set } = mesh.agent.parts.config.current;
  assert.deepEqual([workloadsOf(mesh), set.ofKind('Sidecar'), set.ofKind('ServiceAccount'), set.ofKind('Service')], [[], [], [], []]);
});

test('wrong use is said', async (context) => {
  const mesh = await startTestAgent(context, { 'mesh.yaml': namespace });
  for (const args of [
    ['--name', 'web', '--port', '1'],
    ['--name', 'Web', '--port', '1', '--', 'true'],
    ['--name', 'web', '--', 'true'],
    ['--name', 'web', '--port', '1', '--upstream', 'ledger', '--', 'true'],
  ]) {
    await assert.rejects(call(mesh, ...args), UsageError, args.join(' '));
  }
});
