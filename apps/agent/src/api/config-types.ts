import type { ProxyConfigSettings } from '@weft/core/resource/proxy-config';
import type {
  ChangeMarker,
  EmptyReason,
  Finding,
  FindingCounts,
  GoldenSeries,
  MtlsMode,
  ResourceId,
  TrafficRecord,
  TrafficStats,
} from './types.ts';

/** What the agent's API answers and takes about configuration: resources, drafts, revisions, rollouts, security. */

export interface ResourceSummary {
  readonly id: ResourceId;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly findings: FindingCounts;
  /** Revision that last changed the resource's file. */
  readonly revision: number;
}

export interface ResourceDetail {
  readonly summary: ResourceSummary;
  /** The document's own text, comments kept. */
  readonly yaml: string;
  readonly findings: readonly Finding[];
  /** Resources that refer to this one or that it refers to. */
  readonly related: readonly ResourceId[];
}

export interface ResourceList {
  readonly revision: number;
  readonly resources: readonly ResourceSummary[];
  readonly findings: readonly Finding[];
  readonly empty: EmptyReason | null;
}

/**
 * One edit. `resource` replaces the document with that id (or adds a document when `id` is null or unknown), `delete` removes it, `file` replaces a
 * whole file of the directory.
 */
export type DraftChange =
  | { readonly kind: 'resource'; readonly id: ResourceId | null; readonly yaml: string }
  | { readonly kind: 'delete'; readonly id: ResourceId }
  | { readonly kind: 'file'; readonly file: string; readonly text: string };

/** Findings of the whole mesh with a draft in it; positions of the draft's own text start at line 1 of `yaml`. */
export interface DraftAnalysis {
  /** Those in the draft's text, with lines relative to it. */
  readonly draft: readonly Finding[];
  readonly added: readonly Finding[];
  readonly fixed: readonly Finding[];
  /** Whether apply would take it. */
  readonly valid: boolean;
}

export interface FileChange {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  /** Unified diff with three lines of context. */
  readonly diff: string;
}

export interface AffectedProxy {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly changes: readonly {
    readonly type: 'listener' | 'route' | 'cluster' | 'endpoint' | 'secret';
    readonly name: string;
    readonly change: 'added' | 'removed' | 'changed';
  }[];
}

export interface ConfigPreview extends DraftAnalysis {
  readonly baseRevision: number;
  readonly files: readonly FileChange[];
  readonly proxies: readonly AffectedProxy[];
}

export type ApplyResult =
  | { readonly status: 'applied'; readonly revision: number; readonly files: readonly FileChange[]; readonly added: readonly Finding[] }
  /** Nothing was changed. `reason` is one sentence; `findings` are the errors. */
  | { readonly status: 'refused'; readonly reason: string; readonly findings: readonly Finding[] };

export type RevisionOrigin = 'start' | 'file' | 'console' | 'cli' | 'undo' | 'restore';

export interface Revision {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly why: string;
  readonly origin: RevisionOrigin;
  readonly files: readonly string[];
  readonly resources: {
    readonly added: readonly ResourceId[];
    readonly changed: readonly ResourceId[];
    readonly removed: readonly ResourceId[];
  };
  /** The revision this one took back, for undo and restore. */
  readonly reverts: number | null;
}

export interface RevisionDetail extends Revision {
  readonly changes: readonly FileChange[];
}

export interface Convergence {
  readonly revision: number;
  readonly at: number;
  readonly total: number;
  readonly acked: number;
  readonly nacked: number;
  readonly pending: number;
  /** From the revision to the last ACK, once all are in. */
  readonly durationMs: number | null;
  readonly proxies: readonly {
    readonly id: string;
    readonly name: string;
    readonly namespace: string;
    /** `unchanged`: the revision means nothing to this proxy, so nothing was sent. */
    readonly state: 'pending' | 'sent' | 'acked' | 'nacked' | 'unchanged' | 'disconnected';
    readonly durationMs: number | null;
    readonly message: string | null;
  }[];
}

export interface RolloutDestination {
  readonly index: number;
  readonly host: string;
  readonly subset: string | null;
  readonly port: number | null;
  /** Version label of the subset, or the subset's name. */
  readonly version: string;
  readonly requestedPercent: number;
  readonly observedPercent: number | null;
  readonly stats: TrafficStats;
}

