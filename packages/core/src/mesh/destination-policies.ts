import { compareHosts, hostSubsetOf, isWildcardHost, resolveHost } from '../base/hosts.ts';
import { selectsLabels } from '../base/labels.ts';
import { stableHash } from '../base/stable-hash.ts';
import type { DestinationRule } from '../resource/kinds.ts';
import { compareAge } from '../resource/resource-set.ts';
import type { DestinationPolicy, Subset } from './destination-rule.ts';
import { isExportedTo, resolveExports } from './exports.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Service } from './service.ts';
import type { TrafficPolicy } from './traffic-policy.ts';
import { withHash } from './with-hash.ts';

/**
 * The DestinationRules of each namespace, those for one host merged: subsets add up (of two with one name the older stays), of top-level policies the oldest
 * counts whole. Rules with different `exportTo` or a workload selector stay apart.
 */
export function resolveDestinationPolicies(
  resources: readonly DestinationRule[],
  settings: MeshSettings,
): ReadonlyMap<string, readonly DestinationPolicy[]> {
  const groups = new Map<string, DestinationRule[]>();
  for (const resource of [...resources].sort(compareAge)) {
    const key = `${resource.ref.namespace} ${hostOf(resource, settings)} ${exportsOf(resource, settings).join(',')} ${selectorText(resource)}`;
    const group = groups.get(key);
    if (group) group.push(resource);
    else groups.set(key, [resource]);
  }
  const byNamespace = new Map<string, DestinationPolicy[]>();
  for (const group of groups.values()) {
    const policy = mergeRules(group, settings);
    if (policy === null) continue;
    const list = byNamespace.get(policy.namespace);
    if (list) list.push(policy);
    else byNamespace.set(policy.namespace, [policy]);
  }
  for (const list of byNamespace.values()) list.sort((a, b) => compareHosts(a.host, b.host));
  return byNamespace;
}

/** Who asks for a policy: the client proxy. */
export interface PolicyClient {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The policy that a client applies to a service: from its own namespace (unless that is the root namespace), else the service's namespace, else the root
 * namespace; within the first of these that has any for the host, the most specific host. Rules with a workload selector concern only clients of their own
 * namespace, and there win over rules without.
 */
export function destinationPolicyFor(
  policies: ReadonlyMap<string, readonly DestinationPolicy[]>,
  service: Service,
  client: PolicyClient,
  settings: MeshSettings,
): DestinationPolicy | null {
  const { rootNamespace } = settings;
  const exported = (policy: DestinationPolicy) => isExportedTo(policy.exportTo, client.namespace);
  // Rules of the root namespace are meant for all, so there only private ones count as a client's own.
  const isOwn = client.namespace === rootNamespace ? (policy: DestinationPolicy) => policy.exportTo.join() === rootNamespace : exported;
  const own = mostSpecific(policies.get(client.namespace), service.hostname, isOwn);
  if (own.length > 0) return chooseBySelector(own, client);
  for (const namespace of [service.namespace, rootNamespace]) {
    const found = mostSpecific(policies.get(namespace), service.hostname, exported);
    if (found.length > 0) return chooseBySelector(found, client);
  }
  return null;
}

function mostSpecific(
  list: readonly DestinationPolicy[] | undefined,
  hostname: string,
  isVisible: (policy: DestinationPolicy) => boolean,
): readonly DestinationPolicy[] {
  const matching = (list ?? []).filter(
    (policy) => (policy.host === hostname || (isWildcardHost(policy.host) && hostSubsetOf(hostname, policy.host))) && isVisible(policy),
  );
  return matching.filter((policy) => policy.host === matching[0]?.host);
}

function chooseBySelector(found: readonly DestinationPolicy[], client: PolicyClient): DestinationPolicy | null {
  const selecting = found.find(
    (policy) =>
      policy.workloadSelector !== null && policy.namespace === client.namespace && selectsLabels(policy.workloadSelector, client.labels),
  );
  return selecting ?? found.find((policy) => policy.workloadSelector === null) ?? null;
}

function mergeRules(group: readonly DestinationRule[], settings: MeshSettings): DestinationPolicy | null {
  const [oldest] = group;
  if (!oldest) return null;
  const subsetByName = new Map<string, Subset>();
  for (const resource of group) {
    for (const [index, subset] of (resource.spec?.subsets ?? []).entries()) {
      const name = subset.name ?? '';
      if (subsetByName.has(name)) continue;
      subsetByName.set(name, {
        name,
        labels: subset.labels ?? {},
        trafficPolicy: (subset.trafficPolicy as TrafficPolicy | undefined) ?? null,
        ref: resource.ref,
        path: `spec.subsets[${index}]`,
      });
    }
  }
  const value = {
    refs: group.map((resource) => resource.ref),
    host: hostOf(oldest, settings),
    namespace: oldest.ref.namespace,
    exportTo: exportsOf(oldest, settings),
    trafficPolicy: (group.find((resource) => resource.spec?.trafficPolicy)?.spec?.trafficPolicy as TrafficPolicy | undefined) ?? null,
    subsets: [...subsetByName.values()],
    workloadSelector: oldest.spec?.workloadSelector?.matchLabels ?? null,
  };
  return withHash(value);
}

function hostOf(resource: DestinationRule, settings: MeshSettings): string {
  return resolveHost(resource.spec?.host ?? '', resource.ref.namespace, settings.domain).toLowerCase();
}

function exportsOf(resource: DestinationRule, settings: MeshSettings): readonly string[] {
  return resolveExports(resource.spec?.exportTo, resource.ref.namespace, settings.meshConfig.defaultDestinationRuleExportTo);
}

function selectorText(resource: DestinationRule): string {
  const labels = resource.spec?.workloadSelector?.matchLabels;
  return labels ? stableHash(labels) : '';
}
