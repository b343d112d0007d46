import type { Workload } from '@weft/core/mesh/workload';
import type { GraphType, NodeBadge, TopologyNode, TrafficStats } from '../api/types.ts';
import { resourceId } from '../store/resource-id.ts';
import type { TrafficLabels } from '../telemetry/traffic-labels.ts';
import { TrafficSum, worseHealth } from '../telemetry/traffic-sum.ts';
import { canonicalNames } from '../telemetry/workload-index.ts';
import type { AgentParts } from './agent-parts.ts';
import { countFindings, findingsOf } from './counts.ts';
import { effectiveMode, routingBadges, servicesOfWorkload } from './workload-facts.ts';

/** Which node of a graph something belongs to. */
export interface NodePlace {
  readonly id: string;
  readonly kind: TopologyNode['kind'];
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly version: string;
  readonly cluster: string;
}

interface Names {
  readonly workload: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly service: string;
  readonly serviceNamespace: string;
  readonly cluster: string;
}

export function placeOf(labels: TrafficLabels, side: 'source' | 'destination', graphType: GraphType): NodePlace;
export function placeOf(workload: Workload, side: 'workload', graphType: GraphType): NodePlace;
export function placeOf(of: TrafficLabels | Workload, side: 'source' | 'destination' | 'workload', graphType: GraphType): NodePlace {
  const names = side === 'workload' ? workloadNames(of as Workload) : labelNames(of as TrafficLabels, side);
  const { namespace, app, version, cluster } = names;
  const at = (kind: NodePlace['kind'], key: string, name: string, parts: Partial<NodePlace> = {}): NodePlace => ({
    id: `${kind}/${key}`,
    kind,
    namespace,
    name,
    app,
    version,
    cluster,
    ...parts,
  });
  if (graphType === 'service' && side === 'destination' && names.service !== '') {
    return at('service', `${names.serviceNamespace}/${names.service}`, names.service, {
      namespace: names.serviceNamespace,
      app: '',
      version: '',
    });
  }
  if (names.workload === '') {
    if (side !== 'destination' || names.service === '') return at('unknown', 'unknown', 'unknown');
    const isInside = names.serviceNamespace !== '';
    return at(isInside ? 'service' : 'serviceEntry', `${names.serviceNamespace}/${names.service}`, names.service, {
      namespace: names.serviceNamespace,
    });
  }
  switch (graphType) {
    case 'workload':
      return at('workload', `${namespace}/${names.workload}`, names.workload);
    case 'app':
    case 'service':
      return at('app', `${namespace}/${app}`, app, { version: '' });
    case 'versionedApp':
      return at('app', `${namespace}/${app}/${version}`, app);
  }
}

/** Everything about a node beyond its place. */
export function describeNode(
  parts: AgentParts,
  place: NodePlace,
  traffic: { readonly into: readonly TrafficSum[]; readonly from: readonly TrafficSum[]; readonly seconds: number },
): TopologyNode {
  const mesh = parts.config.current.mesh();
  const workloads = mesh.workloads.filter((workload) => isMember(place, workload));
  const services = [...new Set(workloads.flatMap((workload) => servicesOfWorkload(mesh, workload)))].sort();
  if (place.kind === 'service')
    services.push(...mesh.services.filter((each) => each.name === place.name && each.namespace === place.namespace).map(({ key }) => key));
  const connected = new Set(parts.registry.connections().map(({ node }) => `${node.namespace}/${node.name}`));
  const routers = parts.registry.list().filter(({ node }) => node.type === 'router');
  const isGateway = workloads.some(({ namespace, name }) => routers.some(({ node }) => node.namespace === namespace && node.name === name));
  const hasSidecar = workloads.length > 0 && workloads.every(({ namespace, name }) => connected.has(`${namespace}/${name}`));
  const ids = new Set([...workloads.map(({ ref }) => resourceId(ref)), ...services.flatMap((key) => serviceId(parts, key))]);
  const findings = countFindings(findingsOf(parts.config.findings(), ids));
  const badges: NodeBadge[] = [...routingBadges(parts, services)];
  if (isGateway) badges.push('gateway');
  if (!hasSidecar && workloads.length > 0) badges.push('missing-sidecar');
  if (findings.errors + findings.warnings > 0) badges.push('findings');
  const modes = [...new Set(workloads.map((workload) => effectiveMode(mesh, workload).mode))];
  return {
    ...place,
    kind: isGateway ? 'gateway' : place.kind,
    services,
    workloads: workloads.map(({ namespace, name }) => `${namespace}/${name}`),
    health: traffic.into.map((sum) => sum.health()).reduce(worseHealth, 'idle'),
    inbound: total(traffic.into, traffic.seconds),
    outbound: total(traffic.from, traffic.seconds),
    badges,
    mtls: modes.length === 1 ? (modes[0] ?? null) : null,
    hasSidecar,
    findings,
  };
}

function labelNames(labels: TrafficLabels, side: 'source' | 'destination'): Names {
  const service = {
    service: labels.destinationServiceName || labels.destinationService,
    serviceNamespace: labels.destinationServiceNamespace,
  };
  return side === 'source'
    ? {
        workload: labels.sourceWorkload,
        namespace: labels.sourceNamespace,
        app: labels.sourceApp || labels.sourceWorkload,
        version: labels.sourceVersion,
        cluster: labels.sourceCluster,
        ...service,
      }
    : {
        workload: labels.destinationWorkload,
        namespace: labels.destinationNamespace,
        app: labels.destinationApp || labels.destinationWorkload,
        version: labels.destinationVersion,
        cluster: labels.destinationCluster,
        ...service,
      };
}

function workloadNames({ workloadName, namespace, labels, cluster }: Workload): Names {
  return { workload: workloadName, namespace, ...canonicalNames(labels, workloadName), service: '', serviceNamespace: '', cluster };
}

function isMember(place: NodePlace, workload: Workload): boolean {
  if (place.kind === 'unknown' || place.kind === 'service' || place.kind === 'serviceEntry' || workload.namespace !== place.namespace)
    return false;
  if (place.kind === 'workload') return workload.workloadName === place.name;
  const { app, version } = canonicalNames(workload.labels, workload.workloadName);
  return app === place.app && (place.version === '' || version === place.version);
}

function serviceId(parts: AgentParts, key: string): readonly string[] {
  const service = parts.config.current.mesh().serviceByKey.get(key);
  return service ? [resourceId(service.ref)] : [];
}

/** Percentiles of several sums together are not the mean of theirs, so the counts are added first. */
function total(sums: readonly TrafficSum[], seconds: number): TrafficStats {
  return TrafficSum.of(sums).stats(seconds);
}
