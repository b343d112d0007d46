import type { PeerAuthentication, ResourceSet } from '../resource/kinds.ts';
import type { ResourceRef } from '../resource/resource.ts';
import { compareAge } from '../resource/resource-set.ts';
import { defaultOrigin, type PolicyScope, policySelector, type SettingOrigin } from './policy-target.ts';

/** Which connections a workload accepts: plain text only, both, or mutual TLS only. */
export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

/** A mode with the setting that it comes from. */
export interface MtlsSetting {
  readonly mode: MtlsMode;
  readonly origin: SettingOrigin;
}

/** The modes of one workload: its own, and those of the ports (of the workload, not of a service) that have one of their own. */
export interface EffectivePeerAuthentication extends MtlsSetting {
  readonly ports: ReadonlyMap<number, MtlsSetting>;
}

/** The PeerAuthentications that count, looked up by what they apply to. */
export interface PeerAuthenticationIndex {
  readonly mesh: PeerAuthentication | null;
  readonly byNamespace: ReadonlyMap<string, PeerAuthentication>;
  /** Policies with a selector, oldest first, by namespace. */
  readonly selectingByNamespace: ReadonlyMap<string, readonly PeerAuthentication[]>;
}

/**
 * Indexes PeerAuthentications. Of several of one scope the oldest counts; one with a selector in the root namespace counts for nobody, not
 * even for workloads of that namespace.
 */
export function indexPeerAuthentications(set: ResourceSet, rootNamespace: string): PeerAuthenticationIndex {
  const byNamespace = new Map<string, PeerAuthentication>();
  const selectingByNamespace = new Map<string, PeerAuthentication[]>();
  for (const policy of [...set.ofKind('PeerAuthentication')].sort(compareAge)) {
    const { namespace } = policy.ref;
    if (policySelector(policy.spec) === null) {
      if (!byNamespace.has(namespace)) byNamespace.set(namespace, policy);
    } else if (namespace !== rootNamespace) {
      const list = selectingByNamespace.get(namespace);
      if (list) list.push(policy);
      else selectingByNamespace.set(namespace, [policy]);
    }
  }
  return { mesh: byNamespace.get(rootNamespace) ?? null, byNamespace, selectingByNamespace };
}

/** What holds for a workload: its own policy over its namespace's over the mesh's; what is unset is inherited, in the end PERMISSIVE. */
export function effectivePeerAuthentication(
  index: PeerAuthenticationIndex,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): EffectivePeerAuthentication {
  const inherited = index.byNamespace.get(namespace) ?? null;
  const selecting = (index.selectingByNamespace.get(namespace) ?? []).find((policy) => selects(policy, labels)) ?? null;
  let setting: MtlsSetting = { mode: 'PERMISSIVE', origin: defaultOrigin };
  setting = modeOf(index.mesh, 'mesh') ?? setting;
  if (inherited !== index.mesh) setting = modeOf(inherited, 'namespace') ?? setting;
  setting = modeOf(selecting, 'workload') ?? setting;
  return { ...setting, ports: selecting === null ? new Map() : portSettings(selecting, setting) };
}

/** The setting of a workload port. */
export function mtlsSettingForPort(effective: EffectivePeerAuthentication, port: number): MtlsSetting {
  return effective.ports.get(port) ?? { mode: effective.mode, origin: effective.origin };
}

function selects(policy: PeerAuthentication, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(policySelector(policy.spec) ?? {}).every(([key, value]) => labels[key] === value);
}

function modeOf(policy: PeerAuthentication | null, scope: PolicyScope): MtlsSetting | null {
  const mode = readMode(policy?.spec?.mtls?.mode);
  return policy === null || mode === null ? null : { mode, origin: { scope, ref: policy.ref, path: 'spec.mtls.mode' } };
}

function portSettings(policy: PeerAuthentication, own: MtlsSetting): ReadonlyMap<number, MtlsSetting> {
  const ports = new Map<number, MtlsSetting>();
  const ref: ResourceRef = policy.ref;
  for (const [key, value] of Object.entries(policy.spec?.portLevelMtls ?? {})) {
    const port = Number(key);
    if (!Number.isInteger(port) || port <= 0 || port > 65535) continue;
    const mode = readMode((value as { readonly mode?: string } | undefined)?.mode);
    const path = `spec.portLevelMtls.${key}.mode`;
    ports.set(port, mode === null ? own : { mode, origin: { scope: 'port', ref, path } });
  }
  return ports;
}

function readMode(mode: string | undefined): MtlsMode | null {
  return mode === 'DISABLE' || mode === 'PERMISSIVE' || mode === 'STRICT' ? mode : null;
}
