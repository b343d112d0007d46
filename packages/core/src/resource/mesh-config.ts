import type { DestinationRuleSpec, VirtualServiceSpec } from './kinds.ts';
import type { Loose } from './loose.ts';

type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;

/** A duration as protojson writes it: `"10s"`, `"0.250s"`. */
export type DurationText = string;

/** `proxyConfig` of a mesh, of the annotation `proxy.istio.io/config`, and of ProxyConfig resources, merged in that order. */
export interface ProxyConfigSettings {
  readonly binaryPath?: string;
  readonly configPath?: string;
  readonly serviceCluster?: string;
  readonly drainDuration?: DurationText;
  readonly terminationDrainDuration?: DurationText;
  readonly discoveryAddress?: string;
  readonly discoveryRefreshDelay?: DurationText;
  readonly proxyAdminPort?: number;
  readonly statusPort?: number;
  readonly concurrency?: number | null;
  readonly controlPlaneAuthPolicy?: 'NONE' | 'MUTUAL_TLS';
  readonly customConfigFile?: string;
  readonly statNameLength?: number;
  readonly interceptionMode?: 'REDIRECT' | 'TPROXY' | 'NONE';
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  readonly tracing?: TracingSettings;
  readonly sds?: Readonly<Record<string, unknown>>;
  readonly envoyAccessLogService?: RemoteService;
  readonly envoyMetricsService?: RemoteService;
  readonly envoyMetricsServiceAddress?: string;
  readonly extraStatTags?: readonly string[];
  readonly proxyStatsMatcher?: {
    readonly inclusionPrefixes?: readonly string[];
    readonly inclusionSuffixes?: readonly string[];
    readonly inclusionRegexps?: readonly string[];
  };
  readonly readinessProbe?: Readonly<Record<string, unknown>>;
  readonly holdApplicationUntilProxyStarts?: boolean;
  readonly caCertificatesPem?: readonly string[];
  readonly image?: { readonly imageType?: string };
  readonly connectionSettings?: ConnectionSettings;
  readonly privateKeyProvider?: Readonly<Record<string, unknown>>;
  readonly proxyHeaders?: Readonly<Record<string, unknown>>;
  readonly fileFlushInterval?: DurationText;
  readonly fileFlushMinSizeKb?: number;
  readonly statsCompression?: boolean;
  readonly gatewayTopology?: GatewayTopology;
  readonly meshId?: string;
  readonly runtimeValues?: Readonly<Record<string, string>>;
  readonly proxyBootstrapTemplatePath?: string;
  readonly zipkinAddress?: string;
  readonly statsdUdpAddress?: string;
}

/** Limits and timeouts of the connections that a proxy takes; `profile` chooses what holds for fields that are left out. */
export interface ConnectionSettings {
  readonly profile?: 'SIDECAR' | 'EDGE';
  readonly listenerPerConnectionBufferLimitBytes?: number;
  readonly clusterPerConnectionBufferLimitBytes?: number;
  readonly httpIdleTimeout?: DurationText;
  readonly httpMaxConnectionDuration?: DurationText;
  readonly httpDrainTimeout?: DurationText;
  readonly httpRequestTimeout?: DurationText;
  readonly httpRequestHeadersTimeout?: DurationText;
  readonly httpStreamIdleTimeout?: DurationText;
  readonly httpMaxStreamDuration?: DurationText;
  readonly httpMaxConcurrentStreams?: number;
  readonly http2InitialStreamWindowSize?: number;
  readonly http2InitialConnectionWindowSize?: number;
  readonly httpHeadersWithUnderscoresAction?: string;
  readonly httpMergeSlashes?: boolean;
  readonly httpPathWithEscapedSlashesAction?: string;
  readonly listenerConnectionLimit?: number;
  readonly globalDownstreamConnectionLimit?: number;
}

/** A service that proxies send access logs or metrics to. */
export interface RemoteService {
  readonly address?: string;
  readonly tlsSettings?: NonNullable<TrafficPolicy['tls']>;
  readonly tcpKeepalive?: Readonly<Record<string, unknown>>;
}

/** What stands in front of a gateway. */
export interface GatewayTopology {
  readonly numTrustedProxies?: number;
  readonly forwardClientCertDetails?: string;
  readonly proxyProtocol?: Readonly<Record<string, unknown>>;
}

