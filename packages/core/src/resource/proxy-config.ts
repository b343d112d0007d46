import type { DurationText } from './duration-text.ts';
import type { DestinationRuleSpec } from './kinds.ts';

type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;

/** `proxyConfig` of a mesh, of the annotation `proxy.istio.io/config`, and of ProxyConfig resources, merged in that order. */
export interface ProxyConfigSettings {
  readonly binaryPath?: string;
  readonly configPath?: string;
  readonly serviceCluster?: string;
  readonly tracingServiceName?: string;
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
