import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { EndpointPlan, LoadAssignmentPlan } from '@weft/core/plan/cluster-plan';
import type { Cluster } from './cluster.ts';

/** Resolves the endpoints of a DNS cluster again and again; answers how to stop. On failure the last good addresses stay. */
export function startDnsDiscovery(cluster: Cluster): () => void {
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let hasResolved = false;
  const refresh = async (): Promise<void> => {
    const assignment = await resolveAssignment(cluster);
    if (isStopped) return;
    if (assignment !== null) {
      hasResolved = true;
      cluster.updateEndpoints(assignment);
    } else cluster.markInitialized();
    const { refreshRateMs } = cluster.plan.dns;
    timer = setTimeout(() => void refresh(), hasResolved ? refreshRateMs : Math.min(refreshRateMs, 1000));
    timer.unref();
  };
  void refresh();
  return () => {
    isStopped = true;
    if (timer !== null) clearTimeout(timer);
  };
}

/** Null when nothing could be resolved. */
async function resolveAssignment(cluster: Cluster): Promise<LoadAssignmentPlan | null> {
  const source = cluster.plan.loadAssignment;
  if (source === null) return null;
  const isLogical = cluster.plan.discovery === 'LOGICAL_DNS';
  let found = 0;
  const localities = await Promise.all(
    source.localities.map(async (locality) => {
      const lists = await Promise.all(locality.endpoints.map((endpoint) => resolveEndpoint(endpoint, cluster, isLogical)));
      const endpoints = lists.flat();
      found += endpoints.length;
      return { ...locality, endpoints };
    }),
  );
  return found === 0 && source.localities.some((locality) => locality.endpoints.length > 0) ? null : { ...source, localities };
}

async function resolveEndpoint(endpoint: EndpointPlan, cluster: Cluster, isLogical: boolean): Promise<EndpointPlan[]> {
  const { address } = endpoint;
  if (address.kind !== 'tcp' || isIP(address.host) !== 0) return [endpoint];
  const { family } = cluster.plan.dns;
  try {
    const found = await lookup(address.host, { all: true, family: family === 'V4_ONLY' ? 4 : family === 'V6_ONLY' ? 6 : 0 });
    const addresses = preferred(found, family);
    return (isLogical ? addresses.slice(0, 1) : addresses).map((ip) => ({
      ...endpoint,
      key: ip.includes(':') ? `[${ip}]:${address.port}` : `${ip}:${address.port}`,
      hostname: endpoint.hostname === '' ? address.host : endpoint.hostname,
      address: { kind: 'tcp', host: ip, port: address.port },
    }));
  } catch {
    return [];
  }
}

/** AUTO prefers IPv6 where there is one; ALL keeps both. */
function preferred(found: readonly { address: string; family: number }[], family: string): string[] {
  if (family === 'ALL') return found.map((entry) => entry.address);
  const wanted = family === 'V4_PREFERRED' || family === 'V4_ONLY' ? 4 : 6;
  const first = found.filter((entry) => entry.family === wanted);
  return (first.length > 0 ? first : found).map((entry) => entry.address);
}
