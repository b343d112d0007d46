import type { TopologyQuery } from '../api/agent-api.ts';
import type { TopologyEdge, TopologyGraph, TopologyNode } from '../api/types.ts';
import type { TrafficLabels } from '../telemetry/traffic-labels.ts';
import { TrafficSum } from '../telemetry/traffic-sum.ts';
import type { AgentParts } from './agent-parts.ts';
import { isSelected } from './counts.ts';
import { describeNode, type NodePlace, placeOf } from './topology-nodes.ts';
import { emptyReason, isCountedOnce, type TrafficWindow, windowOf } from './traffic-window.ts';

interface EdgeSum {
  readonly source: NodePlace;
  readonly target: NodePlace;
  readonly protocol: TopologyEdge['protocol'];
  readonly sum: TrafficSum;
  /** What the receiving side says: it alone knows about mTLS. */
  received: TrafficSum;
  sourcePrincipal: string | null;
  destinationPrincipal: string | null;
}

/** Who calls whom in a window of time, with rates, errors and latencies. Workloads without traffic are there too, idle. */
export function readTopology(parts: AgentParts, query: TopologyQuery): TopologyGraph {
  const window = windowOf(parts, query);
  const edges = new Map<string, EdgeSum>();
  parts.series.each(window.from, window.to, (labels, increases, recent) => {
    const source = placeOf(labels, 'source', query.graphType);
    const target = placeOf(labels, 'destination', query.graphType);
    if (!isSelected(query.namespaces, source.namespace) && !isSelected(query.namespaces, target.namespace)) return;
    const edge = edgeOf(edges, source, target, labels);
    if (isCountedOnce(labels)) edge.sum.add(labels, increases, recent);
    if (labels.reporter === 'destination') edge.received.add(labels, increases, recent);
    edge.sourcePrincipal ??= labels.sourcePrincipal || null;
    edge.destinationPrincipal ??= labels.destinationPrincipal || null;
  });
  const carrying = [...edges].filter(([, { sum }]) => sum.hasTraffic);
  adoptAnonymous([...edges.values()]);
  const places = new Map<string, NodePlace>();
  for (const [, { source, target }] of carrying) for (const place of [source, target]) places.set(place.id, place);
  for (const workload of parts.config.current.mesh().workloads) {
    const place = placeOf(workload, 'workload', query.graphType);
    if (isSelected(query.namespaces, place.namespace) && !places.has(place.id) && query.graphType !== 'service')
      places.set(place.id, place);
  }
  const nodes = [...places.values()].sort(byId).map((place) => nodeOf(parts, place, { edges: carrying.map(([, edge]) => edge), window }));
  const isFiltered = query.namespaces.length > 0;
  return {
    at: window.to,
    windowSeconds: window.seconds,
    graphType: query.graphType,
    nodes,
    edges: carrying.map(([id, edge]) => toEdge(id, edge, { all: carrying, seconds: window.recordedSeconds })).sort(byId),
    empty: emptyReason(parts, { isEmpty: nodes.length === 0 || (carrying.length === 0 && !isFiltered), isFiltered }),
  };
}

/** TCP callers tell the receiving side no name, only their identity: what it reports belongs to the one edge of that identity. */
function adoptAnonymous(edges: readonly EdgeSum[]): void {
  for (const anonymous of edges) {
    if (anonymous.sum.hasTraffic || anonymous.source.kind !== 'unknown' || anonymous.sourcePrincipal === null) continue;
    const named = edges.filter(
      ({ sum, target, protocol, sourcePrincipal }) =>
        sum.hasTraffic &&
        target.id === anonymous.target.id &&
        protocol === anonymous.protocol &&
        sourcePrincipal === anonymous.sourcePrincipal,
    );
    const only = named.length === 1 ? named[0] : undefined;
    if (only) only.received = TrafficSum.of([only.received, anonymous.received]);
  }
}

function edgeOf(edges: Map<string, EdgeSum>, source: NodePlace, target: NodePlace, labels: TrafficLabels): EdgeSum {
  const id = `${source.id}>${target.id}:${labels.protocol}`;
  const known = edges.get(id);
  if (known) return known;
  const edge: EdgeSum = {
    source,
    target,
    protocol: labels.protocol,
    sum: new TrafficSum(),
    received: new TrafficSum(),
    sourcePrincipal: null,
    destinationPrincipal: null,
  };
  edges.set(id, edge);
  return edge;
}

function toEdge(
  id: string,
  { source, target, protocol, sum, received, ...principals }: EdgeSum,
  { all, seconds }: { readonly all: readonly (readonly [string, EdgeSum])[]; readonly seconds: number },
): TopologyEdge {
  const sent = all.filter(([, edge]) => edge.source.id === source.id).reduce((total, [, edge]) => total + edge.sum.requests, 0);
  return {
    id,
    source: source.id,
    target: target.id,
    protocol,
    health: sum.health(),
    stats: sum.stats(seconds),
    sharePercent: sent > 0 ? (100 * sum.requests) / sent : null,
    mtlsPercent: received.mtlsPercent,
    ...principals,
    codes: sum.codes(seconds),
  };
}

function nodeOf(
  parts: AgentParts,
  place: NodePlace,
  { edges, window }: { readonly edges: readonly EdgeSum[]; readonly window: TrafficWindow },
): TopologyNode {
  const into = edges.filter(({ target }) => target.id === place.id).map(({ sum }) => sum);
  const from = edges.filter(({ source }) => source.id === place.id).map(({ sum }) => sum);
  return describeNode(parts, place, { into, from, seconds: window.recordedSeconds });
}

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