/** How proxies trace requests. */
export interface TracingSettings {
  readonly zipkin?: { readonly address?: string };
  readonly lightstep?: { readonly address?: string; readonly accessToken?: string };
  readonly datadog?: { readonly address?: string };
  readonly stackdriver?: Readonly<Record<string, unknown>>;
  readonly openCensusAgent?: Readonly<Record<string, unknown>>;
  readonly customTags?: Readonly<
    Record<
      string,
      {
        readonly literal?: { readonly value?: string };
        readonly environment?: { readonly name?: string; readonly defaultValue?: string };
        readonly header?: { readonly name?: string; readonly defaultValue?: string };
      }
    >
  >;
  readonly maxPathTagLength?: number;
  readonly sampling?: number;
  readonly tlsSettings?: NonNullable<TrafficPolicy['tls']>;
  readonly enableIstioTags?: boolean;
}

/** A provider that Telemetry, AuthorizationPolicy (CUSTOM) and `defaultProviders` refer to by name; exactly one field besides `name` is set. */
export interface ExtensionProvider {
  readonly name?: string;
  readonly envoyExtAuthzHttp?: EnvoyExtAuthzHttp;
  readonly envoyExtAuthzGrpc?: EnvoyExtAuthzGrpc;
  readonly zipkin?: ServiceProvider & {
    readonly enable64bitTraceId?: boolean;
    readonly path?: string;
    readonly traceContextOption?: string;
  };
  readonly lightstep?: ServiceProvider & { readonly accessToken?: string };
  readonly datadog?: ServiceProvider;
  readonly stackdriver?: Readonly<Record<string, unknown>>;
  readonly opencensus?: ServiceProvider;
  readonly skywalking?: ServiceProvider & { readonly accessToken?: string };
  readonly opentelemetry?: ServiceProvider & {
    readonly http?: Readonly<Record<string, unknown>>;
    readonly grpc?: Readonly<Record<string, unknown>>;
    readonly resourceDetectors?: Readonly<Record<string, unknown>>;
    readonly dynatraceSampler?: Readonly<Record<string, unknown>>;
    readonly serviceAttributeEnrichment?: string;
  };
  readonly prometheus?: Readonly<Record<string, unknown>>;
  readonly envoyFileAccessLog?: {
    readonly path?: string;
    readonly logFormat?: AccessLogFormat;
    readonly omitEmptyValues?: boolean;
  };
  readonly envoyHttpAls?: EnvoyAccessLogService;
  readonly envoyTcpAls?: EnvoyAccessLogService;
  readonly envoyOtelAls?: ServiceProvider & { readonly logName?: string; readonly logFormat?: AccessLogFormat };
  readonly sds?: { readonly name?: string; readonly service?: string; readonly port?: number };
}

/** A provider that is a service of the mesh. */
export interface ServiceProvider {
  /** `[namespace/]hostname`. */
  readonly service?: string;
  readonly port?: number;
  readonly maxTagLength?: number;
}

/** The form of access log lines: text, or labels of a structured line. */
export interface AccessLogFormat {
  readonly text?: string;
  readonly labels?: Readonly<Record<string, unknown>>;
}

/** A service that takes access log entries by Envoy's gRPC protocol. */
export interface EnvoyAccessLogService extends ServiceProvider {
  readonly logName?: string;
  readonly filterStateObjectsToLog?: readonly string[];
  readonly additionalRequestHeadersToLog?: readonly string[];
  readonly additionalResponseHeadersToLog?: readonly string[];
  readonly additionalResponseTrailersToLog?: readonly string[];
}

/** An authorization service that is asked over HTTP. */
export interface EnvoyExtAuthzHttp extends ServiceProvider {
  readonly timeout?: DurationText;
  readonly pathPrefix?: string;
  readonly failOpen?: boolean;
  readonly clearRouteCache?: boolean;
  readonly statusOnError?: string;
  readonly includeHeadersInCheck?: readonly string[];
  readonly includeRequestHeadersInCheck?: readonly string[];
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>;
  readonly includeRequestBodyInCheck?: RequestBodyInCheck;
  readonly headersToUpstreamOnAllow?: readonly string[];
  readonly headersToDownstreamOnAllow?: readonly string[];
  readonly headersToDownstreamOnDeny?: readonly string[];
}

