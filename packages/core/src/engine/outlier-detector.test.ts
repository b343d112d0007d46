import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutlierDetectionJson } from '@weft/envoy-api/envoy/config/cluster/v3/outlier_detection_pb';
import { buildOutlierDetection } from '../plan/build-outlier.ts';
import type { OutlierResult } from './outlier-counts.ts';
import { OutlierDetector, type OutlierHost, successRateThreshold } from './outlier-detector.ts';

interface Watched {
  readonly hosts: readonly OutlierHost[];
  readonly events: string[];
  /** Reports a result of host `index` so many times. */
  readonly report: (index: number, result: OutlierResult, times?: number) => void;
  /** Lets time pass, with a review at every interval. */
  readonly wait: (ms: number) => void;
  readonly detector: OutlierDetector<OutlierHost>;
}

function watch(json: OutlierDetectionJson, hostCount: number, random: () => number = () => 0): Watched {
  const plan = buildOutlierDetection(json);
  const hosts = Array.from({ length: hostCount }, () => ({ isEjected: false }));
  const events: string[] = [];
  let now = 0;
  const detector = new OutlierDetector<OutlierHost>(plan, {
    now: () => now,
    random,
    onEvent: (event, type) => events.push(`${event} ${type}`),
  });
  detector.use(hosts);
  return {
    hosts,
    events,
    detector,
    report: (index, result, times = 1) => {
      const host = hosts[index];
      if (host !== undefined) for (let i = 0; i < times; i++) detector.report(host, result);
    },
    wait: (ms) => {
      for (const end = now + ms; now < end; ) {
        now += plan.intervalMs;
        detector.review();
      }
    },
  };
}

const ejected = ({ hosts }: Watched): number[] => hosts.flatMap((host, index) => (host.isEjected ? [index] : []));

test('consecutive 5xx eject, a success in between starts the count anew', () => {
  const watched = watch({ consecutive5xx: 3, maxEjectionPercent: 50 }, 4);
  watched.report(0, 500, 2);
  watched.report(0, 200);
  watched.report(0, 503, 2);
  assert.deepEqual(ejected(watched), []);
  watched.report(0, 503);
  assert.deepEqual(ejected(watched), [0]);
  assert.deepEqual(watched.events, ['detected consecutive_5xx', 'enforced consecutive_5xx']);
});

test('gateway failures are 502, 503 and 504, and are not enforced unless asked for', () => {
  const quiet = watch({ consecutive5xx: 100, consecutiveGatewayFailure: 2, maxEjectionPercent: 100 }, 2);
  quiet.report(0, 502, 2);
  assert.deepEqual([ejected(quiet), quiet.events], [[], ['detected consecutive_gateway_failure']]);
  const enforced = watch(
    { consecutive5xx: 100, consecutiveGatewayFailure: 2, enforcingConsecutiveGatewayFailure: 100, maxEjectionPercent: 100 },
    2,
  );
  enforced.report(0, 503);
  enforced.report(0, 500);
  enforced.report(0, 504);
  assert.deepEqual(ejected(enforced), []);
  enforced.report(0, 503);
  assert.deepEqual(ejected(enforced), [0]);
});

test('failed connections count as 503 and time-outs as 504, or on their own account when errors are split', () => {
  const joined = watch({ consecutive5xx: 2, maxEjectionPercent: 100 }, 2);
  joined.report(0, 'connectFailed');
  joined.report(0, 'timeout');
  assert.deepEqual(joined.events, ['detected consecutive_5xx', 'enforced consecutive_5xx']);
  const split = watch(
    { consecutive5xx: 2, consecutiveLocalOriginFailure: 3, splitExternalLocalOriginErrors: true, maxEjectionPercent: 100 },
    2,
  );
  split.report(0, 'connectFailed', 2);
  split.report(0, 'connected');
  split.report(0, 'timeout', 2);
  assert.deepEqual(ejected(split), []);
  split.report(0, 'connectFailed');
  assert.deepEqual(split.events, ['detected consecutive_local_origin_failure', 'enforced consecutive_local_origin_failure']);
});

