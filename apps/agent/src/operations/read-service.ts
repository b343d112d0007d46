import type { Service } from '@weft/core/mesh/service';
import type { TrafficScope } from '../api/agent-api.ts';
import type { AppliedResource, BreakdownRow, EndpointStatus, ServiceDetail } from '../api/types.ts';
import { WeftError } from '../api/weft-error.ts';
import { resourceId } from '../store/resource-id.ts';
import { emptySeries, goldenSeries } from '../telemetry/golden-series.ts';
import type { TrafficLabels } from '../telemetry/traffic-labels.ts';
import { TrafficSum } from '../telemetry/traffic-sum.ts';
import { canonicalNames } from '../telemetry/workload-index.ts';
import type { AgentParts } from './agent-parts.ts';
import { findingsOf } from './counts.ts';
import { describeRoute } from './describe-route.ts';
import { listPolicies } from './list-policies.ts';
import { hostOf, summarizeService } from './list-services.ts';
import { emptyReason, isCountedOnce, markersIn, type TrafficWindow, windowOf } from './traffic-window.ts';
import { workloadsOfService } from './workload-facts.ts';

/** A service with its golden signals over time, split by source, destination, version and code, and what shapes its traffic. */
export function readService(parts: AgentParts, key: string, scope: TrafficScope): ServiceDetail {
  const mesh = parts.config.current.mesh();
  const service = mesh.serviceByKey.get(key) ?? mesh.services.find(({ hostname }) => hostname === key);
  if (!service) throw new WeftError('NOT_FOUND', `no service ${key}; expected namespace/hostname of a service of the mesh`);
  const window = windowOf(parts, scope);
  const isOwn = (labels: TrafficLabels) => isCountedOnce(labels) && hostOf(labels) === service.hostname;
  const sum = new TrafficSum();
  parts.series.each(window.from, window.to, (labels, increases, recent) => isOwn(labels) && sum.add(labels, increases, recent));
  const rows = (keyOf: (labels: TrafficLabels) => readonly [namespace: string, name: string]) =>
    breakdown(parts, window, (labels) => (isOwn(labels) ? keyOf(labels) : null));
  const routing = routingOf(parts, service);
  const policies = policiesOf(parts, service, scope);
  const ids = new Set([resourceId(service.ref), ...[...routing, ...policies].map(({ id }) => id)]);
  return {
    at: window.to,
    windowSeconds: window.seconds,
    service: summarizeService(parts, service, { sum, seconds: window.recordedSeconds }),
    series: goldenSeries(parts.series, window, (labels) => (isOwn(labels) ? 'all' : null)).get('all') ?? emptySeries(),
    seriesByVersion: [...goldenSeries(parts.series, window, (labels) => (isOwn(labels) ? labels.destinationVersion || 'unknown' : null))]
      .map(([version, series]) => ({ version, series }))
      .sort((a, b) => (a.version < b.version ? -1 : 1)),
    bySource: rows(({ sourceNamespace, sourceApp, sourceWorkload }) => [sourceNamespace, sourceApp || sourceWorkload || 'unknown']),
    byDestination: rows(({ destinationNamespace, destinationWorkload }) => [destinationNamespace, destinationWorkload || 'unknown']),
    byVersion: rows(({ destinationNamespace, destinationVersion }) => [destinationNamespace, destinationVersion || 'unknown']),
    byCode: sum.codes(window.recordedSeconds),
    endpoints: endpointsOf(parts, service),
    routing,
    policies,
    markers: markersIn(parts, window),
    findings: findingsOf(parts.config.findings(), ids),
    empty: emptyReason(parts, { isEmpty: !sum.hasTraffic, isFiltered: false }),
  };
}

function breakdown(
  parts: AgentParts,
  { from, to, recordedSeconds }: TrafficWindow,
  keyOf: (labels: TrafficLabels) => readonly [namespace: string, name: string] | null,
): readonly BreakdownRow[] {
  const sums = new Map<string, { namespace: string; name: string; sum: TrafficSum }>();
  parts.series.each(from, to, (labels, increases, recent) => {
    const key = keyOf(labels);
    if (!key) return;
    const [namespace, name] = key;
    const row = sums.get(key.join('/')) ?? { namespace, name, sum: new TrafficSum() };
    sums.set(key.join('/'), row);
    row.sum.add(labels, increases, recent);
  });
  const all = [...sums.values()].filter(({ sum }) => sum.hasTraffic);
  const requests = all.reduce((total, { sum }) => total + sum.requests, 0);
  return all
    .map(({ namespace, name, sum }) => ({
      key: name,
      namespace,
      stats: sum.stats(recordedSeconds),
      percent: requests > 0 ? (100 * sum.requests) / requests : 0,
    }))
    .sort((a, b) => b.percent - a.percent || (a.key < b.key ? -1 : 1));
}

function endpointsOf(parts: AgentParts, service: Service): readonly EndpointStatus[] {
  const mesh = parts.config.current.mesh();
  return (mesh.endpointsByService.get(service.key)?.endpoints ?? []).map((endpoint) => ({
    address: endpoint.address,
    port: endpoint.port,
    workload: endpoint.workloadName,
    namespace: endpoint.namespace,
    version: canonicalNames(endpoint.labels, endpoint.workloadName).version,
    serviceAccount: endpoint.serviceAccount,
    health: endpoint.health,
    weight: endpoint.weight,
    mtls: endpoint.acceptsMtls,
  }));
}

function routingOf(parts: AgentParts, service: Service): readonly AppliedResource[] {
  const mesh = parts.config.current.mesh();
  const rules = mesh.virtualServices
    .filter(({ hosts }) => hosts.includes(service.hostname))
    .flatMap(({ http }) => http)
    .map(({ ref, path, spec }) => applied(ref, path, describeRoute(spec)));
  const policies = [...mesh.destinationPoliciesByNamespace.values()]
    .flat()
    .filter(({ host }) => host === service.hostname)
    .flatMap(({ refs, subsets }) =>
      refs.map((ref) => applied(ref, 'spec', `${subsets.length} subsets: ${subsets.map(({ name }) => name).join(', ')}`)),
    );
  return [...rules, ...policies];
}

/** Policies of every kind that hold for a workload behind the service. */
function policiesOf(parts: AgentParts, service: Service, scope: TrafficScope): readonly AppliedResource[] {
  const workloads = new Set(workloadsOfService(parts.config.current.mesh(), service).map(({ namespace, name }) => `${namespace}/${name}`));
  return listPolicies(parts, { ...scope, namespaces: [] })
    .filter((policy) => policy.workloads.some((workload) => workloads.has(workload)))
    .map(({ id, kind, namespace, name, summary }) => ({ id, kind, namespace, name, path: 'spec', summary }));
}

function applied(ref: Service['ref'], path: string, summary: string): AppliedResource {
  return { id: resourceId(ref), kind: ref.kind, namespace: ref.namespace, name: ref.name, path, summary };
}
