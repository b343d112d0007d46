import { kindSchemas } from './kind-schemas.ts';
import type { SchemaNode } from './schema-node.ts';

const text: SchemaNode = { type: 'string' };
const flag: SchemaNode = { type: 'boolean' };
const whole: SchemaNode = { type: 'integer' };
const number: SchemaNode = { type: 'number' };
const texts: SchemaNode = { type: 'array', items: text };
const textMap: SchemaNode = { type: 'object', additionalProperties: text };
const open: SchemaNode = { type: 'object' };

const message = (properties: Readonly<Record<string, SchemaNode>>): SchemaNode => ({ type: 'object', properties });
const list = (items: SchemaNode): SchemaNode => ({ type: 'array', items });
const choice = (...values: string[]): SchemaNode => ({ type: 'string', enum: values });

/** A block of a DestinationRule's traffic policy, which is written the same in a mesh configuration. */
function policyBlock(name: 'connectionPool' | 'outlierDetection'): SchemaNode {
  return kindSchemas.DestinationRule?.properties?.trafficPolicy?.properties?.[name] ?? open;
}

const visibility = choice('VISIBILITY_UNSPECIFIED', 'NONE', 'NAMESPACE', 'PUBLIC');
const labelSelector = message({ matchLabels: textMap, matchExpressions: list(message({ key: text, operator: text, values: texts })) });
const tlsSettings = message({ minProtocolVersion: choice('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'), ecdhCurves: texts, cipherSuites: texts });
const clientTls = message({
  mode: choice('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  clientCertificate: text,
  privateKey: text,
  caCertificates: text,
  credentialName: text,
  caCertCredentialName: text,
  subjectAltNames: texts,
  sni: text,
  insecureSkipVerify: flag,
  caCrl: text,
});
const keepalive = message({ probes: whole, time: text, interval: text });
const disabled = message({ disabled: flag });
const enabled = message({ enabled: flag });
const httpHeaders = list(message({ name: text, value: text, envName: text }));
const httpService = message({ path: text, timeout: text, headers: httpHeaders });
const failover = list(message({ from: text, to: text }));
const retries = message({
  attempts: whole,
  perTryTimeout: text,
  retryOn: text,
  retryRemoteLocalities: flag,
  retryIgnorePreviousHosts: flag,
  backoff: text,
});
const remoteService = message({ address: text, tlsSettings: clientTls, tcpKeepalive: keepalive });
const logFormat = message({ text, labels: open });
const service = { service: text, port: whole };
const tracingService = { ...service, maxTagLength: whole };
const accessLogService = message({
  ...service,
  logName: text,
  filterStateObjectsToLog: texts,
  additionalRequestHeadersToLog: texts,
  additionalResponseHeadersToLog: texts,
  additionalResponseTrailersToLog: texts,
});
const requestBody = message({ maxRequestBytes: whole, allowPartialMessage: flag, packAsBytes: flag });

const tracing = message({
  zipkin: message({ address: text }),
  lightstep: message({ address: text, accessToken: text }),
  datadog: message({ address: text }),
  stackdriver: open,
  openCensusAgent: message({ address: text, context: texts }),
  customTags: {
    type: 'object',
    additionalProperties: message({
      literal: message({ value: text }),
      environment: message({ name: text, defaultValue: text }),
      header: message({ name: text, defaultValue: text }),
    }),
  },
  maxPathTagLength: whole,
  sampling: number,
  tlsSettings: clientTls,
  enableIstioTags: flag,
});

const proxyHeaders = message({
  forwardedClientCert: text,
  setCurrentClientCertDetails: message({ subject: flag, cert: flag, chain: flag, dns: flag, uri: flag }),
  requestId: disabled,
  server: message({ disabled: flag, value: text }),
  attemptCount: disabled,
  envoyDebugHeaders: disabled,
  metadataExchangeHeaders: message({ mode: text }),
  preserveHttp1HeaderCase: flag,
  xForwardedHost: enabled,
  xForwardedPort: enabled,
});

const connectionSettings = message({
  profile: choice('SIDECAR', 'EDGE'),
  listenerPerConnectionBufferLimitBytes: whole,
  clusterPerConnectionBufferLimitBytes: whole,
  httpIdleTimeout: text,
  httpMaxConnectionDuration: text,
  httpDrainTimeout: text,
  httpRequestTimeout: text,
  httpRequestHeadersTimeout: text,
  httpStreamIdleTimeout: text,
  httpMaxStreamDuration: text,
  httpMaxConcurrentStreams: whole,
  http2InitialStreamWindowSize: whole,
  http2InitialConnectionWindowSize: whole,
  httpHeadersWithUnderscoresAction: text,
  httpMergeSlashes: flag,
  httpPathWithEscapedSlashesAction: text,
  listenerConnectionLimit: whole,
  globalDownstreamConnectionLimit: whole,
});

/** Schema of `defaultConfig` in a mesh configuration and of the annotation `proxy.istio.io/config`. */
export const proxyConfigSchema: SchemaNode = message({
  configPath: text,
  binaryPath: text,
  serviceCluster: text,
  tracingServiceName: text,
  drainDuration: text,
  parentShutdownDuration: text,
  terminationDrainDuration: text,
  discoveryAddress: text,
  discoveryRefreshDelay: text,
  zipkinAddress: text,
  statsdUdpAddress: text,
  envoyMetricsServiceAddress: text,
  proxyAdminPort: whole,
  availabilityZone: text,
  controlPlaneAuthPolicy: choice('NONE', 'MUTUAL_TLS'),
  customConfigFile: text,
  statNameLength: whole,
  concurrency: whole,
  proxyBootstrapTemplatePath: text,
  interceptionMode: choice('REDIRECT', 'TPROXY', 'NONE'),
  tracing,
  sds: message({ enabled: flag, k8sSaJwtPath: text }),
  envoyAccessLogService: remoteService,
  envoyMetricsService: remoteService,
  proxyMetadata: textMap,
  runtimeValues: textMap,
  statusPort: whole,
  extraStatTags: texts,
  gatewayTopology: message({
    numTrustedProxies: whole,
    forwardClientCertDetails: choice('UNDEFINED', 'SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'),
    proxyProtocol: open,
  }),
  proxyStatsMatcher: message({ inclusionPrefixes: texts, inclusionSuffixes: texts, inclusionRegexps: texts }),
  readinessProbe: open,
  holdApplicationUntilProxyStarts: flag,
  caCertificatesPem: texts,
  image: message({ imageType: text }),
  privateKeyProvider: open,
  proxyHeaders,
  connectionSettings,
  fileFlushInterval: text,
  fileFlushMinSizeKb: whole,
  statsCompression: flag,
  meshId: text,
});

const extensionProvider = message({
  name: text,
  envoyExtAuthzHttp: message({
    ...service,
    timeout: text,
    pathPrefix: text,
    failOpen: flag,
    clearRouteCache: flag,
    statusOnError: text,
    includeHeadersInCheck: texts,
    includeRequestHeadersInCheck: texts,
    includeAdditionalHeadersInCheck: textMap,
    includeRequestBodyInCheck: requestBody,
    headersToUpstreamOnAllow: texts,
    headersToDownstreamOnAllow: texts,
    headersToDownstreamOnDeny: texts,
  }),
  envoyExtAuthzGrpc: message({
    ...service,
    timeout: text,
    failOpen: flag,
    clearRouteCache: flag,
    statusOnError: text,
    includeRequestBodyInCheck: requestBody,
  }),
  zipkin: message({
    ...tracingService,
    enable64bitTraceId: flag,
    path: text,
    traceContextOption: text,
    timeout: text,
    headers: httpHeaders,
  }),
  lightstep: message({ ...tracingService, accessToken: text }),
  datadog: message(tracingService),
  stackdriver: open,
  opencensus: open,
  skywalking: message({ ...service, accessToken: text }),
  opentelemetry: message({
    ...tracingService,
    http: httpService,
    grpc: message({ timeout: text, initialMetadata: httpHeaders }),
    resourceDetectors: message({ environment: open, dynatrace: open }),
    dynatraceSampler: message({
      tenant: text,
      clusterId: whole,
      rootSpansPerMinute: whole,
      httpService: message({ ...service, http: httpService }),
    }),
    serviceAttributeEnrichment: text,
  }),
  prometheus: open,
  envoyFileAccessLog: message({ path: text, logFormat, omitEmptyValues: flag }),
  envoyHttpAls: accessLogService,
  envoyTcpAls: message({ ...service, logName: text, filterStateObjectsToLog: texts }),
  envoyOtelAls: message({ ...service, logName: text, logFormat }),
  sds: message({ name: text, service: text, port: whole }),
});

/** Schema of a mesh configuration: the ConfigMap's `mesh`, `--mesh-config`, an IstioOperator's `meshConfig`. */
export const meshConfigSchema: SchemaNode = message({
  proxyListenPort: whole,
  proxyInboundListenPort: whole,
  proxyHttpPort: whole,
  connectTimeout: text,
  protocolDetectionTimeout: text,
  hboneIdleTimeout: text,
  tcpKeepalive: keepalive,
  ingressClass: text,
  ingressService: text,
  ingressControllerMode: choice('UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT'),
  ingressSelector: text,
  enableTracing: flag,
  accessLogFile: text,
  accessLogFormat: text,
  accessLogEncoding: choice('TEXT', 'JSON'),
  enableEnvoyAccessLogService: flag,
  disableEnvoyListenerLog: flag,
  defaultConfig: proxyConfigSchema,
  outboundTrafficPolicy: message({ mode: choice('REGISTRY_ONLY', 'ALLOW_ANY', 'ALLOW_ANY_DYNAMIC_DNS'), tls: clientTls }),
  inboundTrafficPolicy: message({ mode: choice('PASSTHROUGH', 'LOCALHOST') }),
  configSources: list(message({ address: text, tlsSettings: open, subscribedResources: texts })),
  enableAutoMtls: flag,
  trustDomain: text,
  trustDomainAliases: texts,
  caCertificates: list(message({ pem: text, spiffeBundleUrl: text, certSigners: texts, trustDomains: texts })),
  defaultServiceExportTo: texts,
  defaultVirtualServiceExportTo: texts,
  defaultDestinationRuleExportTo: texts,
  rootNamespace: text,
  localityLbSetting: message({
    distribute: list(message({ from: text, to: { type: 'object', additionalProperties: whole } })),
    failover,
    failoverPriority: texts,
    enabled: flag,
  }),
  zoneAwareLbSetting: message({ enabled: flag, failover, failoverPriority: texts, minClusterSize: whole }),
  defaultTrafficPolicy: message({ connectionPool: policyBlock('connectionPool'), outlierDetection: policyBlock('outlierDetection') }),
  serviceEntryVisibility: message({
    defaultVisibility: visibility,
    applyToSidecars: flag,
    policies: list(message({ visibility, matchingRules: list(message({ namespaceSelector: labelSelector })) })),
  }),
  dnsRefreshRate: text,
  h2UpgradePolicy: choice('DO_NOT_UPGRADE', 'UPGRADE'),
  inboundClusterStatName: text,
  outboundClusterStatName: text,
  certificates: list(message({ secretName: text, dnsNames: texts })),
  serviceSettings: list(message({ settings: message({ clusterLocal: flag }), hosts: texts })),
  enablePrometheusMerge: flag,
  verifyCertificateAtClient: flag,
  ca: message({ address: text, tlsSettings: open, requestTimeout: text, istiodSide: flag }),
  extensionProviders: list(extensionProvider),
  defaultProviders: message({ tracing: texts, metrics: texts, accessLogging: texts }),
  discoverySelectors: list(labelSelector),
  pathNormalization: message({ normalization: choice('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES') }),
  defaultHttpRetryPolicy: retries,
  defaultInboundHttpRetryPolicy: retries,
  meshMTLS: tlsSettings,
  tlsDefaults: tlsSettings,
  serviceScopeConfigs: list(open),
});

/** Schema of mesh networks: the ConfigMap's `meshNetworks`, `--mesh-networks`. */
export const meshNetworksSchema: SchemaNode = message({
  networks: {
    type: 'object',
    additionalProperties: message({
      endpoints: list(message({ fromCidr: text, fromRegistry: text })),
      gateways: list(message({ address: text, registryServiceName: text, port: whole, locality: text })),
    }),
  },
});
