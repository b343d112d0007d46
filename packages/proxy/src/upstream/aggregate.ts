import { choosePriority, type PriorityHealth, priorityLoad } from '@weft/core/engine/priority-load';
import type { Cluster } from './cluster.ts';
import type { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';

const overprovisioningFactor = 140;

/** A host of an aggregate cluster: the priorities of its members, one after the other, share the load like those of one cluster. */
export function chooseOfMembers(
  members: readonly Cluster[],
  panicThresholdPercent: number,
  choice: HostChoice,
  random: () => number,
): Host | null {
  const places: { readonly member: Cluster; readonly priority: number; readonly health: PriorityHealth }[] = [];
  for (const member of members) {
    for (const [priority, health] of member.priorityHealth().entries()) places.push({ member, priority, health });
  }
  const load = priorityLoad(
    places.map(({ health }) => health),
    { overprovisioningFactor, panicThresholdPercent },
  );
  const place = places[choosePriority(load, Math.floor(random() * 100)).priority];
  return place?.member.choose(choice, place.priority) ?? null;
}
