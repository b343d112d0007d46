import type {
  ApplyResult,
  ConfigPreview,
  Convergence,
  DemoSettings,
  DraftAnalysis,
  DraftChange,
  EffectiveMtls,
  GroupWorkloadQuery,
  LocalWorkload,
  PolicySummary,
  ResourceDetail,
  ResourceList,
  Revision,
  RevisionDetail,
  RolloutDetail,
  RolloutList,
  SecurityChoices,
  SecurityDraftPreview,
} from './config-types.ts';
import type {
  AgentEvent,
  GraphType,
  MeshStatus,
  Overview,
  ResourceId,
  ServiceDetail,
  ServiceList,
  TopologyGraph,
  TrafficPage,
  TrafficRecord,
} from './types.ts';

/** Which part of the traffic a reader wants. */
export interface TrafficScope {
  /** Empty for all. */
  readonly namespaces: readonly string[];
  readonly windowSeconds: number;
  /** End of the window, for looking back; null for now. */
  readonly at: number | null;
}

export interface TopologyQuery extends TrafficScope {
  readonly graphType: GraphType;
}

/** A filter over traffic records; null members do not restrict. */
export interface RecordFilter {
  readonly namespaces: readonly string[];
  /** Workload or app of the caller, `namespace/name` or a bare name. */
  readonly source: string | null;
  readonly destination: string | null;
  readonly service: string | null;
  readonly method: string | null;
  readonly pathContains: string | null;
  /** `404`, `5xx`, `-`. */
  readonly code: string | null;
  /** Short flag: `UF`. */
  readonly flag: string | null;
  readonly refusedOnly: boolean;
  readonly reporter: 'source' | 'destination' | 'gateway' | null;
  readonly limit: number;
}

/** Who changes the configuration, and why. */
export interface ChangeAuthor {
  readonly who: string;
  readonly why: string;
  readonly origin: 'console' | 'cli';
}

export interface ApplyRequest extends ChangeAuthor {
  readonly changes: readonly DraftChange[];
  /** When given, the apply is refused if the configuration has moved on since. */
  readonly baseRevision: number | null;
}

/** Everything the router can ask: implemented by the operations. */
export interface AgentApi {
  readStatus(): MeshStatus;
  listLocalWorkloads(): readonly LocalWorkload[];
  readGroupWorkload(group: GroupWorkloadQuery): LocalWorkload;
  readOverview(scope: TrafficScope): Overview;
  readTopology(query: TopologyQuery): TopologyGraph;
  listServices(scope: TrafficScope): ServiceList;
  readService(key: string, scope: TrafficScope): ServiceDetail;
  listRollouts(scope: TrafficScope): RolloutList;
  readRollout(id: string, scope: TrafficScope): RolloutDetail;
  previewWeights(id: string, weights: readonly number[]): ConfigPreview;
  applyWeights(id: string, weights: readonly number[], author: ChangeAuthor): Promise<ApplyResult>;
  listPolicies(scope: TrafficScope): readonly PolicySummary[];
  readEffectiveMtls(scope: TrafficScope): readonly EffectiveMtls[];
  readSecurityChoices(): SecurityChoices;
  previewSecurityDraft(changes: readonly DraftChange[]): Promise<SecurityDraftPreview>;
  readRecords(filter: RecordFilter): TrafficPage;
  listResources(namespaces: readonly string[]): ResourceList;
  readResource(id: ResourceId): ResourceDetail;
  readFile(file: string): { readonly file: string; readonly text: string };
  analyzeDraft(changes: readonly DraftChange[]): DraftAnalysis;
  previewChanges(changes: readonly DraftChange[]): ConfigPreview;
  applyChanges(request: ApplyRequest): Promise<ApplyResult>;
  listRevisions(limit: number, before: number | null): readonly Revision[];
  readRevision(id: number): RevisionDetail;
  undoRevision(id: number | null, author: ChangeAuthor): Promise<ApplyResult>;
  restoreRevision(id: number, author: ChangeAuthor): Promise<ApplyResult>;
  readConvergence(revision: number | null): Convergence;
  readDemoSettings(): Promise<DemoSettings>;
  changeDemoSettings(workload: string, settings: { readonly errorPercent: number; readonly latencyMs: number }): Promise<DemoSettings>;
  /** Ends when `signal` aborts. */
  events(signal: AbortSignal): AsyncIterable<AgentEvent>;
  /** Records as they come in, a batch at a time. */
  tap(filter: RecordFilter, signal: AbortSignal): AsyncIterable<readonly TrafficRecord[]>;
  /** Ticks after every scrape and at once after a change of configuration or proxies: the pulse of live views. */
  pulse(signal: AbortSignal): AsyncIterable<void>;
}
