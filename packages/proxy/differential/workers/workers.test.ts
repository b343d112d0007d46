import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WorkerGroup } from '../../src/workers/worker-group.ts';
import type { Bootstrap } from '../../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from '../envoy.ts';
import { freePorts } from '../free-ports.ts';
import { type NumberedOrigin, released, startOrigins } from '../upstream/origins.ts';
import { until } from '../upstream/side.ts';
import { tcpListeners, type WorkerPorts, workerBootstrap } from './bootstrap.ts';
import { askAnew, type FreshAnswer } from './fresh.ts';

const envoy = findEnvoy();

interface Side {
  readonly ports: WorkerPorts;
  readonly origins: readonly NumberedOrigin[];
  readonly proxy: Running;
}

describe('the limits of Weft and Envoy hold for all their workers together', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  const sides: Side[] = [];

  before(async () => {
    const start = async (run: (bootstrap: object, ports: WorkerPorts) => Promise<Running>): Promise<void> => {
      const origins = await startOrigins(4);
      const [admin = 0, http = 0, dead = 0, ...free] = await freePorts(3 + tcpListeners.length);
      const tcp = Object.fromEntries(tcpListeners.map((name, index) => [name, free[index] ?? 0]));
      const ports: WorkerPorts = { admin, http, tcp, dead, origins: origins.map(({ port }) => port) };
      sides.push({ ports, origins, proxy: await run(workerBootstrap(ports), ports) });
    };
    await start(async (bootstrap) => {
      const group = await WorkerGroup.start({ bootstrap: bootstrap as Bootstrap, count: 2, log: () => {}, drainTimeMs: 0 });
      await group.ready;
      return group;
    });
    await start((bootstrap, { admin }) => startEnvoy(envoy ?? '', bootstrap, admin, 2));
  });

  after(async () => {
    for (const { proxy, origins } of sides) {
      for (const origin of origins) origin.stop();
      await proxy.stop();
    }
  });

  /** The same on both sides. */
  async function same<T>(observe: (side: Side) => Promise<T>): Promise<T> {
    const [ours, theirs] = [await observe(sides[0] as Side), await observe(sides[1] as Side)];
    assert.deepEqual(ours, theirs);
    return theirs;
  }

  async function statuses(side: Side, path: string, times: number, headers: Readonly<Record<string, string>> = {}): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < times; i++) found.push((await askAnew(side.ports.http, path, headers)).status);
    return found;
  }

  test('a breaker lets as many requests through', async () => {
    const seen = await same(async (side) => {
      const held = await underWay(side, 'requests', 3);
      const refused = await statuses(side, '/to/requests/wait', 6);
      const stats = await circuitBreakers(side, 'requests');
      const answers = await released(side.origins, Promise.all(held));
      await until(async () => (await stat(side, 'cluster.requests.upstream_rq_active')) === 0);
      return { refused, stats, answers: answers.map(({ status }) => status), after: await statuses(side, '/to/requests/', 2) };
    });
    assert.deepEqual(seen.refused, Array(6).fill(503));
  });

  test('a breaker lets as many connections be opened, and one more for a worker that has none', async () => {
    for (const side of sides) {
      const held = await underWay(side, 'few_connections', 8);
      assert.ok((await stat(side, 'cluster.few_connections.upstream_cx_active')) <= 3);
      assert.ok((await stat(side, 'cluster.few_connections.upstream_rq_pending_active')) <= 1);
      const answers = await released(side.origins, Promise.all(held));
      assert.ok(answers.filter(({ status }) => status === 503).length >= 4);
    }
  });

  for (const cluster of ['retries', 'budget']) {
    test(`as many retries are under way at once to ${cluster}`, async () => {
      await same(async (side) => {
        const held: Promise<FreshAnswer>[] = [];
        for (let i = 0; i < 4; i++) {
          const before = await stat(side, `cluster.${cluster}.upstream_rq_total`);
          const answer = askAnew(side.ports.http, `/to/${cluster}/again`);
          held.push(answer);
          // Either the retry waits at the application, or there is none.
          await endedOr(answer, async () => (await stat(side, `cluster.${cluster}.upstream_rq_total`)) === before + 2);
        }
        const stats = await circuitBreakers(side, cluster);
        const retries = await stat(side, `cluster.${cluster}.upstream_rq_retry`);
        const overflow = await stat(side, `cluster.${cluster}.upstream_rq_retry_overflow`);
        const answers = await released(side.origins, Promise.all(held));
        return { retries, overflow, stats, answers: answers.map(({ status }) => status) };
      });
    });
  }

  test('a bucket is emptied by requests of all connections', async () => {
    const found = await same((side) => statuses(side, '/bucket/', 10));
    assert.equal(found.filter((status) => status === 200).length, 5);
    await same(async (side) => (await askAnew(side.ports.http, '/bucket/')).headers['x-ratelimit-remaining']);
  });

  test('a bucket of all proxies of the local cluster is shared out evenly', async () => {
    const remaining = async (side: Side): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (let i = 0; i < 6; i++) {
        const { status, headers } = await askAnew(side.ports.http, '/fleet/');
        found.push([status, headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]);
      }
      return found;
    };
    await same(remaining);
  });

  test('so are the buckets of descriptors, with and without values', async () => {
    await same((side) => statuses(side, '/descriptors/', 8, { 'x-user': 'a' }));
    await same((side) => statuses(side, '/descriptors/', 8, { 'x-user': 'b' }));
    await same((side) => statuses(side, '/wildcards/', 5, { 'x-user': 'c' }));
    await same((side) => statuses(side, '/wildcards/', 5, { 'x-user': 'd' }));
  });

  for (const listener of ['connections', 'runtime']) {
    test(`as many connections stay on ${listener}, and another may come when one has gone`, async () => {
      await same(async (side) => {
        const open = await dial(side, listener, 8);
        const stayed = open.map(({ isOpen }) => isOpen);
        open[0]?.socket.destroy();
        await until(async () => {
          const [next] = await dial(side, listener, 1);
          next?.socket.destroy();
          return next?.isOpen === true;
        });
        for (const { socket } of open) socket.destroy();
        return stayed;
      });
    });
  }

  test('a network bucket is emptied by all connections, one with a share key by those of several listeners', async () => {
    await same(async (side) => {
      const found = await dial(side, 'rate', 6);
      const shared = [...(await dial(side, 'shared_one', 3)), ...(await dial(side, 'shared_two', 4))];
      for (const { socket } of [...found, ...shared]) socket.destroy();
      return [found, shared].map((each) => each.map(({ isOpen }) => isOpen));
    });
    await same(async (side) => [
      await stat(side, 'local_rate_limit.tcp.rate_limited'),
      await stat(side, 'local_rate_limit.shared.rate_limited'),
    ]);
  });

  test('limits that are switched off let everybody in', async () => {
    await same(async (side) => {
      const found = await dial(side, 'off', 5);
      for (const { socket } of found) socket.destroy();
      return found.map(({ isOpen }) => isOpen);
    });
  });

  test('failures are counted over all workers, and an ejection holds for all', async () => {
    await same(async (side) => {
      let failures = 0;
      while (failures < 5) if ((await askAnew(side.ports.http, '/to/outlier/fail/1/500')).status === 500) failures++;
      await until(async () => (await stat(side, 'cluster.outlier.outlier_detection.ejections_active')) === 1);
      return {
        reached: await reached(side, '/to/outlier/', 24),
        enforced: await stat(side, 'cluster.outlier.outlier_detection.ejections_enforced_total'),
      };
    });
  });

  test('rates are judged over the results of all workers', async () => {
    await same(async (side) => {
      await until(async () => {
        await Promise.all(Array.from({ length: 100 }, () => askAnew(side.ports.http, '/to/rates/fail/3/500')));
        return (await stat(side, 'cluster.rates.outlier_detection.ejections_active')) === 1;
      });
      return reached(side, '/to/rates/', 24);
    });
  });

  test('hosts are checked once for all workers, which all know how they are', async () => {
    await same(async (side) => {
      const checked = side.origins[2];
      assert.ok(checked !== undefined);
      const [before, startedAt] = [checked.checks, performance.now()];
      await until(async () => checked.checks >= before + 6);
      assert.ok(performance.now() - startedAt > 0.8 * 1000, 'six checks take five intervals');
      const healthy = (count: number): Promise<void> =>
        until(async () => (await stat(side, 'cluster.checked.membership_healthy')) === count);
      checked.health = 503;
      await healthy(3);
      const without = await reached(side, '/to/checked/', 16);
      checked.health = 200;
      await healthy(4);
      return { without, all: await reached(side, '/to/checked/', 32) };
    });
  });

  for (const [listener, isCut] of [
    ['cut', true],
    ['uncut', false],
  ] as const) {
    test(`a host that fails its checks ${isCut ? 'takes' : 'does not take'} its connections along where TCP goes to ${listener}`, async () => {
      await same(async (side) => {
        const host = side.origins[3];
        assert.ok(host !== undefined);
        const healthy = (count: number): Promise<void> =>
          until(async () => (await stat(side, `cluster.${listener}.membership_healthy`)) === count);
        await healthy(1);
        const open = await dial(side, listener, 4);
        host.health = 503;
        await healthy(0);
        if (isCut) await until(async () => open.every(({ socket }) => socket.destroyed));
        const left = open.filter(({ socket }) => !socket.destroyed).length;
        for (const { socket } of open) socket.destroy();
        host.health = 200;
        await healthy(1);
        return left;
      });
    });
  }

  /** Which applications answer so many requests. */
  async function reached(side: Side, path: string, times: number): Promise<readonly string[]> {
    const found = new Set<string>();
    for (let i = 0; i < times; i++) found.add((await askAnew(side.ports.http, path)).body);
    return [...found].sort();
  }

  /** Requests that wait at the application, for a connection, or were refused. */
  async function underWay(side: Side, cluster: string, times: number): Promise<Promise<FreshAnswer>[]> {
    const held: Promise<FreshAnswer>[] = [];
    for (let i = 0; i < times; i++) {
      const gauges = ['upstream_rq_active', 'upstream_rq_pending_active'].map((name) => `cluster.${cluster}.${name}`);
      const all = async (): Promise<number> => (await Promise.all(gauges.map((name) => stat(side, name)))).reduce((a, b) => a + b);
      const before = await all();
      const answer = askAnew(side.ports.http, `/to/${cluster}/wait`);
      held.push(answer);
      await endedOr(answer, async () => (await all()) > before);
    }
    return held;
  }
});

