import type { DurationText } from './duration-text.ts';
import type { ExtensionProvider } from './extension-provider.ts';
import type { DestinationRuleSpec, VirtualServiceSpec } from './kinds.ts';
import type { Loose } from './loose.ts';
import type { ProxyConfigSettings } from './proxy-config.ts';

type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;

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
