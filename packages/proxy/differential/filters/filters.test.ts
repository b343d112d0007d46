import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { startProxy } from '../../src/proxy.ts';
import type { Bootstrap } from '../../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from '../envoy.ts';
import { freePorts } from '../free-ports.ts';
import { jwtSetups, tokens } from './jwt-setups.ts';
import { type Services, startServices } from './services.ts';
import { filterBootstrap, filterSetups } from './setups.ts';

const envoy = findEnvoy();

interface Side {
  readonly ports: Readonly<Record<string, number>>;
  readonly admin: number;
  readonly proxy: Running;
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Connections are shared by default. */
  readonly agent?: Agent;
}

const shared = new Agent({ keepAlive: true });

describe('Weft and Envoy limit and authorize the same', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  let services: Services;
  let ours: Side;
  let theirs: Side;

  before(async () => {
    services = await startServices();
    ours = await startSide(services, (bootstrap) => startProxy({ bootstrap: bootstrap as Bootstrap, drainTimeMs: 0 }));
    theirs = await startSide(services, (bootstrap, admin) => startEnvoy(envoy ?? '', bootstrap, admin));
  });

  after(async () => {
    shared.destroy();
    services?.stop();
    await ours?.proxy.stop();
    await theirs?.proxy.stop();
  });

  /** Answers and what the services were asked, the same on both sides. */
  async function same(setup: string, calls: readonly Call[]): Promise<void> {
    const observe = async (side: Side): Promise<unknown> => {
      services.take();
      const answers: unknown[] = [];
      for (const call of calls) answers.push(await ask(side.ports[setup] ?? 0, call));
      return { answers, asked: services.take() };
    };
    const weft = await observe(ours);
    assert.deepEqual(weft, await observe(theirs));
  }

  const verdicts = ['ok', 'over', 'headers', 'unknown', 'error', 'slow'];
  for (const setup of ['limit', 'limit_deny', 'limit_status']) {
    for (const verdict of verdicts)
      test(`${setup}: the service answers ${verdict}`, () => same(setup, [{ headers: { 'x-verdict': verdict } }]));
  }
  test('a limited gRPC call', () =>
    same(
      'limit_grpc',
      ['over', 'error'].map((verdict) => ({ headers: { 'x-verdict': verdict, 'content-type': 'application/grpc' } })),
    ));
  test('a request without descriptors is not asked about', () => same('limit', [{}]));
  test('descriptors of every action', () =>
    same('limit_actions', [{ path: '/?q=1' }, { method: 'POST', body: 'x', headers: { 'x-absent': 'there' } }]));
  test('limits of virtual hosts', async () => {
    await same('limit_host', [{}]);
    await same('limit_include', [{}]);
  });

  const times = (count: number, call: Call = {}): Call[] => Array.from({ length: count }, () => call);
  test('a local limit tells what is left', () => same('local_headers', times(4)));
  test('a local limit that is not enforced marks the request', () => same('local_unenforced', times(3)));
  test('a local limit with a status of its own', () => same('local_status', times(2)));
  test('a local limit of gRPC calls', () => same('local_grpc', times(2, { headers: { 'content-type': 'application/grpc' } })));
  test('local limits by descriptor', () =>
    same('local_descriptors', [
      ...times(3, { headers: { 'x-who': 'ann' } }),
      ...times(3, { headers: { 'x-who': 'bob' } }),
      {},
      { headers: { 'x-who': 'eve' } },
    ]));
  test('local limits by descriptors of the filter itself', () => same('local_own_limits', times(3, { headers: { 'x-who': 'ann' } })));
  test('a bucket fills steadily, not all at once', async () => {
    const statuses = async (side: Side): Promise<number[]> => {
      const found: number[] = [];
      for (let i = 0; i < 6; i++) found.push((await ask(side.ports.local_refill ?? 0, {})).status);
      await new Promise((resolve) => setTimeout(resolve, 700));
      found.push((await ask(side.ports.local_refill ?? 0, {})).status, (await ask(side.ports.local_refill ?? 0, {})).status);
      return found;
    };
    assert.deepEqual(await statuses(ours), await statuses(theirs));
  });
  test('a limit for each connection', async () => {
    const [one, two] = [new Agent({ keepAlive: true, maxSockets: 1 }), new Agent({ keepAlive: true, maxSockets: 1 })];
    await same('local_connection', [...times(2, { agent: one }), ...times(2, { agent: two })]);
    one.destroy();
    two.destroy();
  });

  const asking = (verdict: string, more: Partial<Call> = {}): Call => ({
    ...more,
    headers: { 'x-authz': verdict, 'x-secret': 's', 'x-appended': 'first', 'x-replaced': 'old', 'x-a': '1', ...more.headers },
  });
  for (const setup of ['authz', 'authz_allow', 'authz_status', 'authz_metadata']) {
    for (const verdict of ['ok', 'deny', 'deny-plain', 'headers', 'metadata', 'error', 'slow']) {
      test(`${setup}: the service answers ${verdict}`, () => same(setup, [asking(verdict)]));
    }
  }
  test('what the service may know of a request', async () => {
    await same('authz_headers', [asking('ok')]);
    await same('authz_route', [asking('ok', { path: '/a?b=c' })]);
    await same('authz_off', [asking('deny')]);
  });
  for (const [draw, verdict] of ['deny', 'deny', 'ok', 'deny'].entries())
    test(`what cluster ${draw} of a split says of filters`, () =>
      same('cluster_rules', [asking(verdict, { headers: { 'x-draw': String(draw) } })]));
  for (const setup of ['authz_nobody', 'authz_everybody', 'authz_nobody_denied', 'authz_marked']) {
    test(`who is asked about: ${setup}`, () => same(setup, [asking('ok'), asking('deny', { path: '/marked' }), asking('deny')]));
  }
  test('a share of requests is asked about', async () => {
    for (const side of [ours, theirs]) {
      const answers = await Promise.all(
        Array.from({ length: 200 }, async () => (await ask(side.ports.authz_half ?? 0, asking('deny'))) as { readonly status: number }),
      );
      const refused = answers.filter(({ status }) => status !== 200).length;
      assert.ok(refused > 50 && refused < 150, String(refused));
    }
    services.take();
  });
  test('a filter that does not act refuses where it is to', () => same('authz_unmarked', [asking('ok')]));
  test('a route asks for tokens by a requirement that is not there', () => same('jwt_unknown', [{}]));
  for (const setup of Object.keys(jwtSetups)) {
    test(`tokens: ${setup}`, async () => {
      for (const token of Object.values(tokens)) {
        await same(setup, [{ headers: { authorization: `Bearer ${token}` } }]);
        await same(setup, [
          { headers: { 'x-token': `Token ${token}` } },
          { path: `/?token=${token}` },
          { headers: { cookie: `token=${token}` } },
        ]);
      }
      const preflight = { origin: 'https://a.example.com', 'access-control-request-method': 'GET' };
      await same(setup, [
        {},
        { method: 'OPTIONS', headers: preflight },
        { headers: { authorization: 'Basic x', 'x-sub': 'forged', 'x-payload': 'forged' } },
      ]);
    });
  }
  test('a filter that is off by default', async () => {
    await same('rules_off', [{}]);
    await same('rules_on', [{}]);
  });
  test('a refused gRPC call', () => same('authz', [asking('deny', { headers: { 'content-type': 'application/grpc' } })]));
  for (const setup of ['authz_body', 'authz_whole_body', 'authz_http_body']) {
    test(`${setup}: short, exact and long bodies`, () =>
      same(setup, [
        asking('ok', { method: 'POST', body: 'short' }),
        asking('ok', { method: 'POST', body: '12345678' }),
        asking('ok', { method: 'POST', body: 'much too long' }),
        asking('ok'),
      ]));
  }
  for (const setup of ['authz_http', 'authz_http_options', 'authz_http_allow']) {
    for (const verdict of ['ok', 'deny', 'redirect', 'broken', 'remove']) {
      test(`${setup}: the service answers ${verdict}`, () =>
        same(setup, [
          {
            path: `/a/${verdict}`,
            headers: {
              'x-secret': 's',
              'x-more': 'm',
              'x-a': '1',
              authorization: 'Basic x',
              cookie: 'c=1',
              'x-appended': 'first',
              'x-user': 'forged',
            },
          },
        ]));
    }
  }
});

async function startSide(services: Services, start: (bootstrap: object, admin: number) => Promise<Running>): Promise<Side> {
  const names = Object.keys(filterSetups);
  const [admin = 0, ...free] = await freePorts(names.length + 1);
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
  return { ports, admin, proxy: await start(filterBootstrap(ports, admin, services), admin) };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const volatile = ['date', 'x-envoy-upstream-service-time', 'connection', 'keep-alive'];

function ask(port: number, { method = 'GET', path = '/', headers = {}, body = '', agent = shared }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': String(body.length) };
    const sent = request({ port, method, path, headers: { host: 'a.example.com', ...headers, ...length }, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const kept = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !volatile.includes(name)));
        resolve({ status: response.statusCode ?? 0, headers: kept, body: text });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