/** Waits until something holds, or there is an answer. */
function endedOr(answer: Promise<unknown>, holds: () => Promise<boolean>): Promise<void> {
  let hasEnded = false;
  void answer.finally(() => {
    hasEnded = true;
  });
  return until(async () => hasEnded || holds());
}

/** Opens connections one after the other, and tells which are let in: a request goes through them. */
async function dial({ ports }: Side, listener: string, times: number): Promise<{ readonly socket: Socket; readonly isOpen: boolean }[]> {
  const found: { readonly socket: Socket; readonly isOpen: boolean }[] = [];
  for (let i = 0; i < times; i++) {
    const socket = connect(ports.tcp[listener] ?? 0, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true));
      socket.once('close', () => resolve(false));
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    });
    found.push({ socket, isOpen });
  }
  return found;
}

async function stats({ ports }: Side): Promise<ReadonlyMap<string, number>> {
  const text = await fetch(`http://127.0.0.1:${ports.admin}/stats`).then((answer) => answer.text());
  const lines = text.split('\n').flatMap((line) => {
    const match = /^([^:]+): (\d+)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', Number(match[2])] as const];
  });
  return new Map(lines);
}

async function stat(side: Side, name: string): Promise<number> {
  return (await stats(side)).get(name) ?? 0;
}

async function circuitBreakers(side: Side, cluster: string): Promise<readonly (readonly [string, number])[]> {
  const prefix = `cluster.${cluster}.circuit_breakers.`;
  return [...(await stats(side))].filter(([name]) => name.startsWith(prefix) && isCompared(name)).sort();
}

/** Limits of pools are not compared, nor connections: Envoy opens some for requests that it then refuses. */
function isCompared(name: string): boolean {
  return !/cx_pool|remaining_cx$/.test(name);
}
