/** What the agent's API answers: mesh state and traffic. Times are milliseconds since 1970, rates per second, percentages 0 to 100. */

export type Health = 'healthy' | 'degraded' | 'failure' | 'idle';
export type XdsKind = 'cds' | 'eds' | 'lds' | 'rds' | 'sds';
export type SyncState = 'SYNCED' | 'STALE' | 'NACK' | 'NOT_SENT';
export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** A resource's identity as one string: `VirtualService/default/order-service`, or `Namespace//shop` without a namespace. */
export type ResourceId = string;

export interface NackStatus {
  readonly type: XdsKind;
  readonly at: number;
  readonly version: string;
  readonly message: string;
}

export interface CertificateStatus {
  readonly spiffeId: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly serial: string;
}

/** One proxy that is, or in the last minutes was, connected. */
export interface ProxyStatus {
  /** The node id: `sidecar~127.0.0.1~order-service-v1.default~default.svc.cluster.local`. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
  readonly type: 'sidecar' | 'router' | 'waypoint';
  readonly dataPlane: 'weft' | 'envoy' | 'grpc';
  readonly version: string;
  readonly adminUrl: string | null;
  readonly metricsUrl: string | null;
  readonly connected: boolean;
  readonly connectedAt: number;
  readonly synced: Readonly<Record<XdsKind, SyncState>>;
  readonly lastNack: NackStatus | null;
  /** Time from the last push to its last ACK. */
  readonly lastPushMs: number | null;
  /** Revision of the last configuration the proxy has acknowledged in whole. */
  readonly ackedRevision: number | null;
  readonly certificate: CertificateStatus | null;
}

/** Something the configuration source cannot read. The last good content stays in force. */
export interface SourceProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface MeshStatus {
  readonly agent: {
    readonly version: string;
    readonly ready: boolean;
    readonly revision: number;
    readonly startedAt: number;
    readonly directory: string;
    readonly problems: readonly SourceProblem[];
    /** Why nothing can be written, when that is so. */
    readonly readOnlyReason: string | null;
  };
  readonly proxies: readonly ProxyStatus[];
  readonly authority: { readonly trustDomain: string; readonly notAfter: number; readonly fingerprint: string } | null;
  readonly push: { readonly lastMs: number | null; readonly p50Ms: number | null; readonly p99Ms: number | null; readonly count: number };
  readonly settings: { readonly rootNamespace: string; readonly trustDomain: string; readonly meshConfig: string };
  readonly console: { readonly url: string } | null;
  readonly gateway: { readonly http: string | null; readonly https: string | null };
}

/** Rates and latencies over one window. A null latency means that there was no request. */
export interface TrafficStats {
  readonly requestRate: number;
  readonly errorRate: number;
  readonly errorPercent: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly sentBytesRate: number;
  readonly receivedBytesRate: number;
  /** TCP connections opened. */
  readonly connectionRate: number;
}

export interface FindingCounts {
  readonly errors: number;
  readonly warnings: number;
  readonly infos: number;
}

/** Golden signals over time: parallel arrays, one entry per step. */
export interface GoldenSeries {
  readonly stepSeconds: number;
  readonly timestamps: readonly number[];
  readonly requestRate: readonly number[];
  readonly errorPercent: readonly (number | null)[];
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
  readonly sentBytesRate: readonly number[];
  readonly receivedBytesRate: readonly number[];
}

/** A vertical line on every chart: a revision was applied. */
export interface ChangeMarker {
  readonly at: number;
  readonly revision: number;
  readonly who: string;
  readonly why: string;
}

/** Why a list or graph is empty, and what to do about it. Null when it is not empty. */
export interface EmptyReason {
  readonly kind: 'no-workloads' | 'no-proxies' | 'no-traffic' | 'no-scrape' | 'filtered-out' | 'starting';
  readonly message: string;
  readonly hint: string;
}

export interface ServiceRank {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly health: Health;
  readonly stats: TrafficStats;
}

