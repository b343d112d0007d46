import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startProxy } from '../../src/proxy.ts';
import type { Bootstrap } from '../../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from '../envoy.ts';
import { freePorts } from '../free-ports.ts';
import { askAnew } from '../workers/fresh.ts';
import { type Ports, upstreamBootstrap } from './clusters.ts';
import { type NumberedOrigin, released, startOrigins } from './origins.ts';
import { ask, byKey, chosen, counts, type Side, stats, until } from './side.ts';

const envoy = findEnvoy();

interface RunningSide extends Side {
  readonly proxy: Running;
}

const ejections = /^outlier_detection\.ejections_(?!.*total$|success_rate$|consecutive_5xx$)/;

describe('Weft and Envoy choose the same hosts', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  let origins: readonly NumberedOrigin[] = [];
  let ours: RunningSide;
  let theirs: RunningSide;

  before(async () => {
    origins = await startOrigins(6);
    const [dead = 0, ...free] = await freePorts(5);
    const ports: Ports = { origins: origins.map(({ port }) => port), dead };
    ours = await startSide(free.slice(0, 2), ports, (bootstrap) => startProxy({ bootstrap: bootstrap as Bootstrap, drainTimeMs: 0 }));
    theirs = await startSide(free.slice(2), ports, (bootstrap, admin) => startEnvoy(envoy ?? '', bootstrap, admin));
  });

  after(async () => {
    for (const origin of origins) origin.stop();
    await ours?.proxy.stop();
    await theirs?.proxy.stop();
  });

  /** The same on both sides. */
  async function same<T>(observe: (side: Side) => Promise<T>): Promise<T> {
    const weft = await observe(ours);
    const reference = await observe(theirs);
    assert.deepEqual(weft, reference);
    return reference;
  }

  /** Shares of many choices that differ by less than chance explains. */
  async function alike(cluster: string, times: number): Promise<void> {
    const [weft, reference] = await Promise.all([counts(ours, cluster, times), counts(theirs, cluster, times)]);
    for (const name of new Set([...Object.keys(weft), ...Object.keys(reference)])) {
      const difference = Math.abs((weft[name] ?? 0) - (reference[name] ?? 0)) / times;
      assert.ok(difference < 0.13, `${cluster}: ${JSON.stringify(weft)} against ${JSON.stringify(reference)}`);
    }
  }

  for (const cluster of [
    'ring',
    'ring_murmur',
    'ring_small',
    'ring_weights',
    'ring_localities',
    'ring_keys',
    'ring_priorities',
    'ring_typed',
    'ring_two',
    'maglev',
    'maglev_small',
    'maglev_weights',
    'maglev_hostnames',
  ]) {
    test(`a hash finds the same host in ${cluster}`, async () => {
      const found = await same((side) => byKey(side, cluster, 60));
      assert.ok(new Set(found).size > 1);
    });
  }

  for (const cluster of ['bounded_ring', 'bounded_maglev']) {
    test(`the same hosts take what is too much for one in ${cluster}`, async () => {
      const found = await same((side) => held(side, cluster, 10));
      assert.ok(new Set(found).size > 1);
    });
  }

  for (const [cluster, times] of [
    ['robin', 12],
    ['robin_weights', 16],
    ['robin_localities', 8],
    ['robin_localities_down', 440],
    ['wrr_locality', 8],
    ['priorities_down', 4],
    ['panic', 9],
    ['panic_draining', 9],
    ['panic_off', 3],
    ['panic_fails', 9],
    ['degraded_only', 4],
    ['subset_exact', 6],
    ['subset_two', 4],
    ['subset_other_keys', 4],
    ['subset_more_keys', 4],
    ['subset_missing', 4],
    ['subset_any', 8],
    ['subset_default', 4],
    ['subset_none', 4],
    ['subset_none_any', 8],
    ['subset_selector_any', 8],
    ['subset_selector_default', 4],
    ['subset_selector_none', 4],
    ['subset_selector_keys', 4],
    ['subset_list', 4],
    ['subset_without_selectors', 8],
    ['dns', 8],
    ['robin_typed', 10],
    ['zones_large_enough', 12],
    ['zones_fail_in_panic', 6],
    ['listed_first', 6],
    ['listed_second', 4],
    ['listed_none', 4],
    ['listed_empty', 4],
    ['listed_overridden', 4],
    ['listed_unread', 6],
    ['zones_direct', 12],
  ] as const) {
    test(`so many requests reach each host of ${cluster}`, async () => {
      await same((side) => counts(side, cluster, times));
    });
  }

  for (const cluster of [
    'priorities',
    'priorities_panic',
    'degraded',
    'random',
    'least',
    'least_all',
    'least_weights',
    'least_unbiased',
    'least_biased',
    'least_typed',
    'least_choices',
    'random_typed',
    'zones_small',
    'aggregate',
    'zones',
    'zones_half',
    'half_dropped',
  ]) {
    test(`about the same share reaches each host of ${cluster}`, () => alike(cluster, 400));
  }

  test('a header names the destination of ORIGINAL_DST', async () => {
    const to = `127.0.0.1:${origins[3]?.port}`;
    const found = await same(async (side) => [
      await chosen(side, 'original', '/', { 'x-envoy-original-dst-host': to }),
      await chosen(side, 'original', '/', { 'x-envoy-original-dst-host': 'nonsense' }),
      await chosen(side, 'original'),
    ]);
    assert.equal(found[0], '3');
  });

  for (const [cluster, path, failures] of [
    ['outlier_5xx', '/fail/1/500', 20],
    ['outlier_one', '/fail/1/500', 12],
    ['outlier_always_one', '/fail/1/500', 12],
    ['outlier_gateway', '/fail/2/503', 20],
    ['outlier_local', '/', 15],
    ['outlier_matcher', '/fail/1/503', 12],
    ['outlier_matcher', '/fail/2/429', 16],
  ] as const) {
    test(`${cluster} leaves the same hosts after ${path}`, async () => {
      await same(async (side) => {
        await counts(side, cluster, failures, path);
        const turns = await counts(side, cluster, 12);
        // The host that the case before had ejected comes back meanwhile, and turns begin anew: who takes part can be compared there, not how often.
        const after = path === '/fail/2/429' ? Object.keys(turns).sort() : turns;
        const { 'outlier_detection.ejections_overflow': overflow, ...events } = await stats(side, cluster, ejections);
        // Envoy's main thread takes its time to reset a count that led to nothing, so that their number is chance.
        return overflow === undefined ? { after, events } : { after, hasOverflow: true };
      });
    });
  }

  for (const cluster of ['outlier_rate', 'outlier_percentage']) {
    test(`${cluster} leaves the same hosts`, async () => {
      await same(async (side) => {
        await until(async () => {
          await counts(side, cluster, 80, '/fail/3/500');
          return (await stats(side, cluster, ejections))['outlier_detection.ejections_active'] === 1;
        });
        const { 'outlier_detection.ejections_active': active } = await stats(side, cluster, ejections);
        return { active, after: await counts(side, cluster, 12) };
      });
    });
  }

  test('an ejected host comes back after its time', async () => {
    await same(async (side) => {
      await counts(side, 'outlier_returns', 12, '/fail/0/500');
      const { 'outlier_detection.ejections_active': before } = await stats(side, 'outlier_returns', ejections);
      await until(async () => (await stats(side, 'outlier_returns', ejections))['outlier_detection.ejections_active'] === undefined);
      return { before, after: await counts(side, 'outlier_returns', 12) };
    });
  });

  test('checked hosts go and come with their health, and a degraded one only helps out', async () => {
    const healthy = async (side: Side, wanted: number): Promise<void> =>
      until(async () => ((await stats(side, 'checked', /^membership_healthy$/)).membership_healthy ?? 0) === wanted);
    const both = async (wanted: number): Promise<void> => {
      await healthy(ours, wanted);
      await healthy(theirs, wanted);
    };
    const fifth = origins[5];
    assert.ok(fifth !== undefined);
    await both(2);
    await same((side) => counts(side, 'checked', 8));
    fifth.health = 503;
    await both(1);
    await same((side) => counts(side, 'checked', 8));
    fifth.health = 200;
    await both(2);
    await same((side) => counts(side, 'checked', 8));
    fifth.healthHeaders = { 'x-envoy-degraded': 'true' };
    await both(1);
    await alike('checked', 400);
    fifth.healthHeaders = {};
    await both(2);
  });

  test('expected and retriable statuses of checks are told apart', async () => {
    const fifth = origins[5];
    assert.ok(fifth !== undefined);
    for (const [status, wanted] of [
      [204, 2],
      [429, 1],
      [302, 1],
      [200, 2],
    ] as const) {
      fifth.health = status;
      for (const side of [ours, theirs]) {
        await until(async () => (await stats(side, 'checked_statuses', /^membership_healthy$/)).membership_healthy === wanted);
      }
    }
  });

  test('a TCP check finds out who listens', async () => {
    const reached = await same((side) => counts(side, 'checked_tcp', 6));
    assert.deepEqual(reached, { 0: 6 });
  });

  test('requests that an assignment wants refused are answered alike', async () => {
    await same(async (side) => {
      const { status, body, headers } = await ask(side, 'dropped');
      return { status, body, mark: headers['x-envoy-unconditional-drop-overload'] };
    });
  });

  for (const cluster of ['limited_requests', 'limited_connections', 'limited_per_host']) {
    test(`${cluster} refuses the same number`, async () => {
      await same(async (side) => {
        // One after the other until the first is under way: how fast a connection is made is not what is compared.
        await ask(side, cluster);
        const first = ask(side, cluster, '/wait');
        await until(async () => (await stats(side, cluster, /^upstream_rq_active$/)).upstream_rq_active === 1);
        const others = Array.from({ length: 5 }, () => ask(side, cluster, '/wait'));
        // All but those that are let through are refused at once; the others go on when that is over.
        await until(async () => Object.values(await stats(side, cluster, /^upstream_rq_(pending|active)_overflow$/))[0] === 4);
        const answers = await released(origins, Promise.all([first, ...others]));
        return {
          statuses: answers.map(({ status }) => status).sort(),
          overload: answers.map(({ headers }) => headers['x-envoy-overloaded'] ?? '').sort(),
          stats: await stats(side, cluster, /overflow$/),
        };
      });
    });
  }

  for (const [cluster, path, busy] of [
    ['least_unbiased', '/wait', 3],
    ['least_biased', '/wait', 3],
    ['least_choices', '/wait', 3],
  ] as const) {
    test(`requests under way weigh as much in ${cluster}`, async () => {
      const during: Readonly<Record<string, number>>[] = [];
      for (const side of [ours, theirs]) {
        const waiting = Array.from({ length: busy }, () => ask(side, cluster, path));
        await until(async () => (await stats(side, cluster, /^upstream_rq_active$/)).upstream_rq_active === busy);
        during.push(await counts(side, cluster, 300));
        await released(origins, Promise.all(waiting));
      }
      const [weft = {}, reference = {}] = during;
      // Which hosts are busy is chance where it does not follow from the weights.
      const shares = (found: Readonly<Record<string, number>>): number[] => Object.values(found).sort((a, b) => a - b);
      for (const [index, share] of shares(weft).entries())
        assert.ok(Math.abs(share - (shares(reference)[index] ?? 0)) < 60, `${JSON.stringify(weft)} against ${JSON.stringify(reference)}`);
    });
  }

  for (const cluster of ['few_requests_each', 'shared_connections', 'own_connections']) {
    test(`as many connections are opened to ${cluster}`, async () => {
      const opened = await same(async (side) => {
        for (let i = 0; i < 6; i++) await askAnew(side.listener, `/to/${cluster}/`);
        return stats(side, cluster, /^upstream_(cx_total|cx_max_requests|rq_total)$/);
      });
      assert.equal(opened.upstream_cx_total, { few_requests_each: 3, shared_connections: 1, own_connections: 6 }[cluster]);
    });
  }

  for (const cluster of ['cut_off', 'not_cut_off']) {
    test(`what becomes of a request to ${cluster} when its host fails its checks`, async () => {
      const fifth = origins[5];
      assert.ok(fifth !== undefined);
      const healthy = (side: Side, wanted: number | undefined): Promise<void> =>
        until(async () => (await stats(side, cluster, /^membership_healthy$/)).membership_healthy === wanted);
      await same(async (side) => {
        await healthy(side, 1);
        const waiting = ask(side, cluster, '/wait');
        await until(async () => (await stats(side, cluster, /^upstream_rq_active$/)).upstream_rq_active === 1);
        fifth.health = 503;
        await healthy(side, undefined);
        const { status, body } = cluster === 'cut_off' ? await waiting : await released(origins, waiting);
        fifth.health = 200;
        await healthy(side, 1);
        return { status, body };
      });
    });
  }

  test('a retry avoids the host that failed, its priority, or hosts that metadata marks', async () => {
    assert.deepEqual(await same((side) => counts(side, 'retried', 10)), { 0: 10 });
    assert.deepEqual(await same((side) => counts(side, 'retried_priorities', 4)), { 2: 4 });
    await same((side) => counts(side, 'retried_omitting', 12, '/status/200'));
    await same(
      async (side) =>
        [...new Set(await Promise.all(Array.from({ length: 12 }, () => chosen(side, 'retried_omitting', '/fail/0/503'))))].length,
    );
  });

  async function held(side: Side, cluster: string, times: number): Promise<readonly string[]> {
    const answers: Promise<string>[] = [];
    for (let i = 0; i < times; i++) {
      answers.push(chosen(side, cluster, '/wait', { 'x-key': 'one' }));
      await until(async () => (await stats(side, cluster, /^upstream_rq_active$/)).upstream_rq_active === i + 1);
    }
    return released(origins, Promise.all(answers));
  }
});

async function startSide(
  [listener = 0, admin = 0]: readonly number[],
  ports: Ports,
  start: (bootstrap: object, admin: number) => Promise<Running>,
): Promise<RunningSide> {
  return { listener, admin, proxy: await start(upstreamBootstrap(listener, admin, ports), admin) };
}
