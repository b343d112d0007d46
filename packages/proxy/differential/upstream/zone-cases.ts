import { at, type ClusterCase, inZone } from './cluster-case.ts';

/** Clusters that prefer the zone of the proxy, and the fleet that it belongs to. */
export const zoneCases: Readonly<Record<string, ClusterCase>> = {
  fleet: { localities: [inZone('a', at(0, 1)), inZone('b', at(2)), inZone('c', at(3))] },
  zones: { localities: [inZone('c', at(3, 4, 5)), inZone('b', at(1, 2)), inZone('a', at(0))] },
  zones_direct: { localities: [inZone('b', at(1, 2)), inZone('a', at(0, 3, 4, 5))] },
  zones_half: {
    localities: [inZone('b', at(1, 2)), inZone('a', at(0, 3, 4, 5))],
    config: { common_lb_config: { zone_aware_lb_config: { routing_enabled: { value: 50 } } } },
  },
};
