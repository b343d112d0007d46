import type { SchemaNode } from './schema-node.ts';

const text: SchemaNode = { type: 'string' };
const flag: SchemaNode = { type: 'boolean' };
const whole: SchemaNode = { type: 'integer' };
const number: SchemaNode = { type: 'number' };
const anything: SchemaNode = {};
const texts: SchemaNode = { type: 'array', items: text };
const textMap: SchemaNode = { type: 'object', additionalProperties: text };
const open: SchemaNode = { type: 'object' };

const message = (properties: Readonly<Record<string, SchemaNode>>): SchemaNode => ({ type: 'object', properties });
const list = (items: SchemaNode): SchemaNode => ({ type: 'array', items });
const choice = (...values: string[]): SchemaNode => ({ type: 'string', enum: values });

const labelSelector = message({ matchLabels: textMap, matchExpressions: list(message({ key: text, operator: text, values: texts })) });
const tlsSettings = message({ minProtocolVersion: choice('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'), ecdhCurves: texts, cipherSuites: texts });
const remoteService = message({ address: text, tlsSettings: open, tcpKeepalive: open });
const logFormat = message({ text, labels: open });
const service = { service: text, port: whole, maxTagLength: whole };
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
  openCensusAgent: open,
  customTags: { type: 'object', additionalProperties: open },
  maxPathTagLength: whole,
  sampling: number,
  tlsSettings: open,
  enableIstioTags: flag,
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
  sds: open,
  envoyAccessLogService: remoteService,
  envoyMetricsService: remoteService,
  proxyMetadata: textMap,
  runtimeValues: textMap,
  statusPort: whole,
  extraStatTags: texts,
  gatewayTopology: message({ numTrustedProxies: whole, forwardClientCertDetails: text, proxyProtocol: open }),
  proxyStatsMatcher: message({ inclusionPrefixes: texts, inclusionSuffixes: texts, inclusionRegexps: texts }),
  readinessProbe: open,
  holdApplicationUntilProxyStarts: flag,
  caCertificatesPem: texts,
  image: message({ imageType: text }),
  privateKeyProvider: open,
  proxyHeaders: open,
  fileFlushInterval: text,
  fileFlushMinSizeKb: whole,
  statsCompression: flag,
  statsEviction: anything,
  statsEvictionInterval: text,
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
  zipkin: message({ ...service, enable64bitTraceId: flag, path: text, traceContextOption: text, timeout: text, headers: anything }),
  lightstep: message({ ...service, accessToken: text }),
  datadog: message(service),
  stackdriver: open,
  opencensus: open,
  skywalking: message({ ...service, accessToken: text }),
  opentelemetry: message({
    ...service,
    http: open,
    grpc: open,
    resourceDetectors: open,
    dynatraceSampler: open,
    serviceAttributeEnrichment: text,
  }),
  prometheus: open,
  envoyFileAccessLog: message({ path: text, logFormat, omitEmptyValues: flag }),
  envoyHttpAls: accessLogService,
  envoyTcpAls: accessLogService,
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
  tcpKeepalive: message({ probes: whole, time: text, interval: text }),
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
  outboundTrafficPolicy: message({ mode: choice('REGISTRY_ONLY', 'ALLOW_ANY', 'ALLOW_ANY_DYNAMIC_DNS') }),
  inboundTrafficPolicy: message({ mode: choice('PASSTHROUGH', 'LOCALHOST') }),
  configSources: list(open),
  enableAutoMtls: flag,
  trustDomain: text,
  trustDomainAliases: texts,
  caCertificates: list(open),
  defaultServiceExportTo: texts,
  defaultVirtualServiceExportTo: texts,
  defaultDestinationRuleExportTo: texts,
  rootNamespace: text,
  localityLbSetting: message({
    distribute: list(message({ from: text, to: { type: 'object', additionalProperties: whole } })),
    failover: list(message({ from: text, to: text })),
    failoverPriority: texts,
    enabled: flag,
  }),
  dnsRefreshRate: text,
  h2UpgradePolicy: choice('DO_NOT_UPGRADE', 'UPGRADE'),
  inboundClusterStatName: text,
  outboundClusterStatName: text,
  certificates: list(open),
  thriftConfig: open,
  serviceSettings: list(message({ settings: message({ clusterLocal: flag }), hosts: texts })),
  enablePrometheusMerge: flag,
  verifyCertificateAtClient: flag,
  ca: open,
  extensionProviders: list(extensionProvider),
  defaultProviders: message({ tracing: texts, metrics: texts, accessLogging: texts }),
  discoverySelectors: list(labelSelector),
  pathNormalization: message({ normalization: choice('DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES') }),
  defaultHttpRetryPolicy: message({
    attempts: whole,
    perTryTimeout: text,
    retryOn: text,
    retryRemoteLocalities: flag,
    retryIgnorePreviousHosts: flag,
    backoff: text,
  }),
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
