import { type ClusterCase, type } from './cluster-case.ts';
import { hashCases } from './hash-cases.ts';
import { healthCases } from './health-cases.ts';
import { limitCases } from './limit-cases.ts';
import { optionCases } from './option-cases.ts';
import { priorityCases } from './priority-cases.ts';
import { subsetCases } from './subset-cases.ts';
import { zoneCases } from './zone-cases.ts';

/** Ports of the applications, by number, and one where nothing listens. */
export interface Ports {
  readonly origins: readonly number[];
  readonly dead: number;
}

/** Every cluster that scenarios ask, by name. */
const clusterCases: Readonly<Record<string, ClusterCase>> = {
  ...optionCases,
  ...hashCases,
  ...priorityCases,
  ...subsetCases,
  ...zoneCases,
  ...healthCases,
  ...limitCases,
};

/** Clusters without endpoints of their own. */
function specialClusters(): object[] {
  return [
    {
      name: 'aggregate',
      connect_timeout: '1s',
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: {
        name: 'envoy.clusters.aggregate',
        typed_config: { '@type': type('envoy.extensions.clusters.aggregate.v3.ClusterConfig'), clusters: ['panic_off', 'priorities'] },
      },
    },
    {
      name: 'original',
      type: 'ORIGINAL_DST',
      connect_timeout: '1s',
      lb_policy: 'CLUSTER_PROVIDED',
      original_dst_lb_config: { use_http_header: true },
    },
  ];
}

function clusterOf(name: string, { localities, config, policy: typed, dropPercent }: ClusterCase, ports: Ports): object {
  const portOf = (to: number | 'dead'): number => (to === 'dead' ? ports.dead : (ports.origins[to] ?? 0));
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...(typed === undefined ? {} : { load_balancing_policy: { policies: [typed] } }),
    ...config,
    load_assignment: {
      cluster_name: name,
      ...(dropPercent === undefined
        ? {}
        : { policy: { drop_overloads: [{ category: 'all', drop_percentage: { numerator: dropPercent } }] } }),
      endpoints: localities.map(({ zone, weight, priority, endpoints }) => ({
        ...(zone === undefined ? {} : { locality: { region: 'r', zone } }),
        ...(weight === undefined ? {} : { load_balancing_weight: weight }),
        ...(priority === undefined ? {} : { priority }),
        lb_endpoints: endpoints.map(({ to, weight: hostWeight, health, hostname, lb }) => ({
          endpoint: {
            address: { socket_address: { address: '127.0.0.1', port_value: portOf(to) } },
            ...(hostname === undefined ? {} : { hostname }),
          },
          ...(hostWeight === undefined ? {} : { load_balancing_weight: hostWeight }),
          ...(health === undefined ? {} : { health_status: health }),
          ...(lb === undefined ? {} : { metadata: { filter_metadata: { 'envoy.lb': lb } } }),
        })),
      })),
    },
  };
}

/** The bootstrap of one side: a listener that routes `/to/CLUSTER` to each cluster. */
export function upstreamBootstrap(listener: number, admin: number, ports: Ports): object {
  const special = specialClusters() as { readonly name: string }[];
  const names = [...Object.keys(clusterCases), ...special.map(({ name }) => name)];
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
    node: { id: 'upstream', cluster: 'upstream', locality: { region: 'r', zone: 'a' } },
    cluster_manager: { local_cluster_name: 'fleet' },
    static_resources: {
      listeners: [
        {
          name: 'all',
          address: { socket_address: { address: '127.0.0.1', port_value: listener } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
                    stat_prefix: 'all',
                    route_config: {
                      name: 'all',
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: names.map((name) => ({
                            match: { path_separated_prefix: `/to/${name}` },
                            route: { cluster: name, ...clusterCases[name]?.route },
                          })),
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: 'envoy.filters.http.router',
                        typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [...Object.entries(clusterCases).map(([name, each]) => clusterOf(name, each, ports)), ...special],
    },
  };
}
