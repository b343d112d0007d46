/** Kinds that an annotation of Istio's may stand on. */
export type AnnotationTarget =
  | 'Any'
  | 'AuthorizationPolicy'
  | 'Gateway'
  | 'GatewayClass'
  | 'Ingress'
  | 'Namespace'
  | 'Pod'
  | 'Service'
  | 'ServiceEntry'
  | 'WorkloadEntry';

export interface AnnotationDefinition {
  readonly targets: readonly AnnotationTarget[];
  readonly status: 'Alpha' | 'Beta' | 'Stable';
  readonly isDeprecated: boolean;
}

const alphaOnPods = [
  'ambient.istio.io/bypass-inbound-capture',
  'ambient.istio.io/dns-capture',
  'inject.istio.io/templates',
  'istio.io/reroute-virtual-interfaces',
  'istio.io/rev',
  'prometheus.istio.io/merge-metrics',
  'proxy.istio.io/overrides',
  'readiness.status.sidecar.istio.io/applicationPorts',
  'readiness.status.sidecar.istio.io/failureThreshold',
  'readiness.status.sidecar.istio.io/initialDelaySeconds',
  'readiness.status.sidecar.istio.io/periodSeconds',
  'sidecar.istio.io/agentLogLevel',
  'sidecar.istio.io/bootstrapOverride',
  'sidecar.istio.io/componentLogLevel',
  'sidecar.istio.io/enableCoreDump',
  'sidecar.istio.io/interceptionMode',
  'sidecar.istio.io/logLevel',
  'sidecar.istio.io/nativeSidecar',
  'sidecar.istio.io/proxyCPU',
  'sidecar.istio.io/proxyCPULimit',
  'sidecar.istio.io/proxyImage',
  'sidecar.istio.io/proxyImageType',
  'sidecar.istio.io/proxyMemory',
  'sidecar.istio.io/proxyMemoryLimit',
  'sidecar.istio.io/rewriteAppHTTPProbers',
  'sidecar.istio.io/statsCompression',
  'sidecar.istio.io/statsEvictionInterval',
  'sidecar.istio.io/statsFlushInterval',
  'sidecar.istio.io/statsHistogramBuckets',
  'sidecar.istio.io/status',
  'sidecar.istio.io/userVolume',
  'sidecar.istio.io/userVolumeMount',
  'status.sidecar.istio.io/port',
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'traffic.sidecar.istio.io/excludeInterfaces',
  'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  'traffic.sidecar.istio.io/excludeOutboundPorts',
  'traffic.sidecar.istio.io/includeInboundPorts',
  'traffic.sidecar.istio.io/includeOutboundIPRanges',
  'traffic.sidecar.istio.io/includeOutboundPorts',
];

const deprecatedOnPods = [
  'sidecar.istio.io/discoveryAddress',
  'sidecar.istio.io/extraStatTags',
  'sidecar.istio.io/statsInclusionPrefixes',
  'sidecar.istio.io/statsInclusionRegexps',
  'sidecar.istio.io/statsInclusionSuffixes',
  'traffic.sidecar.istio.io/kubevirtInterfaces',
];

const workloadEntryState = [
  'istio.io/autoRegistrationGroup',
  'istio.io/connectedAt',
  'istio.io/disconnectedAt',
  'istio.io/workloadController',
];

const definitions: ReadonlyMap<string, AnnotationDefinition> = new Map([
  ...alphaOnPods.map((name) => [name, define(['Pod'])] as const),
  ...deprecatedOnPods.map((name) => [name, define(['Pod'], 'Alpha', true)] as const),
  ...workloadEntryState.map((name) => [name, define(['WorkloadEntry'])] as const),
  ['alpha.istio.io/canonical-serviceaccounts', define(['Service'], 'Alpha', true)],
  ['alpha.istio.io/kubernetes-serviceaccounts', define(['Service'], 'Alpha', true)],
  ['ambient.istio.io/redirection', define(['Pod'], 'Beta')],
  ['ambient.istio.io/waypoint-inbound-binding', define(['GatewayClass', 'Gateway'])],
  ['galley.istio.io/analyze-suppress', define(['Any'])],
  ['gateway.istio.io/controller-version', define(['Any'])],
  ['gateway.istio.io/name-override', define(['Gateway'])],
  ['gateway.istio.io/service-account', define(['Gateway'])],
  ['gateway.istio.io/tls-terminate-mode', define(['Gateway'])],
  ['istio.io/dry-run', define(['AuthorizationPolicy'])],
  ['kubernetes.io/ingress.class', define(['Ingress'], 'Stable')],
  ['networking.istio.io/address-type', define(['Gateway'])],
  ['networking.istio.io/exportTo', define(['Service'])],
  ['networking.istio.io/service-type', define(['Gateway'])],
  ['networking.istio.io/traffic-distribution', define(['Service', 'ServiceEntry', 'Namespace'])],
  ['proxy.istio.io/config', define(['Pod'], 'Beta')],
  ['sidecar.istio.io/inject', define(['Pod'], 'Beta', true)],
  ['topology.istio.io/controlPlaneClusters', define(['Namespace'])],
  ['traffic.istio.io/nodeSelector', define(['Service'], 'Stable')],
]);

/** Whether an annotation is Istio's to know: of a domain that ends in `istio.io`, or the ingress class, which Istio documents too. */
export function isIstioAnnotation(name: string): boolean {
  return name === 'kubernetes.io/ingress.class' || (name.split('/')[0] ?? '').endsWith('istio.io');
}

/** What Istio says of an annotation, or null when it knows none of that name. */
export function annotationDefinition(name: string): AnnotationDefinition | null {
  return definitions.get(name) ?? null;
}

function define(
  targets: readonly AnnotationTarget[],
  status: AnnotationDefinition['status'] = 'Alpha',
  isDeprecated = false,
): AnnotationDefinition {
  return { targets, status, isDeprecated };
}