/** One `http` route of a VirtualService with more than one weighted destination, or one destination with a subset. */
export interface RolloutSummary {
  /** `namespace/name/http[0]`. */
  readonly id: string;
  readonly resourceId: ResourceId;
  readonly namespace: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly routeName: string | null;
  /** `spec.http[0]`. */
  readonly path: string;
  /** The matches in a few words, one per entry; empty for a catch-all. */
  readonly matches: readonly string[];
  readonly destinations: readonly RolloutDestination[];
  /** Subsets of the host that the route does not name yet and that a rollout may take in. */
  readonly otherSubsets: readonly string[];
  readonly convergence: { readonly acked: number; readonly total: number };
  readonly file: string;
  readonly line: number;
}

export interface RolloutList {
  readonly at: number;
  readonly windowSeconds: number;
  readonly rollouts: readonly RolloutSummary[];
  readonly empty: EmptyReason | null;
}

export interface RolloutDetail {
  readonly at: number;
  readonly windowSeconds: number;
  readonly rollout: RolloutSummary;
  readonly yaml: string;
  readonly series: readonly { readonly version: string; readonly series: GoldenSeries }[];
  readonly markers: readonly ChangeMarker[];
  readonly revisions: readonly Revision[];
}

export interface PolicySummary {
  readonly id: ResourceId;
  readonly kind: 'AuthorizationPolicy' | 'PeerAuthentication' | 'RequestAuthentication';
  readonly namespace: string;
  readonly name: string;
  readonly action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM' | null;
  readonly mtlsMode: MtlsMode | null;
  /** `mesh`, `namespace` or the workloads selected. */
  readonly scope: 'mesh' | 'namespace' | 'workload';
  readonly selector: Readonly<Record<string, string>>;
  readonly workloads: readonly string[];
  readonly rules: number;
  readonly dryRun: boolean;
  readonly summary: string;
  /** Requests per second this policy refused over the window. */
  readonly deniedRate: number;
  readonly findings: FindingCounts;
  readonly file: string;
  readonly line: number;
}

export interface EffectiveMtls {
  readonly workload: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mode: MtlsMode;
  /** The PeerAuthentication that decides; null for the default. */
  readonly origin: ResourceId | null;
  readonly level: 'default' | 'mesh' | 'namespace' | 'workload';
  readonly ports: readonly { readonly port: number; readonly mode: MtlsMode; readonly origin: ResourceId | null }[];
  /** Share of the inbound traffic of the last minutes that used mTLS. */
  readonly observedPercent: number | null;
}

/** Recorded requests whose outcome a draft would change. */
export interface ReplayGroup {
  readonly source: string;
  readonly destination: string;
  readonly change: 'newly-denied' | 'newly-allowed';
  readonly count: number;
  readonly policy: ResourceId | null;
  readonly rule: number | null;
  readonly sample: TrafficRecord;
}

export interface SecurityDraftPreview extends ConfigPreview {
  readonly replay: { readonly evaluated: number; readonly unchanged: number; readonly groups: readonly ReplayGroup[] };
}

/** Workloads, identities and services to choose from in the policy editor. */
export interface SecurityChoices {
  readonly namespaces: readonly string[];
  readonly workloads: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly principal: string;
  }[];
}

export interface DemoSettings {
  /** False when no demo runs. */
  readonly available: boolean;
  readonly workloads: readonly { readonly name: string; readonly errorPercent: number; readonly latencyMs: number }[];
}

/** A workload that is to register itself. */
export interface GroupWorkloadQuery {
  readonly namespace: string;
  /** A WorkloadGroup. */
  readonly group: string;
  readonly address: string;
}

/** How a workload registers itself. */
export interface Registration {
  /** WorkloadGroup of the workload's namespace. */
  readonly group: string;
  /** How the sidecar asks the application whether it is well. */
  readonly readinessProbe: Readonly<Record<string, unknown>> | null;
}

/** A workload of this computer that is to have a proxy. */
export interface LocalWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly type: 'sidecar' | 'router';
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly workloadName: string;
  readonly serviceAccount: string;
  readonly cluster: string;
  readonly network: string;
  readonly locality: { readonly region: string; readonly zone: string; readonly subzone: string };
  readonly trustDomain: string;
  /** `ISTIO_META_…` variables. */
  readonly proxyMetadata: Readonly<Record<string, string>>;
  /** What holds for the workload's proxy: of the mesh, of ProxyConfigs, of its own annotation. */
  readonly proxyConfig: ProxyConfigSettings;
  /** For a workload that registers itself. */
  readonly registration: Registration | null;
}
