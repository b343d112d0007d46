import type { Labels } from '../../base/labels.ts';
import type { PeerAuthentication } from '../../resource/kinds.ts';
import { compareAge } from '../../resource/resource-set.ts';
import type { AnalyzerContext } from '../analyzer.ts';
import { labelsOf, object, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { createSelectorIndex } from '../selector-index.ts';

export type MutualTlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** The mode a workload accepts connections in, and the policy that says so; null when none does. */
export interface EffectiveMutualTls {
  readonly mode: MutualTlsMode;
  readonly policy: PeerAuthentication | null;
}

/** Tells the mutual TLS mode of workloads: the policy that selects the workload, else its namespace's, else the mesh's, else permissive. */
export interface MutualTlsModes {
  /** `port` is the workload's own port, or null for ports without a setting of their own. */
  of(namespace: string, labels: Labels, port: number | null): EffectiveMutualTls;
}

/** Collects the PeerAuthentications of a set. Of several that would apply, the oldest does; selectors in the root namespace are ignored. */
export function createMutualTlsModes({ set, rootNamespace }: AnalyzerContext): MutualTlsModes {
  const policies = [...set.ofKind('PeerAuthentication')].sort(compareAge);
  const isSelecting = (policy: PeerAuthentication): boolean => Object.keys(selectorOf(policy)).length > 0;
  const whole = new Map<string, PeerAuthentication>();
  for (const policy of policies.filter((candidate) => !isSelecting(candidate))) {
    if (!whole.has(policy.ref.namespace)) whole.set(policy.ref.namespace, policy);
  }
  const selecting = policies.filter((policy) => isSelecting(policy) && policy.ref.namespace !== rootNamespace);
  const byNamespace = new Map(
    [...groupBy(selecting, (policy) => policy.ref.namespace)].map(([name, own]) => [name, createSelectorIndex(own, selectorOf)]),
  );
  return {
    of(namespace, labels, port) {
      const own = byNamespace.get(namespace)?.selecting(labels)[0] ?? null;
      const atPort =
        own && port !== null ? modeOf(object(object(own.spec).portLevelMtls as Readonly<Record<string, unknown>>)[String(port)]) : null;
      if (atPort) return { mode: atPort, policy: own };
      for (const policy of [own, whole.get(namespace), whole.get(rootNamespace)]) {
        const mode = policy ? modeOf(object(policy.spec).mtls) : null;
        if (policy && mode) return { mode, policy };
      }
      return { mode: 'PERMISSIVE', policy: null };
    },
  };
}

/** The labels that a PeerAuthentication selects workloads by; empty for a whole namespace. */
export function selectorOf(policy: PeerAuthentication): Labels {
  return labelsOf(object(object(policy.spec).selector).matchLabels);
}

function modeOf(mtls: unknown): MutualTlsMode | null {
  const mode = text(object(mtls as { mode?: unknown } | null).mode);
  return mode === 'STRICT' || mode === 'PERMISSIVE' || mode === 'DISABLE' ? mode : null;
}
