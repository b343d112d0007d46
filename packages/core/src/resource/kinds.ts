import type { IBackendTLSPolicy } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/BackendTLSPolicy';
import type { IGateway as IKubernetesGateway } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway';
import type { IGatewayClass } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GatewayClass';
import type { IGRPCRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/GRPCRoute';
import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute';
import type { IListenerSet } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/ListenerSet';
import type { IReferenceGrant } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/ReferenceGrant';
import type { ITLSRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/TLSRoute';
import type { ITCPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2/TCPRoute';
import type { IUDPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1alpha2/UDPRoute';
import type { IWasmPlugin } from '@kubernetes-models/istio/extensions.istio.io/v1alpha1/WasmPlugin';
import type { IDestinationRule } from '@kubernetes-models/istio/networking.istio.io/v1/DestinationRule';
import type { IGateway } from '@kubernetes-models/istio/networking.istio.io/v1/Gateway';
import type { IServiceEntry } from '@kubernetes-models/istio/networking.istio.io/v1/ServiceEntry';
import type { ISidecar } from '@kubernetes-models/istio/networking.istio.io/v1/Sidecar';
import type { IVirtualService } from '@kubernetes-models/istio/networking.istio.io/v1/VirtualService';
import type { IWorkloadEntry } from '@kubernetes-models/istio/networking.istio.io/v1/WorkloadEntry';
import type { IWorkloadGroup } from '@kubernetes-models/istio/networking.istio.io/v1/WorkloadGroup';
import type { IEnvoyFilter } from '@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter';
import type { IProxyConfig } from '@kubernetes-models/istio/networking.istio.io/v1beta1/ProxyConfig';
import type { IAuthorizationPolicy } from '@kubernetes-models/istio/security.istio.io/v1/AuthorizationPolicy';
import type { IPeerAuthentication } from '@kubernetes-models/istio/security.istio.io/v1/PeerAuthentication';
import type { IRequestAuthentication } from '@kubernetes-models/istio/security.istio.io/v1/RequestAuthentication';
import type { ITelemetry } from '@kubernetes-models/istio/telemetry.istio.io/v1/Telemetry';
import type {
  ConfigMap,
  EndpointSlice,
  Endpoints,
  Ingress,
  Namespace,
  Node,
  Pod,
  PodController,
  Secret,
  Service,
  ServiceAccount,
} from './kubernetes-types.ts';
import type { Loose } from './loose.ts';
import type { Resource } from './resource.ts';

/** The `spec` of a VirtualService. */
export type VirtualServiceSpec = Loose<IVirtualService['spec']>;
/** The `spec` of a DestinationRule. */
export type DestinationRuleSpec = Loose<IDestinationRule['spec']>;
/** The `spec` of a Gateway. */
export type GatewaySpec = Loose<IGateway['spec']>;
/** The `spec` of a ServiceEntry. */
export type ServiceEntrySpec = Loose<IServiceEntry['spec']>;
/** The `spec` of a WorkloadEntry. */
export type WorkloadEntrySpec = Loose<IWorkloadEntry['spec']>;
/** The `spec` of a WorkloadGroup. */
export type WorkloadGroupSpec = Loose<IWorkloadGroup['spec']>;
/** The `spec` of a Sidecar. */
export type SidecarSpec = Loose<ISidecar['spec']>;
/** The `spec` of a ProxyConfig. */
export type ProxyConfigSpec = Loose<IProxyConfig['spec']>;
/** The `spec` of an EnvoyFilter. */
export type EnvoyFilterSpec = Loose<IEnvoyFilter['spec']>;
/** The `spec` of a PeerAuthentication. */
export type PeerAuthenticationSpec = Loose<IPeerAuthentication['spec']>;
/** The `spec` of a RequestAuthentication. */
export type RequestAuthenticationSpec = Loose<IRequestAuthentication['spec']>;
type GeneratedAuthorization = Loose<IAuthorizationPolicy['spec']>;
type GeneratedRule = NonNullable<GeneratedAuthorization['rules']>[number];

/** Who sends a request; `trustDomains` are younger than the generated types. */
export type AuthorizationSource = NonNullable<NonNullable<GeneratedRule['from']>[number]['source']> & {
  readonly trustDomains?: readonly string[];
  readonly notTrustDomains?: readonly string[];
};
/** One rule of an AuthorizationPolicy. */
export type AuthorizationRule = Omit<GeneratedRule, 'from'> & { readonly from?: readonly { readonly source?: AuthorizationSource }[] };
/** The `spec` of an AuthorizationPolicy. */
export type AuthorizationPolicySpec = Omit<GeneratedAuthorization, 'rules'> & { readonly rules?: readonly AuthorizationRule[] };
/** The `spec` of a Telemetry. */
export type TelemetrySpec = Loose<ITelemetry['spec']>;
/** The `spec` of a WasmPlugin. */
export type WasmPluginSpec = Loose<IWasmPlugin['spec']>;
/** The `spec` of a Gateway API Gateway. */
export type KubernetesGatewaySpec = Loose<IKubernetesGateway['spec']>;
/** The `spec` of a GatewayClass. */
export type GatewayClassSpec = Loose<IGatewayClass['spec']>;
/** The `spec` of an HTTPRoute. */
export type HTTPRouteSpec = Loose<IHTTPRoute['spec']>;
/** The `spec` of a GRPCRoute. */
export type GRPCRouteSpec = Loose<IGRPCRoute['spec']>;
/** The `spec` of a TCPRoute. */
export type TCPRouteSpec = Loose<ITCPRoute['spec']>;
/** The `spec` of a TLSRoute. */
export type TLSRouteSpec = Loose<ITLSRoute['spec']>;
/** The `spec` of a UDPRoute. */
export type UDPRouteSpec = Loose<IUDPRoute['spec']>;
/** The `spec` of a ReferenceGrant. */
export type ReferenceGrantSpec = Loose<IReferenceGrant['spec']>;
/** The `spec` of a BackendTLSPolicy. */
export type BackendTLSPolicySpec = Loose<IBackendTLSPolicy['spec']>;
/** The `spec` of a ListenerSet. */
export type ListenerSetSpec = Loose<IListenerSet['spec']>;

/** A proxy extension, Wasm or Lua, for the workloads it selects. Younger than the generated types, hence written out here. */
export interface TrafficExtensionSpec {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly targetRefs?: WasmPluginSpec['targetRefs'];
  readonly match?: WasmPluginSpec['match'];
  readonly phase?: WasmPluginSpec['phase'];
  readonly priority?: IntOrNull;
  readonly wasm?: Omit<WasmPluginSpec, 'selector' | 'targetRef' | 'targetRefs' | 'match' | 'phase' | 'priority'>;
  readonly lua?: { readonly inlineCode?: string };
}

type IntOrNull = number | null;

/** An installation's settings; read for the mesh configuration in it. */
export interface IstioOperatorSpec {
  readonly profile?: string;
  readonly hub?: string;
  readonly tag?: string;
  readonly namespace?: string;
  readonly revision?: string;
  readonly meshConfig?: Readonly<Record<string, unknown>>;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly components?: Readonly<Record<string, unknown>>;
}

/** The kinds that Weft understands, by the key they are looked up with, and the type of each. */
export interface KindMap {
  readonly VirtualService: Resource<VirtualServiceSpec>;
  readonly DestinationRule: Resource<DestinationRuleSpec>;
  readonly Gateway: Resource<GatewaySpec>;
  readonly ServiceEntry: Resource<ServiceEntrySpec>;
  readonly WorkloadEntry: Resource<WorkloadEntrySpec>;
  readonly WorkloadGroup: Resource<WorkloadGroupSpec>;
  readonly Sidecar: Resource<SidecarSpec>;
  readonly ProxyConfig: Resource<ProxyConfigSpec>;
  readonly EnvoyFilter: Resource<EnvoyFilterSpec>;
  readonly PeerAuthentication: Resource<PeerAuthenticationSpec>;
  readonly RequestAuthentication: Resource<RequestAuthenticationSpec>;
  readonly AuthorizationPolicy: Resource<AuthorizationPolicySpec>;
  readonly Telemetry: Resource<TelemetrySpec>;
  readonly WasmPlugin: Resource<WasmPluginSpec>;
  readonly TrafficExtension: Resource<TrafficExtensionSpec>;
  readonly IstioOperator: Resource<IstioOperatorSpec>;
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
  readonly Endpoints: Endpoints;
  readonly Pod: Pod;
  readonly Namespace: Namespace;
  readonly Node: Node;
  readonly ServiceAccount: ServiceAccount;
  readonly Secret: Secret;
  readonly ConfigMap: ConfigMap;
  readonly Deployment: PodController;
  readonly StatefulSet: PodController;
  readonly DaemonSet: PodController;
  readonly ReplicaSet: PodController;
  readonly Ingress: Ingress;
  readonly MutatingWebhookConfiguration: Resource;
  readonly ValidatingWebhookConfiguration: Resource;
  readonly CustomResourceDefinition: Resource;
  readonly GatewayClass: Resource<GatewayClassSpec>;
  readonly KubernetesGateway: Resource<KubernetesGatewaySpec>;
  readonly HTTPRoute: Resource<HTTPRouteSpec>;
  readonly GRPCRoute: Resource<GRPCRouteSpec>;
  readonly TCPRoute: Resource<TCPRouteSpec>;
  readonly TLSRoute: Resource<TLSRouteSpec>;
  readonly UDPRoute: Resource<UDPRouteSpec>;
  readonly ReferenceGrant: Resource<ReferenceGrantSpec>;
  readonly BackendTLSPolicy: Resource<BackendTLSPolicySpec>;
  readonly ListenerSet: Resource<ListenerSetSpec>;
}

/** The key of a kind: its name, except that the Gateway API's Gateway is `KubernetesGateway`. */
export type KindKey = keyof KindMap;

/** A VirtualService as it was written. */
export type VirtualService = KindMap['VirtualService'];
/** A DestinationRule as it was written. */
export type DestinationRule = KindMap['DestinationRule'];
/** A Gateway as it was written. */
export type Gateway = KindMap['Gateway'];
/** A ServiceEntry as it was written. */
export type ServiceEntry = KindMap['ServiceEntry'];
/** A WorkloadEntry as it was written. */
export type WorkloadEntry = KindMap['WorkloadEntry'];
/** A WorkloadGroup as it was written. */
export type WorkloadGroup = KindMap['WorkloadGroup'];
/** A Sidecar as it was written. */
export type Sidecar = KindMap['Sidecar'];
/** A ProxyConfig as it was written. */
export type ProxyConfig = KindMap['ProxyConfig'];
/** An EnvoyFilter as it was written. */
export type EnvoyFilter = KindMap['EnvoyFilter'];
/** A PeerAuthentication as it was written. */
export type PeerAuthentication = KindMap['PeerAuthentication'];
/** A RequestAuthentication as it was written. */
export type RequestAuthentication = KindMap['RequestAuthentication'];
/** An AuthorizationPolicy as it was written. */
export type AuthorizationPolicy = KindMap['AuthorizationPolicy'];
/** A Telemetry as it was written. */
export type Telemetry = KindMap['Telemetry'];
/** A WasmPlugin as it was written. */
export type WasmPlugin = KindMap['WasmPlugin'];
/** A TrafficExtension as it was written. */
export type TrafficExtension = KindMap['TrafficExtension'];
/** An IstioOperator as it was written. */
export type IstioOperator = KindMap['IstioOperator'];
/** A GatewayClass as it was written. */
export type GatewayClass = KindMap['GatewayClass'];
/** A Gateway API Gateway as it was written. */
export type KubernetesGateway = KindMap['KubernetesGateway'];
/** An HTTPRoute as it was written. */
export type HTTPRoute = KindMap['HTTPRoute'];
/** A GRPCRoute as it was written. */
export type GRPCRoute = KindMap['GRPCRoute'];
/** A TCPRoute as it was written. */
export type TCPRoute = KindMap['TCPRoute'];
/** A TLSRoute as it was written. */
export type TLSRoute = KindMap['TLSRoute'];
/** A UDPRoute as it was written. */
export type UDPRoute = KindMap['UDPRoute'];
/** A ReferenceGrant as it was written. */
export type ReferenceGrant = KindMap['ReferenceGrant'];
/** A BackendTLSPolicy as it was written. */
export type BackendTLSPolicy = KindMap['BackendTLSPolicy'];
/** A ListenerSet as it was written. */
export type ListenerSet = KindMap['ListenerSet'];

/** All resources of a mesh, looked up by kind and by name. */
export interface ResourceSet {
  /** In the order given. */
  readonly all: readonly Resource[];
  /** Resources of a kind, in the order given. */
  ofKind<K extends KindKey>(kind: K): readonly KindMap[K][];
  /** The resource of that name, or null; `namespace` is `''` for cluster-scoped kinds. Of several with one name, the last given. */
  get<K extends KindKey>(kind: K, namespace: string, name: string): KindMap[K] | null;
}

const gatewayApi = [
  'GatewayClass',
  'HTTPRoute',
  'GRPCRoute',
  'TCPRoute',
  'TLSRoute',
  'UDPRoute',
  'ReferenceGrant',
  'BackendTLSPolicy',
  'ListenerSet',
];
const kindsByGroup: Readonly<Record<string, readonly string[]>> = {
  'networking.istio.io': [
    'VirtualService',
    'DestinationRule',
    'Gateway',
    'ServiceEntry',
    'WorkloadEntry',
    'WorkloadGroup',
    'Sidecar',
    'ProxyConfig',
    'EnvoyFilter',
  ],
  'security.istio.io': ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'],
  'telemetry.istio.io': ['Telemetry'],
  'extensions.istio.io': ['WasmPlugin', 'TrafficExtension'],
  'install.istio.io': ['IstioOperator'],
  '': ['Service', 'Endpoints', 'Pod', 'Namespace', 'Node', 'ServiceAccount', 'Secret', 'ConfigMap'],
  'discovery.k8s.io': ['EndpointSlice'],
  apps: ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'],
  'networking.k8s.io': ['Ingress'],
  'admissionregistration.k8s.io': ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'gateway.networking.k8s.io': gatewayApi,
};

const keyByGroupKind: ReadonlyMap<string, KindKey> = new Map<string, KindKey>([
  ...Object.entries(kindsByGroup).flatMap(([group, kinds]) => kinds.map((kind) => [`${group}/${kind}`, kind as KindKey] as const)),
  ['gateway.networking.k8s.io/Gateway', 'KubernetesGateway'],
  ['gateway.networking.x-k8s.io/XListenerSet', 'ListenerSet'],
]);

const clusterScoped: ReadonlySet<string> = new Set([
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  'gateway.networking.k8s.io/GatewayClass',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
]);

/** The key of a group and kind, or null when Weft does not know the kind. Versions do not matter: all served versions share one schema. */
export function kindKey(group: string, kind: string): KindKey | null {
  return keyByGroupKind.get(`${group}/${kind}`) ?? null;
}

/** Group and kind of a key. */
export function kindGroup(key: KindKey): { readonly group: string; readonly kind: string } {
  if (key === 'KubernetesGateway') return { group: 'gateway.networking.k8s.io', kind: 'Gateway' };
  const found = Object.entries(kindsByGroup).find(([, kinds]) => kinds.includes(key));
  return { group: found?.[0] ?? '', kind: key };
}

/** Whether resources of this group and kind live outside namespaces. */
export function isClusterScoped(group: string, kind: string): boolean {
  return clusterScoped.has(`${group}/${kind}`);
}
