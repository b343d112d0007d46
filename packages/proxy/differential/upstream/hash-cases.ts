import { at, type ClusterCase, inZone, type Locality, policy } from './cluster-case.ts';

const all: readonly Locality[] = [{ endpoints: at(0, 1, 2, 3) }];
const hashed = { hash_policy: [{ header: { header_name: 'x-key' } }] };

/** Clusters that balance by hashes. */
export const hashCases: Readonly<Record<string, ClusterCase>> = {
  ring: { localities: all, config: { lb_policy: 'RING_HASH' }, route: hashed },
  ring_murmur: {
    localities: all,
    config: { lb_policy: 'RING_HASH', ring_hash_lb_config: { hash_function: 'MURMUR_HASH_2' } },
    route: hashed,
  },
  ring_small: {
    localities: all,
    config: { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 10, maximum_ring_size: 11 } },
    route: hashed,
  },
  ring_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 3 },
          { to: 2, weight: 5 },
        ],
      },
    ],
    config: { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 100 } },
    route: hashed,
  },
  ring_localities: {
    localities: [inZone('b', at(0, 1), { weight: 3 }), inZone('a', at(2, 3), { weight: 1 })],
    config: { lb_policy: 'RING_HASH', common_lb_config: { locality_weighted_lb_config: {} } },
    route: hashed,
  },
  ring_keys: {
    localities: [{ endpoints: [{ to: 0, lb: { hash_key: 'first' } }, { to: 1, lb: { hash_key: 'second' } }, { to: 2 }] }],
    config: { lb_policy: 'RING_HASH' },
    route: hashed,
  },
  ring_priorities: {
    localities: [{ endpoints: [{ to: 0 }, { to: 1, health: 'UNHEALTHY' }] }, { endpoints: at(2, 3), priority: 1 }],
    config: { lb_policy: 'RING_HASH' },
    route: hashed,
  },
  ring_typed: {
    localities: all,
    policy: policy('ring_hash.v3.RingHash', { hash_function: 'XX_HASH', minimum_ring_size: 64 }),
    route: hashed,
  },
  ring_two: {
    localities: all,
    config: { lb_policy: 'RING_HASH' },
    route: { hash_policy: [{ header: { header_name: 'x-key' } }, { query_parameter: { name: 'q' } }, { header: { header_name: 'host' } }] },
  },
  maglev: { localities: all, config: { lb_policy: 'MAGLEV' }, route: hashed },
  maglev_small: { localities: all, config: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 11 } }, route: hashed },
  maglev_weights: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 1 },
          { to: 1, weight: 3 },
          { to: 2, weight: 5 },
        ],
      },
    ],
    config: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 101 } },
    route: hashed,
  },
  maglev_hostnames: {
    localities: [
      {
        endpoints: [
          { to: 0, hostname: 'zeta' },
          { to: 1, hostname: 'beta' },
          { to: 2, hostname: 'alpha' },
        ],
      },
    ],
    config: {
      type: 'STRICT_DNS',
      lb_policy: 'MAGLEV',
      common_lb_config: { consistent_hashing_lb_config: { use_hostname_for_hashing: true } },
    },
    route: hashed,
  },
  bounded_ring: {
    localities: all,
    config: { lb_policy: 'RING_HASH', common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 120 } } },
    route: hashed,
  },
  bounded_maglev: {
    localities: [
      {
        endpoints: [
          { to: 0, weight: 2 },
          { to: 1, weight: 1 },
          { to: 2, weight: 1 },
          { to: 3, weight: 4 },
        ],
      },
    ],
    config: { lb_policy: 'MAGLEV', common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 150 } } },
    route: hashed,
  },
};
