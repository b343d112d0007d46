import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { findEnvoy } from '../envoy.ts';
import { type AdminSide, ask, driveTraffic, startAdminSides, stopAdminSides } from './side.ts';

const envoy = findEnvoy();

/** Stats of Envoy that Weft has not, and why. Names of ports: 6 is the listener that ends TLS, 7 the one that turns everybody away. */
const notHere: readonly (readonly [name: RegExp, why: string])[] = [
  [/^(main_thread|workers|server\.(main_thread|worker_\d+))\.watchdog_/, 'there is no watchdog'],
  [/^runtime\./, 'there is no runtime layer'],
  [/^(overload|envoy\.overload_actions)\./, 'there is no overload manager'],
  [/^thread_local_cluster_manager\./, 'threads have clusters of their own'],
  [/^http\.async-client\./, 'the proxy’s own calls go to clusters directly'],
  [
    /^cluster_manager\.(cluster_updated|cluster_updated_via_merge|update_merge_cancelled|update_out_of_merge_window)$/,
    'updates are not merged',
  ],
  [/^http\.\w+\.fault\.(active_faults|faults_overflow|response_rl_injected)$/, 'faults are not limited in number, nor is their rate'],
  [/^listener_manager\.workers_pinned$/, 'threads are not pinned to cores'],
  [
    /^server\.(compilation_settings|debug_assertion_failures|envoy_|static_unknown|dynamic_unknown|wip_protos|version|stats_recent)/,
    'of Envoy’s build',
  ],
  [
    /^server\.(dropped_stat_flushes|seconds_until_first_ocsp_response_expiring|initialization_time_ms)$/,
    'stats are not flushed, nothing is stapled',
  ],
  [/http2\.(cookie|cookies|header)_/, 'sizes of header blocks are not counted'],
  [/http2\.(nghttp2|oghttp2)_/, 'names of Envoy’s libraries'],
  [/ssl\.sigalgs\./, 'Node does not tell the algorithm of a signature'],
  [/^listener\..*ssl\.curves\./, 'Node tells the curve to clients only'],
];

/** Stats of Weft that Envoy has not. Node judges certificates after the handshake, and what comes with it is counted before. */
const onlyHere = /^istiocustom\.istio_build\.|^listener\.127\.0\.0\.1_7\.ssl\.(ciphers|versions)\./;

const notCompared: readonly (readonly [name: RegExp, why: string])[] = [
  [/^server\.(memory|uptime|total_connections)|^filesystem\.(flushed|write_completed)/, 'of the process and its timers'],
  [/_ms$|_time$|per_cx$|per_socket_event$/, 'histograms: Envoy shows values only after it flushed them'],
  [/bytes_buffered$/, 'Envoy’s buffers are counted at the next event'],
  [/cx_(rx|tx)_bytes_total$/, 'each has its own headers, and of a refused connection Weft reads nothing'],
  [/^http\.\w+\.downstream_cx_destroy_(local|remote)$/, 'who closes first of two that close at once'],
  [/remaining_cx_pools$/, 'an unlimited number is 64 bits there and 32 here'],
  [/^(http\.refusing|listener\.127\.0\.0\.1_7|cluster\.bare)\..*(ssl|_cx_)/, 'see `onlyHere`'],
  [/^cluster\.unreached\./, 'Envoy connects to it before an RBAC filter denies the connection, Weft does not'],
];

const isAmong = (list: readonly (readonly [RegExp, string])[], name: string): boolean => list.some(([pattern]) => pattern.test(name));

describe('the same traffic counts the same', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 1,
}, () => {
  let ours: AdminSide;
  let theirs: AdminSide;

  before(async () => {
    [ours, theirs] = await startAdminSides(envoy ?? '');
    await Promise.all([ours, theirs].map(driveTraffic));
    await Promise.all([ours, theirs].map(settled));
  });

  after(() => stopAdminSides([ours, theirs]));

  test('both have the same stats', async () => {
    const [weft, reference] = await Promise.all([stats(ours), stats(theirs)]);
    assert.deepEqual(
      [...reference.keys()].filter((name) => !weft.has(name) && !isAmong(notHere, name)),
      [],
      'Envoy has them, Weft has not',
    );
    assert.deepEqual(
      [...weft.keys()].filter((name) => !reference.has(name) && !onlyHere.test(name)),
      [],
      'Weft has them, Envoy has not',
    );
    for (const [name] of notHere)
      assert.ok(
        [...reference.keys()].some((stat) => name.test(stat)),
        `${name} is of no use`,
      );
  });

  test('with the same values', async () => {
    const [weft, reference] = await Promise.all([stats(ours), stats(theirs)]);
    const compared = [...weft].filter(([name]) => reference.has(name) && !isAmong(notCompared, name));
    const differences = compared.filter(([name, value]) => reference.get(name) !== value);
    assert.deepEqual(
      differences.map(([name, value]) => `${name}: ${value}, Envoy ${reference.get(name)}`),
      [],
    );
    assert.ok(compared.length > 1000, `${compared.length} stats compared`);
  });

  test('only those in use are shown where that is asked for', async () => {
    const used = async (side: AdminSide) => {
      const { body } = await ask(
        side,
        '/stats?usedonly&type=Counters&filter=^cluster\\.(origin|dead|loop)\\.(upstream_rq|upstream_cx|retry)',
        'GET',
      );
      return body.split('\n').map((line) => line.replace(/: .*/, ''));
    };
    assert.deepEqual(await used(ours), await used(theirs));
  });

  test('handshakes that were refused count by their reason', async () => {
    const [weft, reference] = await Promise.all([stats(ours), stats(theirs)]);
    const refused = (all: ReadonlyMap<string, string>) =>
      [...all].filter(([name, value]) => /fail_verify_(no_cert|san|cert_hash|error)$/.test(name) && value !== '0');
    assert.deepEqual(refused(weft), refused(reference));
    assert.equal(refused(weft).length, 2);
  });

  test('Prometheus finds the same families, types and labels', async () => {
    const [weft, reference] = await Promise.all([families(ours), families(theirs)]);
    assert.deepEqual(
      [...weft].filter((line) => !reference.has(line)),
      [],
    );
  });
});

/** Waits until nothing changes any more: ends of connections count when they are seen. */
async function settled(side: AdminSide): Promise<void> {
  let last = '';
  for (let tries = 0; tries < 100; tries++) {
    const { body } = await ask(side, '/stats?type=Counters&filter=^(cluster|listener|http|tcp|vhost)\\.', 'GET');
    const now = body
      .split('\n')
      .filter((line) => !line.includes('admin'))
      .join('\n');
    if (now === last) return;
    last = now;
    await setTimeout(150);
  }
}

/** Names and values, without those of the admin interface itself. */
async function stats(side: AdminSide): Promise<ReadonlyMap<string, string>> {
  const { body } = await ask(side, '/stats', 'GET');
  const lines = body.split('\n').filter((line) => line !== '' && !line.includes('admin'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]));
}

async function families(side: AdminSide): Promise<ReadonlySet<string>> {
  const { body } = await ask(side, '/stats/prometheus', 'GET');
  // Envoy shows histograms of the requests’ times once it flushed them.
  const left = /admin|istio_build|ssl_(ciphers|versions).*127\.0\.0\.1_7|rq_time/;
  const own = body.split('\n').filter((line) => line !== '' && !left.test(line));
  return new Set(own.map((line) => (line.startsWith('#') ? line : line.slice(0, line.lastIndexOf(' ')))));
}
