import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import { mintToken, openTokenKey } from './ca/tokens.ts';
import { smallMesh, startTestAgent } from './test-agent.ts';
import { TestProxy } from './test-proxy.ts';

const nodeId = 'sidecar~127.0.0.1~orders-v1.shop~shop.svc.cluster.local';
const ordersCluster = 'outbound|80|v2|orders.shop.svc.cluster.local';
const rollout = 'shop/orders/http[0]';

test('a proxy gets its configuration, and a change of weights reaches it and is acknowledged', async (context) => {
  const { agent, client, until } = await startTestAgent(context);
  const proxy = new TestProxy(`127.0.0.1:${agent.xdsPort}`);
  context.after(() => proxy.close());
  await proxy.ask('cds', ['*'], nodeId);
  assert.ok(proxy.held.cds.has(ordersCluster));
  await proxy.ask('eds', [ordersCluster]);
  await proxy.ask('lds', ['*']);
  await proxy.ask('rds', ['80']);
  const pushed = proxy.next('rds');
  const result = await client.rollouts.applyWeights.mutate({ id: rollout, weights: [50, 50] });
  assert.equal(result.status, 'applied');
  await pushed;
  const weights = [...JSON.stringify(proxy.held.rds.get('80')).matchAll(/"weight":(\d+)/g)].map(([, weight]) => Number(weight));
  assert.deepEqual(weights, [50, 50]);
  const revision = result.status === 'applied' ? result.revision : 0;
  await until(() => agent.parts.registry.list()[0]?.ackedRevision === revision);
  assert.equal(agent.parts.pushTimes.list.length, 1, 'the change counts as a push, the welcome does not');
  const convergence = await client.config.convergence.query({ revision });
  assert.deepEqual([convergence.acked, convergence.pending, convergence.nacked], [1, 0, 0]);
  const [status] = (await client.mesh.status.query()).proxies;
  assert.deepEqual([status?.name, status?.synced.rds, status?.lastNack], ['orders-v1', 'SYNCED', null]);
});

test('a refused push is on record, and the proxy gets the next one', async (context) => {
  const { agent, client, until } = await startTestAgent(context);
  const proxy = new TestProxy(`127.0.0.1:${agent.xdsPort}`);
  context.after(() => proxy.close());
  await proxy.ask('cds', ['*'], nodeId);
  await proxy.ask('lds', ['*']);
  await proxy.ask('rds', ['80']);
  proxy.refuseWith('not to my liking');
  await client.rollouts.applyWeights.mutate({ id: rollout, weights: [40, 60] });
  await until(() => agent.parts.registry.list()[0]?.lastNack?.message === 'not to my liking');
  assert.equal((await client.config.convergence.query({})).nacked, 1);
  proxy.refuseWith(null);
  const pushed = proxy.next('rds');
  await client.rollouts.applyWeights.mutate({ id: rollout, weights: [30, 70] });
  await pushed;
  await until(() => agent.parts.registry.list()[0]?.connection?.stream.stateOf('rds') === 'SYNCED');
});

test('an edit changes only its characters of the file, is a revision, and can be taken back', async (context) => {
  const { client, directory } = await startTestAgent(context);
  const file = join(directory, 'mesh.yaml');
  await client.rollouts.applyWeights.mutate({ id: rollout, weights: [0, 100], who: 'ann', why: 'all in' });
  assert.equal(readFileSync(file, 'utf8'), smallMesh.replace('weight: 90', 'weight: 0').replace('weight: 10\n', 'weight: 100\n'));
  const [revision] = await client.config.history.query({});
  assert.deepEqual([revision?.who, revision?.why, revision?.resources.changed], ['ann', 'all in', ['VirtualService/shop/orders']]);
  await client.config.undo.mutate({});
  assert.equal(readFileSync(file, 'utf8'), smallMesh);
});

