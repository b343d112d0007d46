import type { Resource, ResourceRef } from '../resource/resource.ts';
import { compareAge } from '../resource/resource-set.ts';

/** What a policy is attached to: one proxy, seen by its place, its labels and its kind. */
export interface PolicyTarget {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: 'sidecar' | 'router' | 'waypoint';
}

/** The part of a policy's spec that says whom it concerns; the same in all of Istio's policy kinds. */
export interface PolicySelection {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string | undefined>> };
  readonly targetRef?: TargetReference;
  readonly targetRefs?: readonly TargetReference[];
}

interface TargetReference {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/** How far a policy reaches: the whole mesh (root namespace, no selector), a namespace, or the workloads that it selects. */
export type PolicyScope = 'mesh' | 'namespace' | 'workload';

/** Where an effective setting comes from; `ref` is null for a built-in default. */
export interface SettingOrigin {
  readonly scope: 'default' | 'mesh-config' | PolicyScope | 'port';
  readonly ref: ResourceRef | null;
  /** Place in the resource, as `spec.mtls.mode`. */
  readonly path: string;
}

/** The origin of a setting that nobody made. */
export const defaultOrigin: SettingOrigin = { scope: 'default', ref: null, path: '' };

const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';
const gatewayClassLabel = 'gateway.networking.k8s.io/gateway-class-name';

/** The label selector of a policy, or null when it selects everything in reach. An empty selector selects everything too. */
export function policySelector(spec: PolicySelection | undefined): Readonly<Record<string, string | undefined>> | null {
  const labels = spec?.selector?.matchLabels;
  return labels && Object.keys(labels).length > 0 ? labels : null;
}

/** Scope of a policy by its namespace and selection. */
export function policyScope(policy: Resource<PolicySelection>, rootNamespace: string): PolicyScope {
  if (policySelector(policy.spec) !== null || targetReferences(policy.spec).length > 0) return 'workload';
  return policy.ref.namespace === rootNamespace ? 'mesh' : 'namespace';
}

/**
 * Policies of the root namespace and of the target's own namespace that apply to the target, root namespace first, oldest first within each.
 * A policy with `targetRefs` applies to gateways only, by the name of the Gateway they were made for.
 */
export function applicablePolicies<P extends Resource<PolicySelection>>(
  policies: readonly P[],
  target: PolicyTarget,
  rootNamespace: string,
): readonly P[] {
  const inReach = policies.filter((policy) => appliesTo(policy, target, rootNamespace)).sort(compareAge);
  if (target.namespace === rootNamespace) return inReach;
  return [
    ...inReach.filter((policy) => policy.ref.namespace === rootNamespace),
    ...inReach.filter((policy) => policy.ref.namespace !== rootNamespace),
  ];
}

function appliesTo(policy: Resource<PolicySelection>, target: PolicyTarget, rootNamespace: string): boolean {
  const { namespace } = policy.ref;
  if (namespace !== rootNamespace && namespace !== target.namespace) return false;
  const references = targetReferences(policy.spec);
  if (references.length > 0) return references.some((reference) => refersTo(reference, { namespace, rootNamespace }, target));
  if (target.type === 'waypoint') return false;
  const selector = policySelector(policy.spec);
  return selector === null || Object.entries(selector).every(([key, value]) => target.labels[key] === value);
}

function targetReferences(spec: PolicySelection | undefined): readonly TargetReference[] {
  if (spec?.targetRefs && spec.targetRefs.length > 0) return spec.targetRefs;
  return spec?.targetRef ? [spec.targetRef] : [];
}

/** The namespace of a policy, and the mesh's root namespace. */
export interface PolicyPlace {
  readonly namespace: string;
  readonly rootNamespace: string;
}

/** Whether a reference of a policy at that place means the target. Classes of gateways stand for waypoints only, and only in the root namespace. */
export function refersTo(reference: TargetReference, { namespace, rootNamespace }: PolicyPlace, target: PolicyTarget): boolean {
  if (reference.group !== 'gateway.networking.k8s.io') return false;
  if (reference.kind === 'GatewayClass')
    return target.type === 'waypoint' && namespace === rootNamespace && target.labels[gatewayClassLabel] === reference.name;
  if (reference.kind !== 'Gateway' || namespace !== target.namespace) return false;
  if (reference.namespace && reference.namespace !== namespace) return false;
  return target.labels[gatewayNameLabel] === reference.name;
}
