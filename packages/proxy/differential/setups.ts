import { clientSetups } from './client-setups.ts';
import { extension, type } from './config-parts.ts';
import { flagClusters, flagSetups } from './flag-setups.ts';
import { managerClusters, managerSetups } from './manager-setups.ts';
import { policySetups } from './policy-setups.ts';
import { requestSetups } from './request-setups.ts';
import { retrySetups } from './retry-setups.ts';
import { routeOptionSetups } from './route-option-setups.ts';
import { routingSetups } from './routing-setups.ts';
import type { Setup } from './setup.ts';
import { tunnelCluster, upgradeSetups } from './upgrade-setups.ts';

/** Ports of one side of a comparison. */
export interface SidePorts {
  readonly admin: number;
  readonly origin: number;
  /** Nothing listens here. */
  readonly dead: number;
  readonly log: string;
  /** Listener port by setup name. */
  readonly listeners: Readonly<Record<string, number>>;
}

const managerType = type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
const router = extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router');

/** Every listener that cases run against. */
export const setups: Readonly<Record<string, Setup>> = {
  ...routingSetups,
  ...retrySetups,
  ...policySetups,
  ...requestSetups,
  ...managerSetups,
  ...clientSetups,
  ...routeOptionSetups,
  ...upgradeSetups,
  ...flagSetups,
};

const accessLog = (path: string) => ({
  name: 'envoy.access_loggers.file',
  typed_config: {
    '@type': type('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
    path,
    log_format: {
      json_format: {
        id: '%REQ(X-CASE)%',
        code: '%RESPONSE_CODE%',
        flags: '%RESPONSE_FLAGS%',
        details: '%RESPONSE_CODE_DETAILS%',
        route: '%ROUTE_NAME%',
        cluster: '%UPSTREAM_CLUSTER_RAW%',
        method: '%REQ(:METHOD)%',
        path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
        protocol: '%PROTOCOL%',
        received: '%BYTES_RECEIVED%',
        sent: '%BYTES_SENT%',
        grpc: '%GRPC_STATUS%',
      },
    },
  },
});

const cluster = (name: string, port: number | null, more: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints:
      port === null ? [] : [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }],
  },
  ...more,
});

/** A cluster whose endpoints' assignment wants every request refused. */
function dropping(port: number): object {
  const { load_assignment: assignment, ...more } = cluster('dropping', port);
  const policy = { drop_overloads: [{ category: 'all', drop_percentage: { numerator: 100, denominator: 'HUNDRED' } }] };
  return { ...more, load_assignment: { ...assignment, policy } };
}

/** The bootstrap of one side; both sides differ only in their ports and log file. */
export function bootstrapFor(ports: SidePorts): object {
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    node: { id: 'differential', cluster: 'differential' },
    static_resources: {
      listeners: Object.entries(setups).map(([name, setup]) => listener(name, setup, ports)),
      clusters: [
        cluster('origin', ports.origin),
        cluster('dead', ports.dead),
        cluster('empty', null),
        dropping(ports.origin),
        cluster('tunnelh2', ports.listeners.tunnelback ?? 0, tunnelCluster),
        ...Object.entries({ ...managerClusters, ...flagClusters }).map(([name, options]) => cluster(name, ports.origin, options)),
      ],
    },
  };
}

function listener(name: string, setup: Setup, ports: SidePorts): object {
  const hosts = setup.hosts ?? [{ name: 'all', domains: ['*'], routes: setup.routes ?? [], ...setup.host }];
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: ports.listeners[name] } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': managerType,
              stat_prefix: name,
              // Envoy's second would have to be waited for in every case that ends a connection.
              delayed_close_timeout: '0.1s',
              ...setup.manager,
              access_log: [accessLog(ports.log)],
              route_config: { name, validate_clusters: false, ...setup.table, virtual_hosts: hosts },
              http_filters: [...(setup.filters ?? []), setup.router ?? router],
            },
          },
        ],
      },
    ],
  };
}
