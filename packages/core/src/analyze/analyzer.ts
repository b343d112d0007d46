import type { EnvoyFilterSpec, KindKey, ResourceSet } from '../resource/kinds.ts';
import type { MeshConfig, MeshNetworks } from '../resource/mesh-config.ts';
import type { Resource } from '../resource/resource.ts';
import type { Proof } from './message.ts';
import type { MessageType } from './message-types.ts';
import type { ResourceIndex } from './resource-index.ts';

/** What an analyzer has found about one resource. */
export interface Finding {
  readonly type: MessageType;
  readonly resource: Resource;
  readonly path: string;
  readonly message: string;
  readonly proof?: readonly Proof[];
  /** Findings of one type about one resource with the same identity are one message. Default: path and text. */
  readonly identity?: string;
}

export type ConfigPatch = NonNullable<NonNullable<EnvoyFilterSpec['configPatches']>[number]>;
export type IsPatchApplicable = (patch: ConfigPatch) => boolean;

/** What holds for the whole mesh while it is analysed. */
export interface AnalysisSettings {
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  readonly rootNamespace: string;
  /** DNS suffix of Kubernetes services, `cluster.local`. */
  readonly domain: string;
  /** Milliseconds since 1970, for certificates that have expired; null leaves time out of account. */
  readonly now: number | null;
  /** Whether a patch of an EnvoyFilter can be applied; null when nobody can tell. */
  readonly isPatchApplicable: IsPatchApplicable | null;
  /**
   * Whether to answer as Istio's analyzer of that name does, even where its rule is known to alarm about what works. Otherwise such findings are
   * reported only with evidence for them.
   */
  readonly exact: boolean;
}

/** The part of a set that analyzers read. */
export type ResourceReader = Pick<ResourceSet, 'ofKind' | 'get'>;

/** What an analyzer works on. */
export interface AnalyzerContext extends AnalysisSettings {
  readonly set: ResourceReader;
  readonly index: ResourceIndex;
  report(finding: Finding): void;
}

interface AnalyzerBase {
  /** Istio's name, as `--analyzer` takes it. */
  readonly name: string;
  /** False for analyzers that run only when asked for by name, because they would be noise. */
  readonly isDefault: boolean;
}

/** An analyzer whose findings about a resource follow from that resource and the settings alone, so that they can be kept while it is unchanged. */
export interface ResourceAnalyzer extends AnalyzerBase {
  readonly scope: 'resource';
  /** The kinds it looks at. */
  readonly inputs: readonly KindKey[];
  check(resource: Resource, context: AnalysisSettings, report: (finding: Finding) => void): void;
}

/**
 * An analyzer that looks at resources together. What it finds must follow from the settings, the index, and what it reads from the set: its findings are
 * kept while those are unchanged.
 */
export interface SetAnalyzer extends AnalyzerBase {
  readonly scope: 'set';
  analyze(context: AnalyzerContext): void;
}

export type Analyzer = ResourceAnalyzer | SetAnalyzer;
