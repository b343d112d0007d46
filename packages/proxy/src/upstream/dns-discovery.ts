import { isIP } from 'node:net';
import type { EndpointPlan, LoadAssignmentPlan } from '@weft/core/plan/cluster-plan';
import type { Cluster } from './cluster.ts';
import { type Resolution, resolveName } from './resolve-name.ts';

/** The configured endpoints of a DNS cluster, each with what its name meant last. */
type Known = Map<EndpointPlan, readonly string[]>;

/** Resolves the endpoints of a DNS cluster again and again; answers how to stop. Where a look-up fails the last good addresses stay. */
export function startDnsDiscovery(cluster: Cluster, random: () => number = Math.random): () => void {
  const known: Known = new Map();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let failures = 0;
  const refresh = async (): Promise<void> => {
    const resolutions = await resolveAll(cluster, known);
    if (isStopped) return;
    const failed = resolutions.some(({ addresses }) => addresses === null);
    failures = failed ? failures + 1 : 0;
    const assignment = assignmentOf(cluster, known);
    if (assignment !== null) cluster.updateEndpoints(assignment);
    else cluster.markInitialized();
    timer = setTimeout(() => void refresh(), failed ? failedWaitMs(cluster, failures, random()) : waitMs(cluster, resolutions, random()));
    timer.unref();
  };
  void refresh();
  return () => {
    isStopped = true;
    if (timer !== null) clearTimeout(timer);
  };
}

async function resolveAll({ plan }: Cluster, known: Known): Promise<readonly Resolution[]> {
  const endpoints = (plan.loadAssignment?.localities ?? []).flatMap((locality) => locality.endpoints);
  return Promise.all(
    endpoints.map(async (endpoint) => {
      const { address } = endpoint;
      if (address.kind !== 'tcp' || isIP(address.host) !== 0) return { addresses: [], ttlMs: null };
      const resolution = await resolveName(address.host, plan.dns);
      if (resolution.addresses !== null) known.set(endpoint, resolution.addresses);
      return resolution;
    }),
  );
}

/** Null while nothing could be resolved. */
function assignmentOf({ plan }: Cluster, known: Known): LoadAssignmentPlan | null {
  const source = plan.loadAssignment;
  if (source === null) return null;
  const isLogical = plan.discovery === 'LOGICAL_DNS';
  const localities = source.localities.map((locality) => ({
    ...locality,
    endpoints: locality.endpoints.flatMap((endpoint) => resolvedEndpoints(endpoint, known, isLogical)),
  }));
  const isEmpty = localities.every(({ endpoints }) => endpoints.length === 0);
  return isEmpty && known.size === 0 && source.localities.some(({ endpoints }) => endpoints.length > 0) ? null : { ...source, localities };
}

/** A logical cluster has one host, whatever its name means at the moment. */
function resolvedEndpoints(endpoint: EndpointPlan, known: Known, isLogical: boolean): EndpointPlan[] {
  const { address } = endpoint;
  if (address.kind !== 'tcp' || isIP(address.host) !== 0) return [endpoint];
  const addresses = known.get(endpoint) ?? [];
  return (isLogical ? addresses.slice(0, 1) : addresses).map((ip) => ({
    ...endpoint,
    key: ip.includes(':') ? `[${ip}]:${address.port}` : `${ip}:${address.port}`,
    hostname: endpoint.hostname === '' ? address.host : endpoint.hostname,
    address: { kind: 'tcp', host: ip, port: address.port },
  }));
}

function waitMs({ plan }: Cluster, resolutions: readonly Resolution[], random: number): number {
  const ttls = resolutions.flatMap(({ ttlMs }) => (ttlMs === null ? [] : [ttlMs]));
  const base = plan.dns.respectTtl && ttls.length > 0 ? Math.max(leastTtlMs, Math.min(...ttls)) : plan.dns.refreshRateMs;
  return base + random * plan.dns.jitterMs;
}

/** A failed look-up is tried again with a growing, jittered pause where configured, else at the usual rate. */
function failedWaitMs({ plan }: Cluster, failures: number, random: number): number {
  const { failureRefresh, refreshRateMs } = plan.dns;
  if (failureRefresh === null) return refreshRateMs;
  return Math.max(1, random * Math.min(failureRefresh.maxMs, failureRefresh.baseMs * 2 ** (failures - 1)));
}

const leastTtlMs = 1000;
