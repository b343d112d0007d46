import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findEnvoy } from '../envoy.ts';
import { type AdminSide, ask, driveTraffic, startAdminSides, stopAdminSides } from './side.ts';

const envoy = findEnvoy();

describe('the admin interface answers as Envoy’s', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 1,
}, () => {
  let ours: AdminSide;
  let theirs: AdminSide;

  before(async () => {
    [ours, theirs] = await startAdminSides(envoy ?? '');
    await Promise.all([ours, theirs].map(driveTraffic));
  });

  after(() => stopAdminSides([ours, theirs]));

  const both = (path: string, method = 'GET') => Promise.all([ours, theirs].map((side) => ask(side, path, method)));

  for (const [method, path] of [
    ['GET', '/ready'],
    ['GET', '/listeners'],
    ['GET', '/listeners?format=json'],
    ['GET', '/certs'],
    ['GET', '/quitquitquit'],
    ['GET', '/drain_listeners'],
    ['GET', '/logging'],
    ['GET', '/healthcheck/fail'],
    ['GET', '/reset_counters'],
    ['GET', '/stats?format=nonsense'],
    ['GET', '/stats?type=TextReadouts'],
    ['GET', '/stats/prometheus?histogram_buckets=disjoint'],
    ['GET', '/init_dump'],
    ['GET', '/runtime_modify'],
    ['POST', '/runtime_modify?a=b'],
    ['GET', '/stats?format=json&filter=dead.*per_cx&histogram_buckets=cumulative'],
    ['GET', '/stats?filter=dead.*per_cx&histogram_buckets=disjoint'],
    ['GET', '/config_dump?resource=bogus'],
    ['GET', '/config_dump?resource=static_clusters&mask=cluster.name'],
    ['GET', '/config_dump?mask=bogus'],
    ['GET', '/clusters'],
    ['GET', '/clusters?format=json'],
    ['GET', '/clusters?filter=dea'],
    ['POST', '/healthcheck/fail'],
    ['GET', '/ready'],
    ['POST', '/healthcheck/ok'],
    ['GET', '/ready'],
  ] as const) {
    test(`${method} ${path}`, async () => {
      const [weft, reference] = await both(path, method);
      assert.deepEqual(inOrder(path, weft), inOrder(path, reference));
    });
  }

  test('GET /config_dump: the same sections and resources, without secrets', async () => {
    const [weft, reference] = await Promise.all([ours, theirs].map((side) => resources(side)));
    assert.deepEqual(weft, reference);
    assert.doesNotMatch(JSON.stringify(weft), /very secret/);
  });

  test('POST /logging tells and changes levels', async () => {
    assert.match((await ask(ours, '/logging', 'POST')).body, /^active loggers:\n {2}\w+: \w+\n/);
    assert.match((await ask(ours, '/logging?level=warning', 'POST')).body, /: warning\n/);
    const [weft, reference] = await both('/logging?nobody=debug', 'POST');
    assert.deepEqual([weft?.status, weft?.body.split('\n')[0]], [reference?.status, reference?.body.split('\n')[0]]);
  });
});

/** Clusters, listeners and certificates come in any order. */
function inOrder(path: string, answer: Awaited<ReturnType<typeof ask>> | undefined): unknown {
  // Numbers may be written in several ways.
  if (answer !== undefined && path.startsWith('/stats?format=json')) return { ...answer, body: JSON.parse(answer.body) as unknown };
  if (answer === undefined || !/^\/(clusters|listeners|certs)/.test(path)) return answer;
  if (!path.includes('json') && path !== '/certs')
    return {
      ...answer,
      body: answer.body
        .split('\n')
        .filter((line) => !line.includes('unreached'))
        .sort(),
    };
  const lists = Object.values(JSON.parse(answer.body) as Record<string, object[]>);
  return {
    ...answer,
    body: lists.map((list) =>
      list.filter((entry) => !JSON.stringify(entry).includes('unreached')).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    ),
  };
}

/** The configuration that a dump shows, by section; what it says of the process itself is left out. */
async function resources(side: AdminSide): Promise<object> {
  const { configs } = JSON.parse((await ask(side, '/config_dump', 'GET')).body) as {
    configs: { '@type': string; [field: string]: unknown }[];
  };
  const plain = (value: unknown): unknown => {
    // Resources come in any order.
    if (Array.isArray(value)) return value.map(plain).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).filter(([name]) => !['last_updated', 'version_info', 'node'].includes(name));
    return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, plain(inner)]));
  };
  const known = configs.filter(({ '@type': name }) => !name.endsWith('ScopedRoutesConfigDump') && !name.endsWith('EcdsConfigDump'));
  return Object.fromEntries(known.map(({ '@type': name, ...section }) => [name, plain(section)]));
}