test('undo of an older revision keeps what was changed since, and says so where it cannot', async (context) => {
  const { client } = await startTestAgent(context);
  const policy = (name: string, action: string) =>
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec: { action: ${action}, rules: [{}] }\n`;
  const apply = async (name: string, action: string): Promise<number> => {
    const result = await client.config.applyChanges.mutate({ changes: [{ kind: 'resource', id: null, yaml: policy(name, action) }] });
    assert.equal(result.status, 'applied');
    return result.status === 'applied' ? result.revision : 0;
  };
  const first = await apply('one', 'ALLOW');
  const second = await apply('two', 'ALLOW');
  await client.config.undo.mutate({ id: first });
  const { resources } = await client.config.list.query({});
  assert.deepEqual(
    resources.map(({ id }) => id).filter((id) => id.startsWith('Auth')),
    ['AuthorizationPolicy/shop/two'],
  );
  await apply('two', 'DENY');
  await assert.rejects(client.config.undo.mutate({ id: second }), /changed again/);
});

test('what would bring errors is refused, and nothing is touched', async (context) => {
  const { client, directory, agent } = await startTestAgent(context);
  const { yaml } = await client.config.get.query({ id: 'VirtualService/shop/orders' });
  for (const broken of [yaml.replace('subset: v2', 'subset: v9'), 'a: ["', yaml.replace('hosts: [orders]', 'hosts: 5')]) {
    const changes = [{ kind: 'resource' as const, id: 'VirtualService/shop/orders', yaml: broken }];
    const draft = await client.config.analyzeDraft.mutate({ changes });
    assert.equal(draft.valid, false, broken);
    const result = await client.config.applyChanges.mutate({ changes });
    assert.ok(result.status === 'refused' && result.findings.length > 0, broken);
  }
  assert.equal(readFileSync(join(directory, 'mesh.yaml'), 'utf8'), smallMesh);
  assert.equal(agent.parts.config.revision, 1);
});

test('a draft names the line it is wrong on, counted in its own text', async (context) => {
  const { client } = await startTestAgent(context);
  const { yaml } = await client.config.get.query({ id: 'VirtualService/shop/orders' });
  const broken = yaml.replace('subset: v2', 'subset: v9');
  const draft = await client.config.analyzeDraft.mutate({
    changes: [{ kind: 'resource', id: 'VirtualService/shop/orders', yaml: broken }],
  });
  const line = broken.split('\n').findIndex((text) => text.includes('v9')) + 1;
  assert.deepEqual(
    draft.draft.filter(({ level }) => level === 'Error').map((finding) => [finding.code, finding.line]),
    [['IST0101', line]],
  );
});

test('a file broken by hand leaves the last good content in force, and the console may not overwrite it', async (context) => {
  const { agent, client, write, until } = await startTestAgent(context);
  write('mesh.yaml', smallMesh.replace('hosts: [orders]', 'hosts: [orders'));
  await until(() => agent.parts.config.problems.length > 0);
  const [problem] = agent.parts.config.problems;
  assert.equal(problem?.file, 'mesh.yaml');
  assert.ok((problem?.line ?? 0) > 30, `line ${problem?.line}`);
  assert.equal(agent.parts.config.current.mesh().virtualServices.length, 1);
  await assert.rejects(client.rollouts.applyWeights.mutate({ id: rollout, weights: [1, 99] }), /written by hand/);
  write('mesh.yaml', smallMesh.replace('weight: 90', 'weight: 80'));
  await until(() => agent.parts.config.problems.length === 0);
  assert.equal((await client.config.history.query({}))[0]?.origin, 'file');
});

test('after a restart the revisions and the last good content of a broken file are there', async (context) => {
  const first = await startTestAgent(context);
  await first.client.rollouts.applyWeights.mutate({ id: rollout, weights: [50, 50] });
  first.write('mesh.yaml', 'broken: [');
  await first.until(() => first.agent.parts.config.problems.length > 0);
  const second = await first.restart();
  assert.equal(second.agent.parts.config.revision, 2);
  assert.match(second.agent.parts.config.current.files.get('mesh.yaml') ?? '', /weight: 50 # the old one/);
  assert.equal(second.agent.parts.config.problems.length, 1);
});

test('a write that a crash interrupted is finished at the next start', async (context) => {
  const first = await startTestAgent(context);
  await first.client.rollouts.applyWeights.mutate({ id: rollout, weights: [50, 50] });
  const { revisions } = first.agent.parts;
  const text = first.agent.parts.config.current.files.get('mesh.yaml') ?? '';
  const change = {
    file: 'mesh.yaml',
    before: text,
    after: text.replace('weight: 50 #', 'weight: 20 #').replace('weight: 50\n', 'weight: 80\n'),
  };
  revisions.append(
    { at: 1, who: 'a', why: 'b', origin: 'console', reverts: null, added: [], changed: [], removed: [], changes: [change] },
    { owed: true },
  );
  const second = await first.restart();
  assert.equal(readFileSync(join(first.directory, 'mesh.yaml'), 'utf8'), change.after);
  assert.equal(second.agent.parts.config.current.files.get('mesh.yaml'), change.after);
  assert.match(second.lines.join('\n'), /interrupted write/);
});

test('an acknowledged revision survives SIGKILL', async (context) => {
  const { agent, directory, dataDirectory, restart } = await startTestAgent(context);
  await agent.stop();
  const main = new URL('./cli/main.ts', import.meta.url).pathname;
  const ports = ['--xds-port', '0', '--xds-tls-port', '0', '--api-port', '0'];
  const child = spawn(process.execPath, [main, 'agent', '--dir', directory, '--data', dataDirectory, '--no-records', ...ports], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const apiUrl = await new Promise<string>((resolve) => {
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /ready: API (\S+),/.exec(text)?.[1];
      if (url) resolve(url);
    });
  });
  const response = await fetch(`${apiUrl}/api/trpc/rollouts.applyWeights`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: rollout, weights: [25, 75] }),
  });
  assert.equal(response.status, 200);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  const again = await restart();
  assert.equal(again.agent.parts.config.revision, 2);
  assert.match(readFileSync(join(directory, 'mesh.yaml'), 'utf8'), /weight: 25 # the old one/);
});

test('callers prove who they are by token or certificate, and are refused where it does not fit', async (context) => {
  const { agent, dataDirectory } = await startTestAgent(context);
  const key = openTokenKey(join(dataDirectory, 'token-key'));
  const address = `127.0.0.1:${agent.xdsPort}`;
  const stranger = new TestProxy(address, { token: 'nonsense' });
  void stranger.ask('cds', ['*'], nodeId);
  assert.match((await stranger.failure).message, /UNAUTHENTICATED.*authenticate failure/);
  const other = new TestProxy(address, { token: await mintToken(key, { namespace: 'bank', serviceAccount: 'x' }, 60) });
  void other.ask('cds', ['*'], nodeId);
  assert.match((await other.failure).message, /PERMISSION_DENIED.*namespace bank/);
  const nameless = new TestProxy(address);
  void nameless.ask('cds', ['*'], 'no-node-id');
  assert.match((await nameless.failure).message, /INVALID_ARGUMENT/);
  const tls = credentials.createSsl(Buffer.from(agent.parts.authority.rootPem));
  const trusted = new TestProxy(`localhost:${agent.xdsTlsPort}`, {
    credentials: tls,
    token: await mintToken(key, { namespace: 'shop', serviceAccount: 'orders' }, 60),
  });
  await trusted.ask('cds', ['*'], nodeId);
  assert.ok(trusted.held.cds.size > 0);
  for (const proxy of [stranger, other, nameless, trusted]) proxy.close();
});

test('private keys of a gateway go to that gateway alone, when it has proved who it is', async (context) => {
  const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: site, namespace: shop }\nstringData: { tls.crt: CERT, tls.key: KEY, ca.crt: CA }\n`;
  const { agent, dataDirectory } = await startTestAgent(context, { 'mesh.yaml': smallMesh, 'secret.yaml': secret });
  const key = openTokenKey(join(dataDirectory, 'token-key'));
  const address = `127.0.0.1:${agent.xdsPort}`;
  const gateway = 'router~127.0.0.1~gateway.shop~shop.svc.cluster.local';
  const own = new TestProxy(address, { token: await mintToken(key, { namespace: 'shop', serviceAccount: 'gateway' }, 60) });
  await own.ask('sds', ['kubernetes://site', 'kubernetes://site-cacert'], gateway);
  assert.deepEqual([...own.held.sds.keys()].sort(), ['kubernetes://site', 'kubernetes://site-cacert']);
  const unproved = new TestProxy(address);
  const answer = await unproved.ask('sds', ['kubernetes://site'], gateway);
  assert.deepEqual([answer.resources.length, answer.removedResources], [0, ['kubernetes://site']]);
  for (const proxy of [own, unproved]) proxy.close();
});

