import { mtlsSettingForPort } from '@weft/core/mesh/peer-authentication';
import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import { sourceOf } from '@weft/core/plan/source';
import type { Call } from '@weft/core/simulate/call';
import type { CheckProxy } from './check-mesh.ts';

/** The policy that a cluster's traffic is under. */
export interface ClusterPolicy {
  readonly mtls: 'STRICT' | 'PERMISSIVE' | 'DISABLE' | null;
  /** `namespace/name`. */
  readonly destinationRule: string | null;
  readonly lb: string;
  readonly outlier: object | null;
  readonly connectionPool: object;
  readonly tls: { readonly mode: string; readonly sni: string } | null;
}

/** The policy of a cluster; null for a name that the proxy has no cluster for. */
export function clusterPolicy({ view, mesh, plan }: CheckProxy, name: string, call: Call): ClusterPolicy | null {
  const cluster = plan.clusterByName.get(name);
  if (!cluster) return null;
  const source = sourceOf(cluster.metadata).resource;
  return {
    mtls: call.mode === 'inbound' ? inboundMode({ view }, call.port) : outboundMode(mesh, name),
    destinationRule: source?.startsWith('DestinationRule ') ? source.slice('DestinationRule '.length) : null,
    lb: cluster.loadBalancer.policy,
    outlier: outlierOf(cluster),
    connectionPool: poolOf(cluster),
    tls: tlsOf(cluster),
  };
}

function inboundMode({ view }: Pick<CheckProxy, 'view'>, port: number): ClusterPolicy['mtls'] {
  return mtlsSettingForPort(view.policies.security.peerAuthentication, port).mode;
}

/** The mode that the servers of an outbound cluster have, as far as their namespace's policy tells. */
function outboundMode(mesh: CheckProxy['mesh'], cluster: string): ClusterPolicy['mtls'] {
  const [, , , hostname = ''] = cluster.split('|');
  const [service] = mesh.servicesByHostname.get(hostname) ?? [];
  const mode = service ? mesh.endpointsByService.get(service.key)?.namespaceMtls : undefined;
  return mode === 'STRICT' || mode === 'PERMISSIVE' || mode === 'DISABLE' ? mode : null;
}

function outlierOf({ outlierDetection: outlier }: ClusterPlan): object | null {
  if (!outlier) return null;
  return {
    consecutive5xxErrors: outlier.enforcingConsecutive5xx > 0 ? outlier.consecutive5xx : 0,
    consecutiveGatewayErrors: outlier.enforcingConsecutiveGatewayFailure > 0 ? outlier.consecutiveGatewayFailure : 0,
    intervalMs: outlier.intervalMs,
    baseEjectionTimeMs: outlier.baseEjectionTimeMs,
    maxEjectionPercent: outlier.maxEjectionPercent,
  };
}

const unlimited = 4_294_967_295;

function poolOf({ circuitBreakers: { default: limits }, connectTimeoutMs, protocol }: ClusterPlan): object {
  const limit = (value: number): number | null => (value === unlimited ? null : value);
  return {
    maxConnections: limit(limits.maxConnections),
    http1MaxPendingRequests: limit(limits.maxPendingRequests),
    http2MaxRequests: limit(limits.maxRequests),
    maxRetries: limit(limits.maxRetries),
    maxRequestsPerConnection: protocol.common.maxRequestsPerConnection || null,
    connectTimeoutMs,
  };
}

/** Mutual TLS for mesh peers may stand in a transport socket match beside plain text. */
function tlsOf({ transport, transportMatches }: ClusterPlan): ClusterPolicy['tls'] {
  const found = [transport, ...transportMatches.map((match) => match.transport)].find((candidate) => candidate.kind === 'tls');
  if (found?.kind !== 'tls') return null;
  const { tls } = found;
  const isMesh = tls.certificateSecrets.includes('default');
  const isMutual = tls.certificates.length + tls.certificateSecrets.length > 0;
  return { mode: isMesh ? 'ISTIO_MUTUAL' : isMutual ? 'MUTUAL' : 'SIMPLE', sni: tls.sni };
}
