import type { Breaker } from '../upstream/breakers.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** `/clusters` in Envoy's line format. */
export function clustersText(proxy: ProxyInside, isWanted: (name: string) => boolean): string {
  const wanted = proxy.clusters.all().filter(({ plan }) => isWanted(plan.name));
  return wanted.map((cluster) => clusterLines(cluster, !proxy.store.resources.isStatic('clusters', cluster.plan.name))).join('');
}

/** `/clusters?format=json` in Envoy's shape: zeros and empty texts are left out. */
export function clustersJson(proxy: ProxyInside, isWanted: (name: string) => boolean): unknown {
  const wanted = proxy.clusters.all().filter(({ plan }) => isWanted(plan.name));
  return {
    cluster_statuses: wanted.map((cluster) => ({
      name: cluster.plan.name,
      ...(!proxy.store.resources.isStatic('clusters', cluster.plan.name) && { added_via_api: true }),
      host_statuses: cluster.hosts.map(hostStatus),
      circuit_breakers: {
        thresholds: [limitsOf(cluster.breaker('default')), { priority: 'HIGH', ...limitsOf(cluster.breaker('high')) }],
      },
      observability_name: cluster.plan.statName,
      ...(cluster.plan.edsName && { eds_service_name: cluster.plan.edsName }),
    })),
  };
}

function clusterLines(cluster: Cluster, isAdded: boolean): string {
  const { name, statName } = cluster.plan;
  let text = `${name}::observability_name::${statName}\n`;
  for (const priority of ['default', 'high'] as const) {
    for (const [limit, value] of Object.entries(limitsOf(cluster.breaker(priority))))
      text += `${name}::${priority}_priority::${limit}::${value}\n`;
  }
  text += `${name}::added_via_api::${isAdded}\n`;
  if (cluster.plan.edsName) text += `${name}::eds_service_name::${cluster.plan.edsName}\n`;
  for (const host of cluster.hosts) text += hostLines(`${name}::${host.address}`, host);
  return text;
}

function hostLines(prefix: string, host: Host): string {
  const { endpoint } = host;
  const stats = [...counters(host), ...gauges(host)].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines: (readonly [string, unknown])[] = [
    ...stats,
    ['hostname', endpoint.hostname],
    ['health_flags', healthFlags(host)],
    ['weight', endpoint.weight],
    ['region', endpoint.locality.region],
    ['zone', endpoint.locality.zone],
    ['sub_zone', endpoint.locality.subZone],
    ['canary', false],
    ['priority', endpoint.priority],
    ['success_rate', -1],
    ['local_origin_success_rate', -1],
  ];
  return lines.map(([name, value]) => `${prefix}::${name}::${value}\n`).join('');
}

function hostStatus(host: Host): unknown {
  const { endpoint } = host;
  const { region, zone, subZone } = endpoint.locality;
  return {
    address: hostAddress(host),
    stats: [
      ...counters(host).map(([name, value]) => ({ ...(value > 0 && { value: String(value) }), name })),
      ...gauges(host).map(([name, value]) => ({ type: 'GAUGE', ...(value > 0 && { value: String(value) }), name })),
    ],
    health_status: {
      ...(!host.passesHealthChecks && { failed_active_health_check: true }),
      ...(host.isEjected && { failed_outlier_check: true }),
      // As Envoy: a health that nobody told counts as good.
      eds_health_status: endpoint.health === 'UNKNOWN' ? 'HEALTHY' : endpoint.health,
    },
    weight: endpoint.weight,
    ...(endpoint.hostname !== '' && { hostname: endpoint.hostname }),
    ...(endpoint.priority > 0 && { priority: endpoint.priority }),
    locality: { ...(region && { region }), ...(zone && { zone }), ...(subZone && { sub_zone: subZone }) },
  };
}

function limitsOf({ limits }: Breaker) {
  return {
    max_connections: limits.maxConnections,
    max_pending_requests: limits.maxPendingRequests,
    max_requests: limits.maxRequests,
    max_retries: limits.maxRetries,
  };
}

function counters(host: Host): [string, number][] {
  return [
    ['cx_connect_fail', host.connectFailures],
    ['cx_total', host.totalConnections],
    ['rq_error', host.totalErrors],
    ['rq_success', host.totalSuccesses],
    ['rq_timeout', host.totalTimeouts],
    ['rq_total', host.totalRequests],
  ];
}

function gauges(host: Host): [string, number][] {
  return [
    ['cx_active', host.activeConnections],
    ['rq_active', host.activeRequests],
    ['rq_pending_active', 0],
  ];
}

function healthFlags(host: Host): string {
  const flags: string[] = [];
  if (!host.passesHealthChecks) flags.push('/failed_active_hc');
  if (host.isEjected) flags.push('/failed_outlier_check');
  if (host.endpoint.health === 'UNHEALTHY' || host.endpoint.health === 'DRAINING') flags.push('/failed_eds_health');
  return flags.length === 0 ? 'healthy' : flags.join('');
}

function hostAddress(host: Host): unknown {
  const { address } = host.endpoint;
  if (address.kind === 'tcp') return { socket_address: { address: address.host, port_value: address.port } };
  return { pipe: { path: address.kind === 'pipe' ? address.path : '' } };
}
