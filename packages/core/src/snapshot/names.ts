/** Cluster for traffic to addresses that no service has; forwards to the original destination. */
export const passthroughCluster = 'PassthroughCluster';
/** Cluster of a proxy's own fleet, which bootstraps name as the local one. */
export const localCluster = 'local_cluster';
/** Cluster without endpoints: what is sent to it fails. */
export const blackHoleCluster = 'BlackHoleCluster';
/** Cluster for inbound traffic to ports that no service declares. */
export const inboundPassthroughCluster = 'InboundPassthroughCluster';

/** Listener that takes all redirected outbound connections. */
export const virtualOutboundListener = 'virtualOutbound';
/** Listener that takes all redirected inbound connections. */
export const virtualInboundListener = 'virtualInbound';

/** Route configuration of the local HTTP proxy listener. */
export const httpProxyRoute = 'http_proxy';

/** Name of the filter chain that catches what no other chain of an outbound listener matches. */
export const passthroughFilterChain = 'PassthroughFilterChain';

/** The parts of a cluster's name. */
export interface ClusterKey {
  readonly direction: 'outbound' | 'inbound';
  readonly port: number;
  /** `''` for all endpoints. */
  readonly subset: string;
  /** `''` for inbound clusters. */
  readonly hostname: string;
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local`. */
export function outboundClusterName(hostname: string, port: number, subset = ''): string {
  return `outbound|${port}|${subset}|${hostname}`;
}

/** `inbound|8080||`. */
export function inboundClusterName(port: number): string {
  return `inbound|${port}||`;
}

/** The same as a DNS name, `outbound_.80_.v1_.reviews.default.svc.cluster.local`: the SNI of mutual TLS between sidecars and through east-west gateways. */
export function outboundServerName(hostname: string, port: number, subset = ''): string {
  return `outbound_.${port}_.${subset}_.${hostname}`;
}

/** The parts of a cluster name in either form, or null when it is none of Istio's. */
export function parseClusterName(name: string): ClusterKey | null {
  const separator = name.includes('|') ? '|' : '_.';
  const [direction, port, subset = '', ...host] = name.split(separator);
  if ((direction !== 'outbound' && direction !== 'inbound') || host.length === 0 || !/^\d+$/.test(port ?? '')) return null;
  return { direction, port: Number(port), subset, hostname: host.join(separator) };
}
