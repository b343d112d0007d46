import type { ClusterPlan, EndpointPlan } from '@weft/core/plan/cluster-plan';
import type { Host } from './host.ts';
import type { HostChoice } from './host-choice.ts';

/** The endpoint that a request or connection names itself (ORIGINAL_DST): by header where the cluster reads one, else by its own destination. */
export function originalEndpoint({ originalDst }: ClusterPlan, { request, connection }: HostChoice): EndpointPlan | null {
  const told = originalDst.headerName === null ? undefined : request?.header(originalDst.headerName);
  if (told !== undefined) {
    const match = /^\[?([0-9a-fA-F:.]+)\]?:(\d{1,5})$/.exec(told);
    return match === null ? null : endpointAt(match[1] ?? '', originalDst.portOverride ?? Number(match[2]));
  }
  // Without restoring, the destination is this proxy itself; the proxy's own calls have none.
  if (connection?.isDestinationRestored !== true) return null;
  return endpointAt(connection.destination.text, originalDst.portOverride ?? connection.destinationPort);
}

/** Hosts that nobody used since the last call, when it was at least `intervalMs` ago; those in use are marked for the next. */
export class UnusedHosts {
  #totals: WeakMap<Host, number> = new WeakMap();
  #takenAt = 0;

  take(hosts: readonly Host[], now: number, intervalMs: number): readonly Host[] {
    if (now - this.#takenAt < intervalMs) return [];
    this.#takenAt = now;
    return hosts.filter((host) => {
      const used = host.totalRequests + host.totalConnections;
      const isUnused = this.#totals.get(host) === used && host.activeRequests === 0;
      this.#totals.set(host, used);
      return isUnused;
    });
  }
}

function endpointAt(host: string, port: number): EndpointPlan {
  return {
    key: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    address: { kind: 'tcp', host, port },
    hostname: '',
    health: 'UNKNOWN',
    weight: 1,
    priority: 0,
    locality: { region: '', zone: '', subZone: '' },
    metadata: {},
    healthCheck: { address: null, port: 0, hostname: '', disabled: true },
  };
}
