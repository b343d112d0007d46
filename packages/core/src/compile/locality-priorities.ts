import { augmentLabels } from '../mesh/labels.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { Locality } from '../mesh/service.ts';
import type { LocalityLbSetting } from '../mesh/traffic-policy.ts';
import type { LocalityLb } from './cluster-locality.ts';
import { type LocalityGroup, totalWeight } from './locality-group.ts';

/** Weights or priorities of localities as the proxy's own place demands. Distribution and failover exclude each other. */
export function applyLocalityLb(view: ProxyView, groups: readonly LocalityGroup[], lb: LocalityLb): readonly LocalityGroup[] {
  const { setting } = lb;
  if (setting === null) return groups;
  if (setting.distribute !== undefined) return distribute(view.node.locality, groups, setting.distribute);
  if (!lb.hasFailover) return groups;
  const labelled = setting.failoverPriority?.length ? byLabels(view, groups, setting.failoverPriority) : groups;
  if (lb.zoneAware !== null)
    return byDistance(labelled, setting.failover ?? [], view.node.locality.region, (other) =>
      other.region === view.node.locality.region ? 0 : 3,
    );
  if (setting.failoverPriority?.length && !setting.failover?.length) return labelled;
  return byDistance(labelled, setting.failover ?? [], view.node.locality.region, (other) => distanceOf(view.node.locality, other));
}

/** Gives localities the shares that the first matching rule says; localities without a share get no requests. */
function distribute(
  own: Locality,
  groups: readonly LocalityGroup[],
  rules: NonNullable<LocalityLbSetting['distribute']>,
): readonly LocalityGroup[] {
  const rule = rules.find((candidate) => localityMatches(own, candidate.from ?? ''));
  if (!rule) return groups;
  const shared = new Map<LocalityGroup, number>();
  for (const [pattern, share] of Object.entries(rule.to ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const members = groups.filter((group) => !shared.has(group) && localityMatches(group.locality, pattern));
    const total = members.reduce((sum, group) => sum + (group.weight || 1), 0);
    for (const group of members) shared.set(group, Math.ceil(((group.weight || 1) * share) / total));
  }
  return groups.map((group) => {
    const weight = shared.get(group);
    return weight === undefined ? { ...group, endpoints: [] } : weight > 0 ? { ...group, weight } : group;
  });
}

/** Priority by distance: same subzone, zone, region, elsewhere, elsewhere though another region is named for failover. */
function byDistance(
  groups: readonly LocalityGroup[],
  failover: NonNullable<LocalityLbSetting['failover']>,
  region: string,
  distanceTo: (other: Locality) => number,
): readonly LocalityGroup[] {
  const target = failover.find((entry) => entry.from === region);
  const ranked = groups.map((group) => {
    const distance = distanceTo(group.locality);
    const rank = distance === 3 && target && group.locality.region !== target.to ? 4 : distance;
    return { ...group, priority: group.priority * 5 + rank };
  });
  return withoutGaps(ranked);
}

/** Priority by how many of the labels, from the first, endpoint and proxy have in common; a locality may fall into several priorities. */
function byLabels(view: ProxyView, groups: readonly LocalityGroup[], priorities: readonly string[]): readonly LocalityGroup[] {
  const { node } = view;
  const own = augmentLabels(node.labels, {
    locality: node.locality,
    cluster: node.cluster,
    network: node.network,
    nodeName: node.nodeName,
  });
  const wanted = priorities.map((text) => {
    const [label = '', value] = text.split('=', 2);
    return { label, value: value ?? own[label] };
  });
  const split = groups.flatMap((group) => {
    const byPriority = new Map<number, LocalityGroup['endpoints'][number][]>();
    for (const endpoint of group.endpoints) {
      const miss = wanted.findIndex(({ label, value }) => endpoint.labels[label] !== value);
      const priority = miss < 0 ? 0 : wanted.length - miss;
      const list = byPriority.get(priority);
      if (list) list.push(endpoint);
      else byPriority.set(priority, [endpoint]);
    }
    return [...byPriority]
      .sort(([a], [b]) => a - b)
      .map(([priority, endpoints]) => ({ ...group, endpoints, priority, weight: totalWeight(endpoints) }));
  });
  return withoutGaps(split);
}

/** Envoy wants priorities from 0 on without holes. */
function withoutGaps(groups: readonly LocalityGroup[]): readonly LocalityGroup[] {
  const used = [...new Set(groups.map((group) => group.priority))].sort((a, b) => a - b);
  const rankOf = new Map(used.map((priority, index) => [priority, index]));
  return groups.map((group) => ({ ...group, priority: rankOf.get(group.priority) ?? 0 }));
}

function distanceOf(own: Locality, other: Locality): number {
  if (own.region !== other.region) return 3;
  if (own.zone !== other.zone) return 2;
  return own.subzone === other.subzone ? 0 : 1;
}

/** `region/zone/subzone`; a missing part or `*` matches anything. */
function localityMatches(locality: Locality, pattern: string): boolean {
  const [region = '', zone, subzone] = pattern.split('/');
  const holds = (value: string, wanted: string | undefined) => wanted === undefined || wanted === '' || wanted === '*' || wanted === value;
  if (region === '*') return true;
  if (region !== locality.region) return false;
  return holds(locality.zone, zone) && (zone === '*' || holds(locality.subzone, subzone));
}
