import { mtlsSettingForPort } from '@weft/core/mesh/peer-authentication';
import { applicablePolicies, policyScope } from '@weft/core/mesh/policy-target';
import type { Resource } from '@weft/core/resource/resource';
import type { TrafficScope } from '../api/agent-api.ts';
import type { EffectiveMtls, PolicySummary, SecurityChoices } from '../api/config-types.ts';
import type { MtlsMode, ResourceId } from '../api/types.ts';
import { resourceId } from '../store/resource-id.ts';
import { TrafficSum } from '../telemetry/traffic-sum.ts';
import type { AgentParts } from './agent-parts.ts';
import { countFindings, findingsOf, isSelected } from './counts.ts';
import { windowOf } from './traffic-window.ts';
import { effectiveMode } from './workload-facts.ts';

interface PolicySpec {
  readonly action?: PolicySummary['action'];
  readonly mtls?: { readonly mode?: string };
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly rules?: readonly unknown[];
  readonly jwtRules?: readonly { readonly issuer?: string }[];
}

/** The security policies with whom they apply to and what they refuse. */
export function listPolicies(parts: AgentParts, scope: TrafficScope): readonly PolicySummary[] {
  const { set } = parts.config.current;
  const kinds = ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'] as const;
  const denied = deniedByPolicy(parts, scope);
  return kinds
    .flatMap((kind) => set.ofKind(kind).map((resource) => ({ kind, resource: resource as Resource<PolicySpec> })))
    .filter(({ resource }) => isSelected(scope.namespaces, resource.ref.namespace))
    .map(({ kind, resource }) => summarize(parts, kind, resource, denied))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Which connections each workload takes, and because of what. */
export function readEffectiveMtls(parts: AgentParts, scope: TrafficScope): readonly EffectiveMtls[] {
  const mesh = parts.config.current.mesh();
  const { from, to } = windowOf(parts, scope);
  const sums = new Map<string, TrafficSum>();
  parts.series.each(from, to, (labels, increases, recent) => {
    if (labels.reporter !== 'destination') return;
    const key = `${labels.destinationNamespace}/${labels.destinationWorkload}`;
    const sum = sums.get(key) ?? new TrafficSum();
    sums.set(key, sum);
    sum.add(labels, increases, recent);
  });
  return mesh.workloads
    .filter(({ namespace }) => isSelected(scope.namespaces, namespace))
    .map((workload) => {
      const effective = effectiveMode(mesh, workload);
      const { scope: level, ref } = effective.origin;
      return {
        workload: workload.name,
        namespace: workload.namespace,
        labels: workload.labels,
        mode: effective.mode,
        origin: ref ? resourceId(ref) : null,
        level: level === 'port' ? 'workload' : level === 'mesh-config' ? 'mesh' : level,
        ports: [...effective.ports.keys()].map((port) => {
          const setting = mtlsSettingForPort(effective, port);
          return { port, mode: setting.mode, origin: setting.origin.ref ? resourceId(setting.origin.ref) : null };
        }),
        observedPercent: sums.get(`${workload.namespace}/${workload.workloadName}`)?.mtlsPercent ?? null,
      };
    });
}

/** What a policy can be written about. */
export function readSecurityChoices(parts: AgentParts): SecurityChoices {
  const mesh = parts.config.current.mesh();
  const { trustDomain } = mesh.settings.meshConfig;
  return {
    namespaces: [...new Set([...mesh.namespaceLabels.keys(), ...mesh.workloads.map(({ namespace }) => namespace)])].sort(),
    workloads: mesh.workloads.map(({ name, namespace, labels, serviceAccount }) => ({
      name,
      namespace,
      labels,
      principal: `${trustDomain}/ns/${namespace}/sa/${serviceAccount || 'default'}`,
    })),
  };
}

function summarize(
  parts: AgentParts,
  kind: PolicySummary['kind'],
  resource: Resource<PolicySpec>,
  denied: ReadonlyMap<ResourceId, number>,
): PolicySummary {
  const { ref, spec, annotations } = resource;
  const { settings, mesh } = parts.config.current;
  const id = resourceId(ref);
  const { rootNamespace } = settings;
  const workloads = mesh().workloads.filter(
    ({ namespace, labels }) => applicablePolicies([resource], { namespace, labels, type: 'sidecar' }, rootNamespace).length > 0,
  );
  return {
    id,
    kind,
    namespace: ref.namespace,
    name: ref.name,
    action: kind === 'AuthorizationPolicy' ? (spec.action ?? 'ALLOW') : null,
    mtlsMode: kind === 'PeerAuthentication' ? readMode(spec.mtls?.mode) : null,
    scope: policyScope(resource, rootNamespace),
    selector: spec.selector?.matchLabels ?? {},
    workloads: workloads.map(({ namespace, name }) => `${namespace}/${name}`),
    rules: (spec.rules ?? spec.jwtRules ?? []).length,
    dryRun: annotations['istio.io/dry-run'] === 'true',
    summary: describePolicy(kind, spec),
    deniedRate: denied.get(id) ?? 0,
    findings: countFindings(findingsOf(parts.config.findings(), new Set([id]))),
    file: resource.source.file,
    line: resource.source.line,
  };
}

function describePolicy(kind: PolicySummary['kind'], spec: PolicySpec): string {
  if (kind === 'PeerAuthentication') return `mTLS ${spec.mtls?.mode ?? 'inherited'}`;
  if (kind === 'RequestAuthentication') return `tokens of ${(spec.jwtRules ?? []).map(({ issuer }) => issuer).join(', ') || 'nobody'}`;
  const count = spec.rules?.length ?? 0;
  const action = spec.action ?? 'ALLOW';
  if (count === 0) return action === 'ALLOW' ? 'allows nothing' : `${action} without rules: no effect`;
  return `${action} by ${count} ${count === 1 ? 'rule' : 'rules'}`;
}

function deniedByPolicy(parts: AgentParts, scope: TrafficScope): ReadonlyMap<ResourceId, number> {
  const { from, to, recordedSeconds } = windowOf(parts, scope);
  const rates = new Map<ResourceId, number>();
  for (const { refusedBy } of parts.records.find((record) => record.refusedBy !== null && record.at >= from && record.at <= to, 20_000)) {
    if (refusedBy?.policy) rates.set(refusedBy.policy, (rates.get(refusedBy.policy) ?? 0) + 1 / recordedSeconds);
  }
  return rates;
}

function readMode(mode: string | undefined): MtlsMode | null {
  return mode === 'STRICT' || mode === 'PERMISSIVE' || mode === 'DISABLE' ? mode : null;
}
