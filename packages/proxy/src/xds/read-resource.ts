import type { Resource } from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import type { DiscoveredResource } from './discovery-protocol.ts';

/** Reads the wrapper in which the incremental protocol sends each resource. */
export function readResource({ name, version, resource, ttl }: Resource, typeUrl: string): DiscoveredResource {
  const ttlMs = ttl === undefined ? 0 : Number(ttl.seconds) * 1000 + ttl.nanos / 1e6;
  return { name, version, typeUrl: resource?.typeUrl ?? typeUrl, value: resource?.value ?? null, ttlMs };
}
