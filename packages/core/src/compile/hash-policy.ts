import type { RouteAction_HashPolicyJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { DestinationPolicy } from '../mesh/destination-rule.ts';
import type { ServiceView } from '../mesh/proxy-view.ts';
import type { ConsistentHash, TrafficPolicy } from '../mesh/traffic-policy.ts';

interface Destination {
  readonly host?: string;
  readonly subset?: string;
  readonly port?: { readonly number?: number };
}

/** What requests to a destination are hashed by; null when its load balancer does not hash. */
export function hashPolicyOf(
  destination: Destination | undefined,
  services: ReadonlyMap<string, ServiceView>,
): RouteAction_HashPolicyJson | null {
  const policy = services.get(destination?.host ?? '')?.policy;
  if (!policy) return null;
  const hash = consistentHash(policy, destination?.subset ?? '', destination?.port?.number ?? null);
  return hash ? hashPolicy(hash) : null;
}

/** What requests to a port of a service without a VirtualService are hashed by. */
export function serviceHashPolicy(view: ServiceView, port: number): RouteAction_HashPolicyJson | null {
  const hash = view.policy ? consistentHash(view.policy, '', port) : undefined;
  return hash ? hashPolicy(hash) : null;
}

/** The most specific settings win: subset's port, subset, port, host. */
function consistentHash(policy: DestinationPolicy, subsetName: string, port: number | null): ConsistentHash | undefined {
  const subset = subsetName === '' ? undefined : policy.subsets.find((candidate) => candidate.name === subsetName);
  const atPort = (settings: TrafficPolicy['portLevelSettings']) =>
    port === null ? undefined : settings?.find((entry) => entry.port?.number === port)?.loadBalancer?.consistentHash;
  return (
    atPort(subset?.trafficPolicy?.portLevelSettings) ??
    subset?.trafficPolicy?.loadBalancer?.consistentHash ??
    atPort(policy.trafficPolicy?.portLevelSettings) ??
    policy.trafficPolicy?.loadBalancer?.consistentHash
  );
}

function hashPolicy(spec: ConsistentHash): RouteAction_HashPolicyJson | null {
  if (spec.httpHeaderName) return { header: { headerName: spec.httpHeaderName } };
  if (spec.httpCookie) {
    const { name = '', ttl, path, attributes } = spec.httpCookie;
    const ttlMs = ttl ? parseDurationMs(ttl) : null;
    return {
      cookie: {
        name,
        ...(ttlMs === null ? {} : { ttl: formatDuration(ttlMs) }),
        ...(path ? { path } : {}),
        ...(attributes?.length
          ? { attributes: attributes.map((entry) => ({ name: entry.name ?? '', ...(entry.value ? { value: entry.value } : {}) })) }
          : {}),
      },
    };
  }
  if (spec.useSourceIp) return { connectionProperties: { sourceIp: true } };
  return spec.httpQueryParameterName ? { queryParameter: { name: spec.httpQueryParameterName } } : null;
}
