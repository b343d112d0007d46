import type { Locality } from './service.ts';

export type ProxyType = 'sidecar' | 'router' | 'waypoint';

/** Who asks for configuration: an Envoy `Node`, its Istio metadata read. */
export interface ProxyNode {
  readonly type: ProxyType;
  /** `sidecar~10.0.0.1~name.namespace~namespace.svc.cluster.local`. */
  readonly id: string;
  readonly ip: string;
  readonly ips: readonly string[];
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** `node.cluster`: the service a proxy stands for; `''` when it did not say. */
  readonly serviceCluster: string;
  /** Metadata `CLUSTER_ID`. */
  readonly cluster: string;
  readonly network: string;
  readonly locality: Locality;
  /** DNS domain of the proxy: `namespace.svc.cluster.local`. */
  readonly dnsDomain: string;
  readonly interceptionMode: 'REDIRECT' | 'TPROXY' | 'NONE';
  /** Port of the local HTTP proxy listener asked for by metadata `HTTP_PROXY_PORT`, or null. */
  readonly httpProxyPort: number | null;
  /** Metadata `IDLE_TIMEOUT` of downstream connections, or null. */
  readonly idleTimeoutMs: number | null;
  readonly acceptsHttp10: boolean;
  readonly generator: 'envoy' | 'grpc';
  /** Names of the Envoy extensions the proxy says it has. Empty: it did not say. */
  readonly extensions: readonly string[];
  readonly isUnprivileged: boolean;
  /** Names are resolved by the proxy's side, so that automatically allocated addresses lead somewhere. */
  readonly capturesDns: boolean;
  /** Ports that the proxy itself listens on for health and metrics. */
  readonly ownPorts: readonly number[];
  /** The Kubernetes node the proxy runs on. */
  readonly nodeName: string;
  /** Networks whose endpoints the proxy wants to see; empty for all. */
  readonly requestedNetworks: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}