export interface Overview {
  readonly at: number;
  readonly windowSeconds: number;
  readonly health: { readonly services: Readonly<Record<Health, number>>; readonly workloads: Readonly<Record<Health, number>> };
  readonly stats: TrafficStats;
  readonly series: GoldenSeries;
  readonly markers: readonly ChangeMarker[];
  readonly services: readonly ServiceRank[];
  readonly findings: FindingCounts;
  readonly proxies: { readonly connected: number; readonly total: number; readonly notSynced: readonly string[] };
  /** The certificates that expire first. */
  readonly certificates: readonly { readonly proxy: string; readonly spiffeId: string; readonly notAfter: number }[];
  readonly rollouts: readonly {
    readonly id: string;
    readonly name: string;
    readonly namespace: string;
    readonly weights: readonly number[];
  }[];
  /** The last revisions, with error rate and p95 of the mesh in the minute before and after. */
  readonly changes: readonly ChangeEffect[];
  readonly empty: EmptyReason | null;
}

export interface ChangeEffect extends ChangeMarker {
  readonly errorPercentBefore: number | null;
  readonly errorPercentAfter: number | null;
  readonly p95MsBefore: number | null;
  readonly p95MsAfter: number | null;
}

export type GraphType = 'workload' | 'app' | 'versionedApp' | 'service';
export type NodeBadge =
  | 'routing'
  | 'circuit-breaker'
  | 'fault'
  | 'timeout'
  | 'mirror'
  | 'missing-sidecar'
  | 'gateway'
  | 'authorization'
  | 'findings';

export interface TopologyNode {
  readonly id: string;
  readonly kind: 'workload' | 'app' | 'service' | 'serviceEntry' | 'gateway' | 'unknown';
  readonly namespace: string;
  readonly cluster: string;
  readonly name: string;
  /** Canonical service; `''` where the graph type knows none. */
  readonly app: string;
  /** Canonical revision; `''` where the graph type knows none. */
  readonly version: string;
  /** Keys (`namespace/hostname`) of the services behind the node. */
  readonly services: readonly string[];
  /** `namespace/name` of each. */
  readonly workloads: readonly string[];
  readonly health: Health;
  readonly inbound: TrafficStats;
  readonly outbound: TrafficStats;
  readonly badges: readonly NodeBadge[];
  readonly mtls: MtlsMode | null;
  readonly hasSidecar: boolean;
  readonly findings: FindingCounts;
}

export interface CodeShare {
  /** HTTP status, gRPC status, or `-` when there was no response. */
  readonly code: string;
  /** Response flags, `-` for none. */
  readonly flags: string;
  readonly rate: number;
  readonly percent: number;
}

export interface TopologyEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly health: Health;
  readonly stats: TrafficStats;
  /** Share of the source's requests over this edge. */
  readonly sharePercent: number | null;
  /** Share of the traffic that was mutually authenticated; null when no receiving proxy reported it. */
  readonly mtlsPercent: number | null;
  readonly sourcePrincipal: string | null;
  readonly destinationPrincipal: string | null;
  readonly codes: readonly CodeShare[];
}

export interface TopologyGraph {
  readonly at: number;
  readonly windowSeconds: number;
  readonly graphType: GraphType;
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  readonly empty: EmptyReason | null;
}

export interface ServicePortStatus {
  readonly name: string;
  readonly number: number;
  readonly protocol: string;
}

export interface ServiceSummary {
  /** `namespace/hostname`. */
  readonly key: string;
  readonly hostname: string;
  readonly namespace: string;
  readonly name: string;
  readonly registry: 'Kubernetes' | 'External';
  readonly ports: readonly ServicePortStatus[];
  readonly health: Health;
  readonly stats: TrafficStats;
  readonly versions: readonly string[];
  readonly endpoints: { readonly healthy: number; readonly total: number };
  readonly mtls: MtlsMode | null;
  readonly hasSidecars: boolean;
  readonly findings: FindingCounts;
}

export interface ServiceList {
  readonly at: number;
  readonly windowSeconds: number;
  readonly services: readonly ServiceSummary[];
  readonly empty: EmptyReason | null;
}

