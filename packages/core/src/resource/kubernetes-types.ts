import type { Resource } from './resource.ts';

/** A port that Kubernetes names by number or by the name of a container port. */
export type IntOrString = number | string;

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }[];
}

export interface ServicePortSpec {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly targetPort?: IntOrString;
  readonly nodePort?: number;
}

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

export interface ServiceStatus {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort?: number;
  readonly protocol?: string;
}

export interface EnvironmentVariable {
  readonly name?: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

export interface Probe {
  readonly httpGet?: { readonly path?: string; readonly port?: IntOrString; readonly scheme?: string };
  readonly tcpSocket?: { readonly port?: IntOrString };
  readonly grpc?: { readonly port?: number };
}

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

export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip?: string }[];
  readonly hostIP?: string;
  readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
}

export interface NamespaceSpec {
  readonly finalizers?: readonly string[];
}

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

export interface EndpointAddress {
  readonly addresses?: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

export interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

export interface EndpointsSubset {
  readonly addresses?: readonly EndpointsAddress[];
  readonly notReadyAddresses?: readonly EndpointsAddress[];
  readonly ports?: readonly EndpointPort[];
}

export interface EndpointsAddress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

export interface IngressBackend {
  readonly service?: { readonly name?: string; readonly port?: { readonly name?: string; readonly number?: number } };
}

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

export type Service = RawResource<{ readonly status?: ServiceStatus }, ServiceSpec>;
export type Pod = RawResource<{ readonly status?: PodStatus }, PodSpec>;
export type Namespace = Resource<NamespaceSpec>;
export type Node = RawResource<
  { readonly status?: { readonly addresses?: readonly { readonly type?: string; readonly address?: string }[] } },
  NodeSpec
>;
export type ServiceAccount = Resource;
export type Secret = RawResource<{
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}>;
export type ConfigMap = RawResource<{
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}>;
export type EndpointSlice = RawResource<{
  readonly addressType?: string;
  readonly endpoints?: readonly EndpointAddress[];
  readonly ports?: readonly EndpointPort[];
}>;
export type Endpoints = RawResource<{ readonly subsets?: readonly EndpointsSubset[] }>;
export type PodController = Resource<PodControllerSpec>;
export type Ingress = RawResource<{ readonly status?: ServiceStatus }, IngressSpec>;