/** An authorization service that is asked over gRPC. */
export interface EnvoyExtAuthzGrpc extends ServiceProvider {
  readonly timeout?: DurationText;
  readonly failOpen?: boolean;
  readonly clearRouteCache?: boolean;
  readonly statusOnError?: string;
  readonly includeRequestBodyInCheck?: RequestBodyInCheck;
}

/** How much of a request body an authorization service is given. */
export interface RequestBodyInCheck {
  readonly maxRequestBytes?: number;
  readonly allowPartialMessage?: boolean;
  readonly packAsBytes?: boolean;
}

/** Settings of the services of some hosts. */
export interface ServiceSettings {
  readonly settings?: { readonly clusterLocal?: boolean };
  readonly hosts?: readonly string[];
}

/** How widely ServiceEntries may be seen, by the labels of their namespaces. */
export interface ServiceEntryVisibility {
  readonly defaultVisibility?: string;
  readonly applyToSidecars?: boolean;
  readonly policies?: readonly {
    readonly visibility?: string;
    readonly matchingRules?: readonly { readonly namespaceSelector?: Selector }[];
  }[];
}

type Selector = Loose<{
  matchLabels: Record<string, string>;
  matchExpressions: { key: string; operator: string; values: string[] }[];
}>;

type Retries = NonNullable<NonNullable<VirtualServiceSpec['http']>[number]['retries']>;

