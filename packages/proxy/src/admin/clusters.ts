import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** `/clusters` in Envoy's line format. */
export function clustersText(proxy: ProxyInside): string {
  return proxy.clusters.all().map(clusterLines).join('');
}

/** `/clusters?format=json` in Envoy's shape. */
export function clustersJson(proxy: ProxyInside): unknown {
  return {
    cluster_statuses: proxy.clusters.all().map((cluster) => ({
      name: cluster.plan.name,
      host_statuses: cluster.hosts.map((host) => ({
        address: hostAddress(host),
        health_status: { eds_health_status: host.endpoint.health, failed_outlier_check: host.isEjected },
        weight: host.endpoint.weight,
        stats: hostStats(host).map(([name, value]) => ({ name, value: String(value) })),
      })),
    })),
  };
}

function clusterLines(cluster: Cluster): string {
  const { name } = cluster.plan;
  const limits = cluster.breakers.default.limits;
  let text = `${name}::default_priority::max_connections::${limits.maxConnections}\n`;
  text += `${name}::default_priority::max_pending_requests::${limits.maxPendingRequests}\n`;
  text += `${name}::default_priority::max_requests::${limits.maxRequests}\n`;
  text += `${name}::default_priority::max_retries::${limits.maxRetries}\n`;
  for (const host of cluster.hosts) {
    const prefix = `${name}::${host.address}`;
    for (const [stat, value] of hostStats(host)) text += `${prefix}::${stat}::${value}\n`;
    text += `${prefix}::hostname::${host.endpoint.hostname}\n${prefix}::health_flags::${healthFlags(host)}\n`;
    text += `${prefix}::weight::${host.endpoint.weight}\n${prefix}::priority::${host.endpoint.priority}\n`;
  }
  return text;
}

function hostStats(host: Host): [string, number][] {
  return [
    ['cx_active', host.activeConnections],
    ['cx_connect_fail', host.connectFailures],
    ['cx_total', host.totalConnections],
    ['rq_active', host.activeRequests],
    ['rq_error', host.totalErrors],
    ['rq_success', host.totalSuccesses],
    ['rq_total', host.totalRequests],
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
