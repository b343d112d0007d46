/** How much a message matters: an error does not work, a warning probably not as meant, information is advice. */
export type MessageLevel = 'Error' | 'Warning' | 'Info';

interface MessageTypeInfo {
  readonly code: string;
  readonly level: MessageLevel;
  /** The code of the check in Kiali that asks the same question; only where Istio has none. */
  readonly kiali?: string;
  /** The page about it, for codes that neither Istio nor Kiali has. */
  readonly page?: string;
}

const istioDocs = 'https://istio.io/latest/docs';

const types = {
  Deprecated: { code: 'IST0002', level: 'Warning' },
  ReferencedResourceNotFound: { code: 'IST0101', level: 'Error' },
  NamespaceNotInjected: { code: 'IST0102', level: 'Info' },
  PodMissingProxy: { code: 'IST0103', level: 'Warning' },
  SchemaValidationError: { code: 'IST0106', level: 'Error' },
  MisplacedAnnotation: { code: 'IST0107', level: 'Warning' },
  UnknownAnnotation: { code: 'IST0108', level: 'Warning' },
  ConflictingMeshGatewayVirtualServiceHosts: { code: 'IST0109', level: 'Error' },
  ConflictingSidecarWorkloadSelectors: { code: 'IST0110', level: 'Error' },
  MultipleSidecarsWithoutWorkloadSelectors: { code: 'IST0111', level: 'Error' },
  VirtualServiceDestinationPortSelectorRequired: { code: 'IST0112', level: 'Error' },
  DeploymentAssociatedToMultipleServices: { code: 'IST0116', level: 'Warning' },
  PortNameIsNotUnderNamingConvention: { code: 'IST0118', level: 'Info' },
  NamespaceMultipleInjectionLabels: { code: 'IST0123', level: 'Warning' },
  InvalidAnnotation: { code: 'IST0125', level: 'Warning' },
  UnknownMeshNetworksServiceRegistry: { code: 'IST0126', level: 'Error' },
  NoMatchingWorkloadsFound: { code: 'IST0127', level: 'Warning' },
  NoServerCertificateVerificationDestinationLevel: { code: 'IST0128', level: 'Warning' },
  NoServerCertificateVerificationPortLevel: { code: 'IST0129', level: 'Warning' },
  VirtualServiceUnreachableRule: { code: 'IST0130', level: 'Warning' },
  VirtualServiceIneffectiveMatch: { code: 'IST0131', level: 'Info' },
  VirtualServiceHostNotFoundInGateway: { code: 'IST0132', level: 'Warning' },
  SchemaWarning: { code: 'IST0133', level: 'Warning' },
  ServiceEntryAddressesRequired: { code: 'IST0134', level: 'Warning' },
  DeprecatedAnnotation: { code: 'IST0135', level: 'Info' },
  AlphaAnnotation: { code: 'IST0136', level: 'Info' },
  DeploymentConflictingPorts: { code: 'IST0137', level: 'Warning' },
  GatewayDuplicateCertificate: { code: 'IST0138', level: 'Warning' },
  InvalidWebhook: { code: 'IST0139', level: 'Error' },
  IngressRouteRulesNotAffected: { code: 'IST0140', level: 'Warning' },
  InvalidApplicationUID: { code: 'IST0144', level: 'Warning' },
  ConflictingGateways: { code: 'IST0145', level: 'Error' },
  ImageAutoWithoutInjectionWarning: { code: 'IST0146', level: 'Warning' },
  ImageAutoWithoutInjectionError: { code: 'IST0147', level: 'Error' },
  NamespaceInjectionEnabledByDefault: { code: 'IST0148', level: 'Info' },
  JwtClaimBasedRoutingWithoutRequestAuthN: { code: 'IST0149', level: 'Error' },
  ExternalNameServiceTypeInvalidPortName: { code: 'IST0150', level: 'Warning' },
  EnvoyFilterUsesRelativeOperation: { code: 'IST0151', level: 'Warning' },
  EnvoyFilterUsesReplaceOperationIncorrectly: { code: 'IST0152', level: 'Error' },
  EnvoyFilterUsesAddOperationIncorrectly: { code: 'IST0153', level: 'Error' },
  EnvoyFilterUsesRemoveOperationIncorrectly: { code: 'IST0154', level: 'Error' },
  EnvoyFilterUsesRelativeOperationWithProxyVersion: { code: 'IST0155', level: 'Warning' },
  InvalidTelemetryProvider: { code: 'IST0157', level: 'Warning' },
  PodsIstioProxyImageMismatchInNamespace: { code: 'IST0158', level: 'Warning' },
  ConflictingTelemetryWorkloadSelectors: { code: 'IST0159', level: 'Error' },
  MultipleTelemetriesWithoutWorkloadSelectors: { code: 'IST0160', level: 'Error' },
  InvalidGatewayCredential: { code: 'IST0161', level: 'Error' },
  GatewayPortNotDefinedOnService: { code: 'IST0162', level: 'Warning' },
  InvalidExternalControlPlaneConfig: { code: 'IST0163', level: 'Warning' },
  ExternalControlPlaneAddressIsNotAHostname: { code: 'IST0164', level: 'Info' },
  ReferencedInternalGateway: { code: 'IST0165', level: 'Warning' },
  IneffectiveSelector: { code: 'IST0166', level: 'Warning' },
  IneffectivePolicy: { code: 'IST0167', level: 'Warning' },
  MultiClusterInconsistentService: { code: 'IST0170', level: 'Warning' },
  NegativeConditionStatus: { code: 'IST0171', level: 'Warning' },
  DestinationRuleSubsetNotSelectPods: { code: 'IST0173', level: 'Error' },
  UnknownDestinationRuleHost: { code: 'IST0174', level: 'Warning' },
  JwksUriFetchUnrestricted: { code: 'IST0175', level: 'Warning' },
  GatewayAPICRDVersionBelowMinimum: { code: 'IST0176', level: 'Warning' },
  ConflictingServiceEntryProtocol: { code: 'IST0177', level: 'Warning' },
  EnvoyFilterMayClearRouteCache: { code: 'IST0178', level: 'Warning' },
  UnsupportedDestinationRuleWorkloadSelector: { code: 'IST0179', level: 'Warning' },

  MultiplePeerAuthenticationsWithoutSelector: { code: 'WFT0002', level: 'Warning', kiali: 'KIA0002' },
  MultiplePeerAuthenticationsForWorkload: { code: 'WFT0003', level: 'Warning', kiali: 'KIA0003' },
  SelectorMatchesNoWorkload: { code: 'WFT0004', level: 'Warning', kiali: 'KIA0004' },
  ExportToUnknownNamespace: { code: 'WFT0005', level: 'Info', kiali: 'KIA0005' },
  MethodNeverMatches: { code: 'WFT0102', level: 'Warning', kiali: 'KIA0102' },
  PolicyHostNotFound: { code: 'WFT0104', level: 'Warning', kiali: 'KIA0104' },
  SourceIdentityWithoutMutualTls: { code: 'WFT0105', level: 'Warning', kiali: 'KIA0105' },
  PrincipalWithoutServiceAccount: { code: 'WFT0106', level: 'Warning', kiali: 'KIA0106' },
  CompetingDestinationRules: { code: 'WFT0201', level: 'Warning', kiali: 'KIA0201' },
  PlaintextToStrictMutualTls: { code: 'WFT0207', level: 'Error', kiali: 'KIA0207' },
  MutualTlsToPlaintextServer: { code: 'WFT0208', level: 'Error', kiali: 'KIA0208' },
  StrictMutualTlsWithoutDestinationRule: { code: 'WFT0401', level: 'Error', kiali: 'KIA0401' },
  TargetPortNotFound: { code: 'WFT0701', level: 'Warning', kiali: 'KIA0701' },
  SidecarEgressHostNotFound: { code: 'WFT1004', level: 'Warning', kiali: 'KIA1004' },
  SingleDestinationWeight: { code: 'WFT1104', level: 'Info', kiali: 'KIA1104' },
  RepeatedDestination: { code: 'WFT1105', level: 'Info', kiali: 'KIA1105' },
  WorkloadWithoutAuthorizationPolicy: { code: 'WFT1301', level: 'Info', kiali: 'KIA1301' },
  RouteParentNotFound: { code: 'WFT1401', level: 'Error', kiali: 'KIA1401' },
  RouteBackendNotFound: { code: 'WFT1402', level: 'Error', kiali: 'KIA1402' },
  ReferenceNotPermitted: { code: 'WFT1403', level: 'Error', kiali: 'KIA1402' },
  GrantToUnknownNamespace: { code: 'WFT1601', level: 'Info', kiali: 'KIA1601' },
  ServiceAccountNotFound: { code: 'WFT1701', level: 'Warning', kiali: 'KIA1701' },
  FaultOnDefaultRoute: { code: 'WFT2001', level: 'Warning', page: `${istioDocs}/tasks/traffic-management/fault-injection/` },
  PatchNotApplied: { code: 'WFT2002', level: 'Warning', page: `${istioDocs}/reference/config/networking/envoy-filter/` },
  WasmNotRun: { code: 'WFT2003', level: 'Warning', page: `${istioDocs}/reference/config/proxy_extensions/wasm-plugin/` },
  IngressNotServed: { code: 'WFT2004', level: 'Warning', page: `${istioDocs}/tasks/traffic-management/ingress/kubernetes-ingress/` },
  MeshSettingWithoutEffect: { code: 'WFT2005', level: 'Warning', page: `${istioDocs}/reference/config/istio.mesh.v1alpha1/` },
  UnreadableDocument: { code: 'WFT9001', level: 'Error' },
  UnreadableMeshSettings: { code: 'WFT9002', level: 'Error', page: `${istioDocs}/reference/config/istio.mesh.v1alpha1/` },
} as const satisfies Readonly<Record<string, MessageTypeInfo>>;

/** The name of a kind of message, Istio's where it has one. */
export type MessageType = keyof typeof types;

/** Code and level of every kind of message. Codes are Istio's; those that start with `WFT` are for what Istio does not check. */
export const messageTypes: Readonly<Record<MessageType, MessageTypeInfo>> = types;

/** The page that explains a kind of message: Istio's for its codes, Kiali's for the checks that Kiali has too, else Istio's about the feature. */
export function documentationUrl(type: MessageType): string {
  const { code, kiali, page } = messageTypes[type];
  if (code.startsWith('IST')) return `${istioDocs}/reference/config/analysis/${code.toLowerCase()}/`;
  if (kiali) return `https://kiali.io/docs/features/validations/#:~:text=${kiali}`;
  return page ?? `${istioDocs}/reference/config/`;
}
