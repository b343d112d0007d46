import type { AddressJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type { LocalityJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { LbEndpointJson, LocalityLbEndpointsJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_components_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { AddressPlan, EndpointPlan, LoadAssignmentPlan, LocalityEndpointsPlan, LocalityPlan } from './cluster-plan.ts';
import { durationMs, filterMetadata, perMillion } from './read.ts';

/** The endpoints of one cluster. */
export function buildLoadAssignment(json: ClusterLoadAssignmentJson): LoadAssignmentPlan {
  const { policy } = json;
  return {
    clusterName: json.clusterName ?? '',
    localities: (json.endpoints ?? []).map(buildLocality),
    overprovisioningFactor: policy?.overprovisioningFactor ?? 140,
    weightedPriorityHealth: policy?.weightedPriorityHealth ?? false,
    drops: (policy?.dropOverloads ?? []).map((drop) => ({ category: drop.category ?? '', perMillion: perMillion(drop.dropPercentage) })),
    endpointStaleAfterMs: durationMs(policy?.endpointStaleAfter, null),
  };
}

/** An address; named ports are not known to Envoy's data plane and read as 0. */
export function buildAddress(json: AddressJson | undefined): AddressPlan {
  if (json?.pipe) return { kind: 'pipe', path: json.pipe.path ?? '' };
  if (json?.envoyInternalAddress) {
    const { serverListenerName, endpointId } = json.envoyInternalAddress;
    return { kind: 'internal', listener: serverListenerName ?? '', endpointId: endpointId ?? '' };
  }
  return { kind: 'tcp', host: json?.socketAddress?.address ?? '', port: json?.socketAddress?.portValue ?? 0 };
}

/** An address as text: `ip:port`, `[v6]:port`, or the pipe's path. */
export function addressKey(address: AddressPlan): string {
  if (address.kind === 'pipe') return address.path;
  if (address.kind === 'internal') return `internal:${address.listener}/${address.endpointId}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function buildLocality(json: LocalityLbEndpointsJson): LocalityEndpointsPlan {
  const locality = localityOf(json.locality);
  const priority = json.priority ?? 0;
  return {
    locality,
    priority,
    weight: json.loadBalancingWeight ?? null,
    endpoints: (json.lbEndpoints ?? []).map((endpoint) => buildEndpoint(endpoint, locality, priority)),
  };
}

function localityOf(json: LocalityJson | undefined): LocalityPlan {
  return { region: json?.region ?? '', zone: json?.zone ?? '', subZone: json?.subZone ?? '' };
}

function buildEndpoint(json: LbEndpointJson, locality: LocalityPlan, priority: number): EndpointPlan {
  const address = buildAddress(json.endpoint?.address);
  const check = json.endpoint?.healthCheckConfig;
  return {
    key: addressKey(address),
    address,
    hostname: json.endpoint?.hostname ?? '',
    health: (json.healthStatus as EndpointPlan['health'] | undefined) ?? 'UNKNOWN',
    weight: Math.max(1, json.loadBalancingWeight ?? 1),
    priority,
    locality,
    metadata: filterMetadata(json.metadata),
    healthCheck: {
      address: check?.address ? buildAddress(check.address) : null,
      port: check?.portValue ?? 0,
      hostname: check?.hostname ?? '',
      disabled: check?.disableActiveHealthCheck ?? false,
    },
  };
}