/** Traffic of a service split by one label. */
export interface BreakdownRow {
  readonly key: string;
  readonly namespace: string;
  readonly stats: TrafficStats;
  readonly percent: number;
}

export interface EndpointStatus {
  readonly address: string;
  readonly port: number;
  readonly workload: string;
  readonly namespace: string;
  readonly version: string;
  readonly serviceAccount: string;
  readonly health: 'healthy' | 'unhealthy' | 'draining';
  readonly weight: number;
  readonly mtls: boolean;
}

/** A resource that shapes a service's traffic, with the place where it does. */
export interface AppliedResource {
  readonly id: ResourceId;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  /** The rule in a few words: `prefix /api → v1 90 %, v2 10 %`. */
  readonly summary: string;
}

export interface ServiceDetail {
  readonly at: number;
  readonly windowSeconds: number;
  readonly service: ServiceSummary;
  readonly series: GoldenSeries;
  readonly seriesByVersion: readonly { readonly version: string; readonly series: GoldenSeries }[];
  readonly bySource: readonly BreakdownRow[];
  readonly byDestination: readonly BreakdownRow[];
  readonly byVersion: readonly BreakdownRow[];
  readonly byCode: readonly CodeShare[];
  readonly endpoints: readonly EndpointStatus[];
  readonly routing: readonly AppliedResource[];
  readonly policies: readonly AppliedResource[];
  readonly markers: readonly ChangeMarker[];
  readonly findings: readonly Finding[];
  readonly empty: EmptyReason | null;
}

/** A mistake found in resources: by the YAML parser, validation or an analyzer. Lines and columns count from 1. */
export interface Finding {
  readonly code: string;
  readonly level: 'Error' | 'Warning' | 'Info';
  readonly source: 'parse' | 'validate' | 'analyze';
  /** `VirtualService ns/name`; the file for text that is not a resource. */
  readonly origin: string;
  readonly resourceId: ResourceId | null;
  readonly message: string;
  readonly path: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly documentationUrl: string | null;
}

export interface TrafficPeer {
  readonly workload: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly address: string;
  /** SPIFFE identity without the scheme, when mTLS proved one. */
  readonly principal: string | null;
}

/** One request (or TCP connection) as one proxy logged it. */
export interface TrafficRecord {
  /** Grows with time. */
  readonly id: number;
  readonly at: number;
  /** Which proxy saw it. */
  readonly reporter: 'source' | 'destination' | 'gateway';
  readonly proxy: string;
  readonly source: TrafficPeer;
  readonly destination: TrafficPeer;
  /** Host of the called service. */
  readonly service: string;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** 0 when no response was sent. */
  readonly code: number;
  readonly grpcStatus: number | null;
  /** Short response flags: `UF`, `URX`; empty for none. */
  readonly flags: readonly string[];
  /** `via_upstream`, `rbac_access_denied_matched_policy[…]` … */
  readonly details: string;
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly attempts: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly routeName: string;
  readonly upstreamCluster: string;
  readonly upstreamHost: string;
  readonly mtls: boolean;
  /** The authorization rule that refused the request; `policy` null when no ALLOW rule matched. */
  readonly refusedBy: { readonly policy: ResourceId | null; readonly rule: number | null } | null;
}

export interface TrafficPage {
  /** Newest first. */
  readonly records: readonly TrafficRecord[];
  /** How many records are kept in all, and since when. */
  readonly kept: number;
  readonly since: number | null;
  readonly empty: EmptyReason | null;
}

/** What the events subscription sends. */
export type AgentEvent =
  | { readonly kind: 'hello'; readonly revision: number; readonly version: string }
  | { readonly kind: 'revision'; readonly revision: number; readonly who: string; readonly why: string; readonly at: number }
  | {
      readonly kind: 'proxy';
      readonly change: 'connected' | 'disconnected' | 'synced' | 'nack';
      readonly proxy: string;
      readonly at: number;
    }
  | { readonly kind: 'findings'; readonly counts: FindingCounts; readonly at: number }
  | { readonly kind: 'source'; readonly problems: readonly SourceProblem[]; readonly at: number };
