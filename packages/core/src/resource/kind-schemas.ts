import { schemas as generatedSchemas } from '../../gen/schemas.js';
import type { KindKey } from './kinds.ts';
import { completeSchemas } from './schema-additions.ts';
import type { SchemaNode } from './schema-node.ts';

/** The schemas of `spec` by kind; a version whose schema differs has its own entry, `TLSRoute/v1alpha2`. */
export const kindSchemas: Readonly<Record<string, SchemaNode>> = completeSchemas(generatedSchemas);

/** The schema of a kind's `spec` in a version, or null for kinds that have none here (Kubernetes' own). */
export function kindSchema(key: KindKey, version: string): SchemaNode | null {
  return kindSchemas[`${key}/${version}`] ?? kindSchemas[key] ?? null;
}

const istioVersions = ['v1', 'v1beta1', 'v1alpha3'];
const gatewayVersions = ['v1', 'v1beta1', 'v1alpha3', 'v1alpha2'];
const versionsByKind: { readonly [K in KindKey]?: readonly string[] } = {
  VirtualService: istioVersions,
  DestinationRule: istioVersions,
  Gateway: istioVersions,
  ServiceEntry: istioVersions,
  WorkloadEntry: istioVersions,
  WorkloadGroup: istioVersions,
  Sidecar: istioVersions,
  ProxyConfig: ['v1beta1'],
  EnvoyFilter: ['v1alpha3'],
  PeerAuthentication: ['v1', 'v1beta1'],
  RequestAuthentication: ['v1', 'v1beta1'],
  AuthorizationPolicy: ['v1', 'v1beta1'],
  Telemetry: ['v1', 'v1alpha1'],
  WasmPlugin: ['v1alpha1'],
  TrafficExtension: ['v1alpha1'],
  GatewayClass: gatewayVersions,
  KubernetesGateway: gatewayVersions,
  HTTPRoute: gatewayVersions,
  GRPCRoute: gatewayVersions,
  TCPRoute: gatewayVersions,
  TLSRoute: gatewayVersions,
  UDPRoute: gatewayVersions,
  ReferenceGrant: gatewayVersions,
  BackendTLSPolicy: gatewayVersions,
};

/** The versions a kind can be written in, newest first; null where any version is taken. */
export function servedVersions(key: KindKey): readonly string[] | null {
  return versionsByKind[key] ?? null;
}
