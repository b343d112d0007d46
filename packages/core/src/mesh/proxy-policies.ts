import type { EnvoyFilter, Gateway, ResourceSet, TrafficExtension, WasmPlugin } from '../resource/kinds.ts';
import { compareAge } from '../resource/resource-set.ts';
import { type GatewayPortMapping, type MergedGateway, mergeGateways, selectGateways } from './gateway-servers.ts';
import type { MeshSettings } from './mesh-settings.ts';
import { indexPeerAuthentications, type PeerAuthenticationIndex } from './peer-authentication.ts';
import { applicablePolicies, type PolicySelection, type PolicyTarget, policySelector, refersTo } from './policy-target.ts';
import { resolveWorkloadSecurity, type WorkloadSecurity } from './workload-security.ts';
import { resolveWorkloadTelemetry, type WorkloadTelemetry } from './workload-telemetry.ts';

/** The policies and extensions that hold for one proxy. */
export interface ProxyPolicies {
  readonly security: WorkloadSecurity;
  readonly telemetry: WorkloadTelemetry;
  /** Null for sidecars. */
  readonly gateway: MergedGateway | null;
  readonly wasmPlugins: readonly WasmPlugin[];
  readonly trafficExtensions: readonly TrafficExtension[];
  /** In the order in which they are applied. */
  readonly envoyFilters: readonly EnvoyFilter[];
}

/** Indexes over a mesh's policies that every proxy's resolution shares. */
export interface PolicyIndex {
  readonly set: ResourceSet;
  readonly settings: MeshSettings;
  readonly peerAuthentications: PeerAuthenticationIndex;
  /** Written ones and those made from the Gateway API. */
  readonly gateways: readonly Gateway[];
}

/** Builds the shared indexes. `set` already holds what the Gateway API was translated to. */
export function indexPolicies(set: ResourceSet, settings: MeshSettings): PolicyIndex {
  return {
    set,
    settings,
    peerAuthentications: indexPeerAuthentications(set, settings.rootNamespace),
    gateways: set.ofKind('Gateway'),
  };
}

/** Resolves what holds for one proxy. `mappings` are the service ports its workload serves; they translate gateway ports. */
export function resolveProxyPolicies(index: PolicyIndex, target: PolicyTarget, mappings: readonly GatewayPortMapping[]): ProxyPolicies {
  const { set, settings } = index;
  const { rootNamespace, meshConfig } = settings;
  const scope = { rootNamespace, meshConfig, peerAuthentications: index.peerAuthentications };
  const serviceHostnames = new Set(mappings.map((mapping) => mapping.hostname));
  return {
    security: resolveWorkloadSecurity(set, target, scope),
    telemetry: resolveWorkloadTelemetry(set, target, scope),
    gateway:
      target.type === 'router'
        ? mergeGateways(selectGateways(index.gateways, { namespace: target.namespace, labels: target.labels, serviceHostnames }), mappings)
        : null,
    wasmPlugins: applicablePolicies(set.ofKind('WasmPlugin'), target, rootNamespace),
    trafficExtensions: applicablePolicies(set.ofKind('TrafficExtension'), target, rootNamespace),
    envoyFilters: applicableEnvoyFilters(set.ofKind('EnvoyFilter'), target, rootNamespace),
  };
}

/** By priority, then the root namespace's first, then age: a later one sees the result of an earlier one. */
function applicableEnvoyFilters(filters: readonly EnvoyFilter[], target: PolicyTarget, rootNamespace: string): readonly EnvoyFilter[] {
  const rank = (filter: EnvoyFilter) => (filter.ref.namespace === rootNamespace ? 0 : 1);
  return filters
    .filter((filter) => filter.ref.namespace === rootNamespace || filter.ref.namespace === target.namespace)
    .filter((filter) => selectsByWorkload(filter, target, rootNamespace))
    .sort((a, b) => (a.spec?.priority ?? 0) - (b.spec?.priority ?? 0) || rank(a) - rank(b) || compareAge(a, b));
}

function selectsByWorkload(filter: EnvoyFilter, target: PolicyTarget, rootNamespace: string): boolean {
  const { targetRefs } = (filter.spec ?? {}) as PolicySelection;
  const place = { namespace: filter.ref.namespace, rootNamespace };
  if (targetRefs && targetRefs.length > 0) return targetRefs.some((reference) => refersTo(reference, place, target));
  const labels = filter.spec?.workloadSelector?.labels;
  return (
    policySelector({ selector: { matchLabels: labels ?? {} } }) === null ||
    Object.entries(labels ?? {}).every(([key, value]) => target.labels[key] === value)
  );
}
