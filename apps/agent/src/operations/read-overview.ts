import type { TrafficScope } from '../api/agent-api.ts';
import type { ChangeEffect, Health, Overview } from '../api/types.ts';
import { emptySeries, goldenSeries } from '../telemetry/golden-series.ts';
import { TrafficSum } from '../telemetry/traffic-sum.ts';
import type { AgentParts } from './agent-parts.ts';
import { countFindings, isSelected } from './counts.ts';
import { listRollouts } from './list-rollouts.ts';
import { listServices } from './list-services.ts';
import { readStatus } from './read-status.ts';
import { readTopology } from './read-topology.ts';
import { emptyReason, isCountedOnce, markersIn, windowOf } from './traffic-window.ts';

const effectWindowMs = 60_000;
const shownChanges = 8;

/** Whether the mesh is well, at a glance. */
export function readOverview(parts: AgentParts, scope: TrafficScope): Overview {
  const window = windowOf(parts, scope);
  const { services } = listServices(parts, scope);
  const { nodes } = readTopology(parts, { ...scope, graphType: 'workload' });
  const status = readStatus(parts);
  const isOwn = (namespace: string) => isSelected(scope.namespaces, namespace);
  const sum = sumBetween(parts, window.from, window.to, isOwn);
  const series = goldenSeries(parts.series, window, (labels) =>
    isCountedOnce(labels) && isOwn(labels.destinationNamespace) ? 'all' : null,
  );
  const proxies = status.proxies.filter(({ namespace }) => isOwn(namespace));
  return {
    at: window.to,
    windowSeconds: window.seconds,
    health: { services: countHealth(services), workloads: countHealth(nodes.filter(({ workloads }) => workloads.length > 0)) },
    stats: sum.stats(window.recordedSeconds),
    series: series.get('all') ?? emptySeries(),
    markers: markersIn(parts, window),
    services: services.map(({ key, namespace, name, health, stats }) => ({ key, namespace, name, health, stats })),
    findings: countFindings(parts.config.findings()),
    proxies: {
      connected: proxies.filter(({ connected }) => connected).length,
      total: proxies.length,
      notSynced: proxies
        .filter(({ connected, synced }) => !connected || Object.values(synced).some((state) => state === 'STALE' || state === 'NACK'))
        .map(({ namespace, name }) => `${namespace}/${name}`),
    },
    certificates: proxies
      .flatMap(({ namespace, name, certificate }) =>
        certificate ? [{ proxy: `${namespace}/${name}`, spiffeId: certificate.spiffeId, notAfter: certificate.notAfter }] : [],
      )
      .sort((a, b) => a.notAfter - b.notAfter)
      .slice(0, 5),
    rollouts: listRollouts(parts, scope)
      .rollouts.filter(({ destinations }) => destinations.filter(({ requestedPercent }) => requestedPercent > 0).length > 1)
      .map(({ id, name, namespace, destinations }) => ({
        id,
        name,
        namespace,
        weights: destinations.map((each) => each.requestedPercent),
      })),
    changes: readChanges(parts, isOwn),
    empty: emptyReason(parts, { isEmpty: !sum.hasTraffic, isFiltered: scope.namespaces.length > 0 }),
  };
}

function readChanges(parts: AgentParts, isOwn: (namespace: string) => boolean): readonly ChangeEffect[] {
  return parts.revisions
    .list(shownChanges, null)
    .filter(({ origin }) => origin !== 'start')
    .map(({ id, at, who, why }) => {
      const before = sumBetween(parts, at - effectWindowMs, at, isOwn).stats(effectWindowMs / 1000);
      const after = sumBetween(parts, at, Math.min(at + effectWindowMs, parts.now()), isOwn).stats(effectWindowMs / 1000);
      return {
        revision: id,
        at,
        who,
        why,
        errorPercentBefore: before.errorPercent,
        errorPercentAfter: after.errorPercent,
        p95MsBefore: before.p95Ms,
        p95MsAfter: after.p95Ms,
      };
    });
}

function sumBetween(parts: AgentParts, from: number, to: number, isOwn: (namespace: string) => boolean): TrafficSum {
  const sum = new TrafficSum();
  parts.series.each(from, to, (labels, increases, recent) => {
    if (isCountedOnce(labels) && isOwn(labels.destinationNamespace)) sum.add(labels, increases, recent);
  });
  return sum;
}

function countHealth(list: readonly { readonly health: Health }[]): Readonly<Record<Health, number>> {
  const count = (health: Health) => list.filter((each) => each.health === health).length;
  return { healthy: count('healthy'), degraded: count('degraded'), failure: count('failure'), idle: count('idle') };
}