/** The settings of a whole mesh. Fields that Istio gives a default are always there; the rest are as written. */
export interface MeshConfig {
  readonly proxyListenPort: number;
  readonly proxyInboundListenPort: number;
  readonly proxyHttpPort: number;
  readonly connectTimeout: DurationText;
  readonly protocolDetectionTimeout: DurationText;
  readonly tcpKeepalive?: { readonly probes?: number; readonly time?: DurationText; readonly interval?: DurationText };
  readonly ingressClass: string;
  readonly ingressService: string;
  readonly ingressControllerMode: 'OFF' | 'DEFAULT' | 'STRICT';
  readonly ingressSelector: string;
  readonly enableTracing: boolean;
  readonly accessLogFile: string;
  readonly accessLogFormat: string;
  readonly accessLogEncoding: 'TEXT' | 'JSON';
  readonly enableEnvoyAccessLogService: boolean;
  readonly disableEnvoyListenerLog: boolean;
  readonly defaultConfig: ProxyConfigSettings;
  readonly outboundTrafficPolicy: {
    readonly mode: 'ALLOW_ANY' | 'REGISTRY_ONLY' | 'ALLOW_ANY_DYNAMIC_DNS';
    readonly tls?: TrafficPolicy['tls'];
  };
  readonly inboundTrafficPolicy: { readonly mode: 'PASSTHROUGH' | 'LOCALHOST' };
  readonly enableAutoMtls: boolean;
  readonly trustDomain: string;
  readonly trustDomainAliases: readonly string[];
  /** DNS suffix of Kubernetes services where it is not `cluster.local`. */
  readonly clusterDomain?: string;
  readonly caCertificates: readonly Readonly<Record<string, unknown>>[];
  readonly defaultServiceExportTo: readonly string[];
  readonly defaultVirtualServiceExportTo: readonly string[];
  readonly defaultDestinationRuleExportTo: readonly string[];
  readonly rootNamespace: string;
  readonly localityLbSetting: NonNullable<NonNullable<TrafficPolicy['loadBalancer']>['localityLbSetting']>;
  /** Takes precedence over `localityLbSetting`. */
  readonly zoneAwareLbSetting?: {
    readonly enabled?: boolean;
    readonly failover?: readonly { readonly from?: string; readonly to?: string }[];
    readonly failoverPriority?: readonly string[];
    readonly minClusterSize?: number;
  };
  /** What holds for outbound clusters where no DestinationRule says otherwise, block by block. */
  readonly defaultTrafficPolicy?: {
    readonly connectionPool?: TrafficPolicy['connectionPool'];
    readonly outlierDetection?: TrafficPolicy['outlierDetection'];
  };
  readonly serviceEntryVisibility?: ServiceEntryVisibility;
  readonly dnsRefreshRate: DurationText;
  readonly h2UpgradePolicy: 'DO_NOT_UPGRADE' | 'UPGRADE';
  readonly inboundClusterStatName: string;
  readonly outboundClusterStatName: string;
  readonly enablePrometheusMerge: boolean;
  readonly verifyCertificateAtClient: boolean;
  readonly extensionProviders: readonly ExtensionProvider[];
  readonly defaultProviders: {
    readonly tracing?: readonly string[];
    readonly metrics?: readonly string[];
    readonly accessLogging?: readonly string[];
  };
  readonly discoverySelectors: readonly Selector[];
  readonly pathNormalization: { readonly normalization: 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES' };
  readonly defaultHttpRetryPolicy: Retries | null;
  /** Null for Istio's own: twice, when a request was reset before it began. */
  readonly defaultInboundHttpRetryPolicy: Retries | null;
  readonly meshMTLS: {
    readonly minProtocolVersion?: string;
    readonly ecdhCurves?: readonly string[];
    readonly cipherSuites?: readonly string[];
  };
  readonly tlsDefaults: {
    readonly minProtocolVersion?: string;
    readonly ecdhCurves?: readonly string[];
    readonly cipherSuites?: readonly string[];
  };
  readonly serviceSettings: readonly ServiceSettings[];
  readonly serviceScopeConfigs: readonly Readonly<Record<string, unknown>>[];
  readonly configSources: readonly Readonly<Record<string, unknown>>[];
  readonly certificates: readonly Readonly<Record<string, unknown>>[];
  readonly ca?: Readonly<Record<string, unknown>>;
}

/** How the networks of a mesh reach each other, by network name. */
export interface MeshNetworks {
  readonly networks: Readonly<Record<string, MeshNetwork>>;
}

/** The endpoints of a network and the gateways that lead into it. */
export interface MeshNetwork {
  readonly endpoints?: readonly { readonly fromCidr?: string; readonly fromRegistry?: string }[];
  readonly gateways?: readonly {
    readonly address?: string;
    readonly registryServiceName?: string;
    readonly port?: number;
    readonly locality?: string;
  }[];
}

/** Istio's mesh configuration when nothing is configured. */
export const defaultMeshConfig: MeshConfig = {
  proxyListenPort: 15001,
  proxyInboundListenPort: 15006,
  proxyHttpPort: 0,
  connectTimeout: '10s',
  protocolDetectionTimeout: '0s',
  ingressClass: 'istio',
  ingressService: 'istio-ingressgateway',
  ingressControllerMode: 'STRICT',
  ingressSelector: '',
  enableTracing: true,
  accessLogFile: '',
  accessLogFormat: '',
  accessLogEncoding: 'TEXT',
  enableEnvoyAccessLogService: false,
  disableEnvoyListenerLog: false,
  defaultConfig: {
    binaryPath: '/usr/local/bin/envoy',
    configPath: './etc/istio/proxy',
    serviceCluster: 'istio-proxy',
    drainDuration: '45s',
    terminationDrainDuration: '5s',
    discoveryAddress: 'istiod.istio-system.svc:15012',
    proxyAdminPort: 15000,
    statusPort: 15020,
    controlPlaneAuthPolicy: 'MUTUAL_TLS',
    statNameLength: 189,
  },
  outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
  inboundTrafficPolicy: { mode: 'PASSTHROUGH' },
  enableAutoMtls: true,
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  caCertificates: [],
  defaultServiceExportTo: ['*'],
  defaultVirtualServiceExportTo: ['*'],
  defaultDestinationRuleExportTo: ['*'],
  rootNamespace: 'istio-system',
  localityLbSetting: { enabled: true },
  dnsRefreshRate: '60s',
  h2UpgradePolicy: 'DO_NOT_UPGRADE',
  inboundClusterStatName: '',
  outboundClusterStatName: '',
  enablePrometheusMerge: true,
  verifyCertificateAtClient: true,
  extensionProviders: [],
  defaultProviders: {},
  discoverySelectors: [],
  pathNormalization: { normalization: 'BASE' },
  defaultHttpRetryPolicy: null,
  defaultInboundHttpRetryPolicy: null,
  meshMTLS: {},
  tlsDefaults: {},
  serviceSettings: [],
  serviceScopeConfigs: [],
  configSources: [],
  certificates: [],
};

/** Mesh networks when nothing is configured. */
export const defaultMeshNetworks: MeshNetworks = { networks: {} };
