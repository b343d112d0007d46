import { choosePriority, type PriorityHealth, priorityLoad } from '@weft/core/engine/priority-load';
import type { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';

/** A cluster as its aggregate sees it. */
interface Member {
  priorityHealth(): readonly PriorityHealth[];
  choose(choice: HostChoice, priority: number): Host | null;
}

const overprovisioningFactor = 140;

/** A host of an aggregate cluster: the priorities of its members, one after the other, share the load like those of one cluster. */
export function chooseOfMembers(
  members: readonly Member[],
  panicThresholdPercent: number,
  choice: HostChoice,
  random: () => number,
): Host | null {
  const places: { readonly member: Member; readonly priority: number; readonly health: PriorityHealth }[] = [];
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
