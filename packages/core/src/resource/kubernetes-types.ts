import type { Resource } from './resource.ts';

/** A port that Kubernetes names by number or by the name of a container port. */
export type IntOrString = number | string;

/** Kubernetes' label selector; all parts must hold. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }[];
}

/** A port of a Service. */
export interface ServicePortSpec {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly targetPort?: IntOrString;
  readonly nodePort?: number;
}

/** The `spec` of a Service. */
export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly externalName?: string;
  readonly loadBalancerIP?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePortSpec[];
  readonly publishNotReadyAddresses?: boolean;
  readonly internalTrafficPolicy?: string;
  readonly externalTrafficPolicy?: string;
  readonly trafficDistribution?: string;
  readonly ipFamilies?: readonly string[];
  readonly ipFamilyPolicy?: string;
}

/** Where a Service or Ingress is reached from outside. */
export interface ServiceStatus {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

/** A port that a container says it listens on. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort?: number;
  readonly protocol?: string;
}

/** A variable of a container. */
export interface EnvironmentVariable {
  readonly name?: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** How Kubernetes asks a container for its health. */
export interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port?: IntOrString; readonly scheme?: string };
  readonly tcpSocket?: { readonly port?: IntOrString };
  readonly grpc?: { readonly port?: number };
}

/** A container of a pod. */
export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly ContainerPort[];
  readonly env?: readonly EnvironmentVariable[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly volumeMounts?: readonly { readonly name?: string; readonly mountPath?: string }[];
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number };
  readonly restartPolicy?: string;
}

/** The `spec` of a Pod. */
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly serviceAccountName?: string;
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number };
  readonly volumes?: readonly { readonly name?: string }[];
}

/** What Kubernetes knows of a running pod. */
export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip?: string }[];
  readonly hostIP?: string;
  readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
}

/** The `spec` of a Namespace. */
export interface NamespaceSpec {
  readonly finalizers?: readonly string[];
}

/** The `spec` of a Node. */
export interface NodeSpec {
  readonly podCIDR?: string;
  readonly providerID?: string;
}

/** Deployment, StatefulSet, DaemonSet and ReplicaSet alike, as far as a mesh needs them. */
export interface PodControllerSpec {
  readonly replicas?: number;
  readonly selector?: LabelSelector;
  readonly serviceName?: string;
  readonly template?: {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
    readonly spec?: PodSpec;
  };
}

/** An endpoint of an EndpointSlice. */
export interface EndpointAddress {
  readonly addresses?: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** A port of an EndpointSlice or of Endpoints. */
export interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** Addresses and ports that belong together in Endpoints. */
export interface EndpointsSubset {
  readonly addresses?: readonly EndpointsAddress[];
  readonly notReadyAddresses?: readonly EndpointsAddress[];
  readonly ports?: readonly EndpointPort[];
}

/** An address in Endpoints. */
export interface EndpointsAddress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** What an Ingress routes to. */
export interface IngressBackend {
  readonly service?: { readonly name?: string; readonly port?: { readonly name?: string; readonly number?: number } };
}

/** The `spec` of an Ingress. */
export interface IngressSpec {
  readonly ingressClassName?: string;
  readonly defaultBackend?: IngressBackend;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: {
      readonly paths?: readonly { readonly path?: string; readonly pathType?: string; readonly backend?: IngressBackend }[];
    };
  }[];
}

/** A resource whose content stands beside `spec`: read it from `raw`. */
export type RawResource<Fields, Spec = unknown> = Resource<Spec> & { readonly raw: Readonly<Record<string, unknown>> & Fields };

/** A Service as it was written. */
export type Service = RawResource<{ readonly status?: ServiceStatus }, ServiceSpec>;
/** A Pod as it was written. */
export type Pod = RawResource<{ readonly status?: PodStatus }, PodSpec>;
/** A Namespace as it was written. */
export type Namespace = Resource<NamespaceSpec>;
/** A Node as it was written. */
export type Node = RawResource<
  { readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly address?: string }[] } },
  NodeSpec
>;
/** A ServiceAccount as it was written. */
export type ServiceAccount = Resource;
/** A Secret as it was written. */
export type Secret = RawResource<{
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}>;
/** A ConfigMap as it was written. */
export type ConfigMap = RawResource<{
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}>;
/** An EndpointSlice as it was written. */
export type EndpointSlice = RawResource<{
  readonly addressType?: string;
  readonly endpoints?: readonly EndpointAddress[];
  readonly ports?: readonly EndpointPort[];
}>;
/** An Endpoints as it was written. */
export type Endpoints = RawResource<{ readonly subsets?: readonly EndpointsSubset[] }>;
/** What keeps pods running: a Deployment, StatefulSet, DaemonSet or ReplicaSet. */
export type PodController = Resource<PodControllerSpec>;
/** An Ingress as it was written. */
export type Ingress = RawResource<{ readonly status?: ServiceStatus }, IngressSpec>;
