/** How a client treats a destination, as `DestinationRule.trafficPolicy` words it. Written out, because the generated types are unions too deep to work with. */
export interface TrafficPolicy extends PortTrafficPolicy {
  readonly portLevelSettings?: readonly (PortTrafficPolicy & { readonly port?: { readonly number?: number } })[];
  readonly tunnel?: { readonly protocol?: string; readonly targetHost?: string; readonly targetPort?: number };
  readonly proxyProtocol?: { readonly version?: 'V1' | 'V2' };
  readonly retryBudget?: { readonly percent?: number; readonly minRetryConcurrency?: number; readonly budgetInterval?: string };
}

/** The part of a traffic policy that can be set per port. */
export interface PortTrafficPolicy {
  readonly connectionPool?: ConnectionPool;
  readonly loadBalancer?: LoadBalancer;
  readonly outlierDetection?: OutlierDetection;
  readonly tls?: ClientTls;
}

export interface ConnectionPool {
  readonly tcp?: {
    readonly maxConnections?: number;
    readonly connectTimeout?: string;
    readonly idleTimeout?: string;
    readonly maxConnectionDuration?: string;
    readonly tcpKeepalive?: TcpKeepalive;
  };
  readonly http?: {
    readonly http1MaxPendingRequests?: number;
    readonly http2MaxRequests?: number;
    readonly maxRequestsPerConnection?: number;
    readonly maxRetries?: number;
    readonly idleTimeout?: string;
    readonly h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE';
    readonly useClientProtocol?: boolean;
    readonly maxConcurrentStreams?: number;
    readonly http2KeepAlive?: { readonly interval?: string; readonly timeout?: string };
  };
}

export interface TcpKeepalive {
  readonly probes?: number;
  readonly time?: string;
  readonly interval?: string;
}

export interface LoadBalancer {
  readonly simple?: 'UNSPECIFIED' | 'LEAST_CONN' | 'RANDOM' | 'PASSTHROUGH' | 'ROUND_ROBIN' | 'LEAST_REQUEST';
  readonly consistentHash?: ConsistentHash;
  readonly backendUtilization?: BackendUtilization;
  readonly localityLbSetting?: LocalityLbSetting;
  readonly zoneAwareLbSetting?: ZoneAwareLbSetting;
  readonly warmupDurationSecs?: string;
  readonly warmup?: { readonly duration?: string; readonly minimumPercent?: number | null; readonly aggression?: number | null };
}

export interface ConsistentHash {
  readonly httpHeaderName?: string;
  readonly httpCookie?: {
    readonly name?: string;
    readonly path?: string;
    readonly ttl?: string;
    readonly attributes?: readonly { readonly name?: string; readonly value?: string }[];
  };
  readonly useSourceIp?: boolean;
  readonly httpQueryParameterName?: string;
  readonly minimumRingSize?: number;
  readonly ringHash?: { readonly minimumRingSize?: number };
  readonly maglev?: { readonly tableSize?: number };
}

/** Weights by the utilization that endpoints report (ORCA). */
export interface BackendUtilization {
  readonly weightStabilizationPeriod?: string;
  readonly weightExpirationPeriod?: string;
  readonly weightUpdatePeriod?: string;
  readonly errorUtilizationPenaltyPercent?: number;
  readonly metricNamesForComputingUtilization?: readonly string[];
}

/** Endpoints of the own zone first, as far as they go; other regions only when the own fails. */
export interface ZoneAwareLbSetting {
  readonly enabled?: boolean | null;
  readonly failover?: LocalityLbSetting['failover'];
  readonly failoverPriority?: readonly string[];
  readonly minClusterSize?: number | null;
}

export interface LocalityLbSetting {
  readonly enabled?: boolean | null;
  readonly distribute?: readonly { readonly from?: string; readonly to?: Readonly<Record<string, number>> }[];
  readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
  readonly failoverPriority?: readonly string[];
}

export interface OutlierDetection {
  readonly consecutive5xxErrors?: number | null;
  readonly consecutiveErrors?: number;
  readonly consecutiveGatewayErrors?: number | null;
  readonly consecutiveLocalOriginFailures?: number | null;
  readonly splitExternalLocalOriginErrors?: boolean;
  readonly interval?: string;
  readonly baseEjectionTime?: string;
  readonly maxEjectionPercent?: number;
  readonly minHealthPercent?: number;
  readonly outlierDetectionHttpErrorCodes?: readonly number[];
  readonly failurePercentageThreshold?: number | null;
}

export interface ClientTls {
  readonly mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';
  readonly clientCertificate?: string;
  readonly privateKey?: string;
  readonly caCertificates?: string;
  readonly caCrl?: string;
  readonly credentialName?: string;
  readonly caCertCredentialName?: string;
  readonly subjectAltNames?: readonly string[];
  readonly sni?: string;
  readonly insecureSkipVerify?: boolean | null;
}