test('the API takes requests for this computer from its own pages only, bounds bodies, and answers checks', async (context) => {
  const { agent } = await startTestAgent(context);
  const url = `http://127.0.0.1:${agent.apiPort}`;
  const statusFor = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(`${url}/healthz`, { headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
  assert.equal(await statusFor({}), 200);
  assert.equal(await statusFor({ host: 'evil.example' }), 403);
  assert.equal(await statusFor({ origin: 'http://evil.example' }), 403);
  const long = await fetch(`${url}/api/v1/check/validate`, { method: 'POST', body: 'x'.repeat(9 * 1024 * 1024) }).catch(() => null);
  assert.ok(long === null || long.status === 413);
  const check = await fetch(`${url}/api/v1/check/validate`, { method: 'POST', body: JSON.stringify({ resources: smallMesh }) });
  assert.equal(((await check.json()) as { results: unknown[] }).results.length, 6);
  const forbidden = await fetch(`${url}/api/v1/check/validate`, { method: 'POST', body: JSON.stringify({ args: ['-f', '/etc/passwd'] }) });
  assert.equal(forbidden.status, 400);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /weft_proxies_connected 0/);
});

test('a taken port is named with its option', async (context) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  context.after(() => blocker.close());
  const address = blocker.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { agent, directory, dataDirectory } = await startTestAgent(context);
  await agent.stop();
  const main = new URL('./cli/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [
    main,
    'agent',
    '--dir',
    directory,
    '--data',
    dataDirectory,
    '--xds-port',
    '0',
    '--xds-tls-port',
    '0',
    '--api-port',
    String(port),
  ]);
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.match(text, new RegExp(`port ${port} \\(--api-port\\) is taken`));
  assert.doesNotMatch(text, /\n\s+at /);
  assert.notEqual(code, 0);
});

test('a configuration directory that vanishes leaves everything in force', async (context) => {
  const { agent, directory, until } = await startTestAgent(context);
  rmSync(directory, { recursive: true });
  await until(() => agent.parts.config.problems.length > 0);
  assert.equal(agent.parts.config.current.mesh().services.length, 1);
});