test('no more hosts than the maximum per cent go, except one where that is asked for', () => {
  const strict = watch({ consecutive5xx: 1, maxEjectionPercent: 10 }, 3);
  strict.report(0, 500);
  assert.deepEqual([ejected(strict), strict.events.at(-1)], [[], 'overflow consecutive_5xx']);
  const one = watch({ consecutive5xx: 1, maxEjectionPercent: 10, alwaysEjectOneHost: true }, 3);
  one.report(0, 500);
  one.report(1, 500);
  assert.deepEqual(ejected(one), [0]);
  const half = watch({ consecutive5xx: 1, maxEjectionPercent: 50 }, 4);
  for (const index of [0, 1, 2]) half.report(index, 500);
  assert.deepEqual(ejected(half), [0, 1]);
});

test('an ejection lasts the base time times the ejections so far, at most the maximum, and the factor wears off', () => {
  const settings = { consecutive5xx: 1, maxEjectionPercent: 100, interval: '1s', baseEjectionTime: '10s', maxEjectionTime: '25s' };
  const watched = watch(settings, 2);
  const outFor = (): number => {
    watched.report(0, 500);
    let seconds = 0;
    for (; watched.hosts[0]?.isEjected === true; seconds++) watched.wait(1000);
    return seconds;
  };
  assert.deepEqual([outFor(), outFor(), outFor(), outFor()], [10, 20, 25, 25]);
  watched.wait(10_000);
  assert.equal(outFor(), 10);
});

test('jitter lengthens an ejection', () => {
  const watched = watch(
    { consecutive5xx: 1, maxEjectionPercent: 100, interval: '1s', baseEjectionTime: '10s', maxEjectionTimeJitter: '4s' },
    2,
    () => 0.99,
  );
  watched.report(0, 500);
  watched.wait(13_000);
  assert.deepEqual(ejected(watched), [0]);
  watched.wait(1000);
  assert.deepEqual(ejected(watched), []);
});

test('the enforced share of detections is drawn', () => {
  const watched = watch({ consecutive5xx: 1, enforcingConsecutive5xx: 30, maxEjectionPercent: 100 }, 1, () => 0.3);
  watched.report(0, 500);
  assert.deepEqual(watched.events, ['detected consecutive_5xx']);
});

test('the success rate threshold is the mean less so many standard deviations', () => {
  assert.equal(successRateThreshold([50, 100, 100, 100, 100], 1.9), 52);
});

test('a host far below the success rate of the others is ejected, with enough hosts and requests', () => {
  const settings = { consecutive5xx: 1000, successRateMinimumHosts: 5, successRateRequestVolume: 10, maxEjectionPercent: 100 };
  const run = (hostCount: number, volume: number): Watched => {
    const watched = watch(settings, hostCount);
    for (let index = 0; index < hostCount; index++) {
      watched.report(index, 200, index === 0 ? volume / 2 : volume);
      if (index === 0) watched.report(index, 500, volume / 2);
    }
    watched.wait(10_000);
    return watched;
  };
  assert.deepEqual(ejected(run(5, 10)), [0]);
  assert.deepEqual(ejected(run(4, 10)), []);
  assert.deepEqual(ejected(run(5, 8)), []);
  assert.deepEqual(run(5, 10).events, ['detected success_rate', 'enforced success_rate']);
});

test('failure percentage ejects at its threshold where enforced', () => {
  const settings = {
    consecutive5xx: 1000,
    enforcingSuccessRate: 0,
    enforcingFailurePercentage: 100,
    failurePercentageThreshold: 50,
    failurePercentageMinimumHosts: 2,
    failurePercentageRequestVolume: 4,
    maxEjectionPercent: 100,
  };
  const watched = watch(settings, 2);
  watched.report(0, 200, 2);
  watched.report(0, 500, 2);
  watched.report(1, 200, 3);
  watched.report(1, 500, 1);
  watched.wait(10_000);
  assert.deepEqual(ejected(watched), [0]);
});

test('an active health check that succeeds returns the host, unless configured otherwise', () => {
  for (const successfulActiveHealthCheckUnejectHost of [true, false]) {
    const watched = watch({ consecutive5xx: 1, maxEjectionPercent: 100, successfulActiveHealthCheckUnejectHost }, 1);
    watched.report(0, 500);
    const [host] = watched.hosts;
    if (host !== undefined) watched.detector.onHealthCheckSuccess(host);
    assert.deepEqual(ejected(watched), successfulActiveHealthCheckUnejectHost ? [] : [0]);
  }
});
