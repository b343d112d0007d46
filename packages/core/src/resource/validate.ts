import { kindSchema, kindSchemas, servedVersions } from './kind-schemas.ts';
import { type KindKey, type KindMap, kindKey } from './kinds.ts';
import { kubernetesSchemas } from './kubernetes-schemas.ts';
import type { FieldProblem, Validity } from './problem.ts';
import type { Resource } from './resource.ts';
import { checkPeerAuthentication, checkRequestAuthentication } from './validation/authentication.ts';
import { checkAuthorizationPolicy } from './validation/authorization-policy.ts';
import { checkSchema, compilePatterns } from './validation/check-schema.ts';
import { checkDestinationRule } from './validation/destination-rule.ts';
import { checkEnvoyFilter, checkProxyConfig, checkTrafficExtension, checkWasmPlugin, type PatchProblems } from './validation/extension.ts';
import { checkGateway } from './validation/gateway.ts';
import { checkBackendTlsPolicy, checkKubernetesGateway, checkListenerSet } from './validation/gateway-api-gateway.ts';
import { checkGrpcRouteResource, checkHttpRouteResource, checkStreamRoute } from './validation/gateway-api-route.ts';
import { checkIstioOperator, checkMeshConfigMap, checkMeshConfigText } from './validation/mesh-settings.ts';
import { checkMetadata } from './validation/metadata.ts';
import { createReport, type Report } from './validation/report.ts';
import { checkServiceEntry, checkWorkloadEntry, checkWorkloadGroup } from './validation/service-entry.ts';
import { checkSidecar } from './validation/sidecar.ts';
import { checkTelemetry } from './validation/telemetry.ts';
import { checkVirtualService } from './validation/virtual-service.ts';

/** What validation may depend on beyond the resource itself. */
export interface ValidationSettings {
  /** Namespace whose policies hold for the whole mesh; `istio-system` unless given. */
  readonly rootNamespace?: string;
  /** What is wrong with the values of EnvoyFilters as messages of Envoy; not looked at unless given, for resources know nothing of Envoy. */
  readonly patchProblems?: PatchProblems;
}

type Check<K extends KindKey> = (resource: KindMap[K], report: Report, settings: ValidationSettings) => void;

const checks: { readonly [K in KindKey]?: Check<K> } = {
  VirtualService: checkVirtualService,
  DestinationRule: checkDestinationRule,
  Gateway: checkGateway,
  ServiceEntry: checkServiceEntry,
  WorkloadEntry: checkWorkloadEntry,
  WorkloadGroup: checkWorkloadGroup,
  Sidecar: checkSidecar,
  ProxyConfig: checkProxyConfig,
  EnvoyFilter: checkEnvoyFilter,
  PeerAuthentication: checkPeerAuthentication,
  RequestAuthentication: checkRequestAuthentication,
  AuthorizationPolicy: checkAuthorizationPolicy,
  Telemetry: checkTelemetry,
  WasmPlugin: checkWasmPlugin,
  TrafficExtension: checkTrafficExtension,
  IstioOperator: checkIstioOperator,
  ConfigMap: checkMeshConfigMap,
  KubernetesGateway: checkKubernetesGateway,
  ListenerSet: checkListenerSet,
  HTTPRoute: checkHttpRouteResource,
  GRPCRoute: checkGrpcRouteResource,
  TCPRoute: checkStreamRoute,
  TLSRoute: checkStreamRoute,
  UDPRoute: checkStreamRoute,
  BackendTLSPolicy: checkBackendTlsPolicy,
};
const patterns = compilePatterns(Object.values(kindSchemas));
const specRequired: ReadonlySet<KindKey> = new Set(['WasmPlugin', 'TrafficExtension', 'ServiceEntry', 'WorkloadEntry', 'WorkloadGroup']);

/**
 * What is wrong with a resource by itself: its schema, the rules of its definition, and what Istio's admission webhook refuses or warns about. Rules beyond
 * the schema are looked at only when all types are right. Kinds that Weft does not know are valid.
 */
export function validateResource(resource: Resource, settings: ValidationSettings = {}): Validity {
  const { report, validity } = createReport();
  const key = kindKey(resource.ref.group, resource.ref.kind);
  if (key !== null) {
    checkVersion(resource, key, report);
    checkMetadata(resource, key, report);
    if (checkTypes(resource, key, report)) runCheck(key, resource, report, settings);
  }
  return validity();
}

/** What is wrong with a mesh configuration given as YAML text; paths begin at its own fields. */
export function validateMeshConfig(text: string): Validity {
  const { report, validity } = createReport();
  checkMeshConfigText(text, 'mesh', report);
  const { errors, warnings } = validity();
  const atRoot = (problem: FieldProblem): FieldProblem => ({ ...problem, path: problem.path.replace(/^mesh\.?/, '') });
  return { errors: errors.map(atRoot), warnings: warnings.map(atRoot) };
}

/**
 * Whether a resource has the types that code reading it relies on; resources that have not must stay out of a mesh. Cheaper than the whole validation, and
 * true for much that is invalid.
 */
export function isWellTyped(resource: Resource): boolean {
  const key = kindKey(resource.ref.group, resource.ref.kind);
  return key === null || checkTypes(resource, key, createReport().report);
}

function checkVersion({ ref }: Resource, key: KindKey, report: Report): void {
  const versions = servedVersions(key);
  if (versions && !versions.includes(ref.version)) {
    report.warn('apiVersion', `${ref.kind} is served in ${versions.join(', ')}, found ${ref.version}; it is read like ${versions[0]}`);
  }
}

/** Whether all types are right, so that code may rely on the resource's shape. */
function checkTypes(resource: Resource, key: KindKey, report: Report): boolean {
  const whole = kubernetesSchemas[key];
  return whole ? checkSchema(whole, resource.raw, '', patterns, report) : checkSpec(resource, key, report);
}

function checkSpec(resource: Resource, key: KindKey, report: Report): boolean {
  const schema = kindSchema(key, resource.ref.version);
  const written = resource.raw.spec;
  if (!schema) return true;
  if (written === undefined || written === null) {
    if (specRequired.has(key)) report.schema('spec', 'is required, but missing');
    return !specRequired.has(key);
  }
  return checkSchema(schema, written, 'spec', patterns, report);
}

function runCheck<K extends KindKey>(key: K, resource: Resource, report: Report, settings: ValidationSettings): void {
  // The key was taken from this very resource, so its type is the key's.
  checks[key]?.(resource as KindMap[K], report, settings);
}
