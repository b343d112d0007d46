import { at, type ClusterCase, inZone, type Locality, policy } from './cluster-case.ts';

const all: readonly Locality[] = [{ endpoints: at(0, 1, 2, 3) }];

/** Clusters whose hosts are weighted, in localities, priorities and panic. */
export const priorityCases: Readonly<Record<string, ClusterCase>> = {
  robin: { localities: all },
  robin_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 2 },
          { to: 2, weight: 5 },
        ],
      },
    ],
  },
  robin_localities: {
    localities: [inZone('a', at(0, 1), { weight: 3 }), inZone('b', at(2), { weight: 1 }), inZone('c', at(3))],
    config: { common_lb_config: { locality_weighted_lb_config: {} } },
  },
  robin_localities_down: {
    localities: [
      inZone('a', [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }, { to: 2, health: 'UNHEALTHY' }], { weight: 1 }),
      inZone('b', at(3), { weight: 1 }),
    ],
    config: { common_lb_config: { locality_weighted_lb_config: {}, healthy_panic_threshold: { value: 0 } } },
  },
  wrr_locality: {
    localities: [inZone('a', at(0, 1), { weight: 1 }), inZone('b', at(2), { weight: 1 })],
    policy: policy('wrr_locality.v3.WrrLocality', {
      endpoint_picking_policy: { policies: [policy('client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin')] },
    }),
  },
  priorities: { localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }] }, { endpoints: at(2), priority: 1 }] },
  priorities_down: { localities: [{ endpoints: [{ to: 0, health: 'UNHEALTHY' }] }, { endpoints: at(2), priority: 1 }] },
  priorities_panic: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'UNHEALTHY' },
          { to: 1, health: 'UNHEALTHY' },
        ],
      },
      {
        endpoints: [
          { to: 2, health: 'UNHEALTHY' },
          { to: 3, health: 'DRAINING' },
        ],
        priority: 1,
      },
    ],
  },
  panic: { localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }, { to: 2, health: 'UNHEALTHY' }] }] },
  panic_draining: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'DRAINING' },
          { to: 1, health: 'UNHEALTHY' },
          { to: 2, health: 'TIMEOUT' },
        ],
      },
    ],
  },
  panic_off: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'UNHEALTHY' },
          { to: 1, health: 'UNHEALTHY' },
        ],
      },
    ],
    config: { common_lb_config: { healthy_panic_threshold: { value: 0 } } },
  },
  panic_fails: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }, { to: 2, health: 'UNHEALTHY' }] }],
    config: { common_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true } } },
  },
  degraded: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'DEGRADED' }, { to: 2, health: 'DEGRADED' }, { to: 3, health: 'UNHEALTHY' }] }],
  },
  degraded_only: {
    localities: [
      {
        endpoints: [
          { to: 0, health: 'DEGRADED' },
          { to: 1, health: 'UNHEALTHY' },
        ],
      },
    ],
  },
  overprovisioned: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }] }, { endpoints: at(2), priority: 1 }],
  },
  random: { localities: all, config: { lb_policy: 'RANDOM' } },
  least: { localities: all, config: { lb_policy: 'LEAST_REQUEST' } },
  least_all: { localities: all, policy: policy('least_request.v3.LeastRequest', { enable_full_scan: true }) },
  least_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 4 },
        ],
      },
    ],
    config: { lb_policy: 'LEAST_REQUEST' },
  },
};
