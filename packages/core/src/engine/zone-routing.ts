import type { LoadBalancerPlan, LocalityPlan } from '../plan/cluster-plan.ts';
import type { BalancedHost } from './balanced-host.ts';

/** The fleet of proxies that this one belongs to (`cluster_manager.local_cluster_name`), and where this one runs. */
export interface LocalCluster {
  readonly locality: LocalityPlan;
  readonly hosts: readonly BalancedHost[];
}

/** One locality of the upstream, in balancing order: the proxy's own first. */
export interface UpstreamZone {
  readonly locality: LocalityPlan;
  readonly healthy: number;
}

/**
 * Envoy's zone-aware routing: requests stay in the proxy's zone as far as that zone's share of the upstream covers its share of the proxies;
 * the rest goes to zones with capacity left. Shares are in parts of 10,000, rounded down.
 */
export class ZoneRouting {
  readonly #plan: LoadBalancerPlan;
  readonly #localIsPanic: boolean;
  /** Parts of 10,000 that stay in the own zone; null when everything does. */
  readonly #localShare: number | null;
  /** Running sums of the capacity left in each zone. */
  readonly #residual: readonly number[];

  private constructor(plan: LoadBalancerPlan, localIsPanic: boolean, localShare: number | null, residual: readonly number[]) {
    this.#plan = plan;
    this.#localIsPanic = localIsPanic;
    this.#localShare = localShare;
    this.#residual = residual;
  }

  /** Null where the conditions are not met (too few zones or hosts, the own zone unknown to the local cluster) and zones do not count. */
  static create(zones: readonly UpstreamZone[], local: LocalCluster, plan: LoadBalancerPlan): ZoneRouting | null {
    const options = plan.zoneAware;
    const isOwn = (locality: LocalityPlan): boolean => isSameLocality(locality, local.locality);
    const localZones = new Set(local.hosts.map(({ endpoint }) => zoneKey(endpoint.locality)));
    if (zones.length < 2 || (localZones.size < 2 && !options.forceLocalityDirectRouting)) return null;
    if (!local.hosts.some(({ endpoint }) => isOwn(endpoint.locality))) return null;
    const totalUpstream = zones.reduce((sum, { healthy }) => sum + healthy, 0);
    if (totalUpstream < options.minClusterSize) return null;
    const healthyLocal = local.hosts.filter((host) => host.coarseHealth === 'healthy');
    const shares = zones.map(({ locality, healthy }) => ({
      upstream: partsOf(healthy, totalUpstream),
      local:
        healthy === 0
          ? 0
          : partsOf(healthyLocal.filter(({ endpoint }) => isSameLocality(endpoint.locality, locality)).length, healthyLocal.length),
    }));
    const [first] = zones;
    const own = first !== undefined && isOwn(first.locality) ? shares[0] : undefined;
    const isPanic = isInPanic(local.hosts, plan.panicThresholdPercent);
    if (own !== undefined && ((own.upstream > 0 && own.upstream >= own.local) || options.forceLocalityDirectRouting)) {
      return new ZoneRouting(plan, isPanic, null, []);
    }
    const localShare = own !== undefined && own.local > 0 ? Math.floor((own.upstream * 10_000) / own.local) : 0;
    let running = 0;
    const residual = shares.map((share, index) => {
      if (!(index === 0 && own !== undefined)) running += Math.max(0, share.upstream - share.local);
      return running;
    });
    return new ZoneRouting(plan, isPanic, localShare, residual);
  }

  /** The zone for one request, by index; `any` = zones do not count this time, `fail` = no host at all. */
  choose(random: () => number): number | 'any' | 'fail' {
    const { routingEnabledPercent } = this.#plan.zoneAware;
    if (routingEnabledPercent < 100 && random() * 100 >= routingEnabledPercent) return 'any';
    if (this.#localIsPanic) return this.#plan.failTrafficOnPanic ? 'fail' : 'any';
    if (this.#localShare === null || Math.floor(random() * 10_000) < this.#localShare) return 0;
    const total = this.#residual.at(-1) ?? 0;
    if (total === 0) return Math.floor(random() * this.#residual.length);
    const threshold = Math.floor(random() * total);
    return this.#residual.findIndex((sum) => threshold < sum);
  }
}

/** True when both name the same region, zone and sub-zone. */
export function isSameLocality(a: LocalityPlan, b: LocalityPlan): boolean {
  return a.region === b.region && a.zone === b.zone && a.subZone === b.subZone;
}

function zoneKey({ region, zone, subZone }: LocalityPlan): string {
  return `${region}\0${zone}\0${subZone}`;
}

function partsOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((10_000 * part) / whole);
}

function isInPanic(hosts: readonly BalancedHost[], thresholdPercent: number): boolean {
  const total = hosts.filter((host) => !host.isExcluded).length;
  const usable = hosts.filter((host) => host.coarseHealth !== 'unhealthy').length;
  return (total === 0 ? 0 : (100 * usable) / total) < thresholdPercent;
}
