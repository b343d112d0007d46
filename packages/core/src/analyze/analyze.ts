import { formatRef } from '../base/refs.ts';
import type { KindKey, ResourceSet } from '../resource/kinds.ts';
import { locate } from '../resource/locate.ts';
import type { MeshConfig, MeshNetworks } from '../resource/mesh-config.ts';
import type { Position, Resource } from '../resource/resource.ts';
import { type AnalysisCache, type AnalysisMemory, emptyMemory, type SetResult } from './analysis-cache.ts';
import { type AnalysisInput, prepareInput } from './analysis-input.ts';
import type { AnalysisSettings, Analyzer, Finding, IsPatchApplicable, ResourceAnalyzer, SetAnalyzer } from './analyzer.ts';
import { istioAnalyzers } from './analyzers.ts';
import { defaultResources } from './default-resources.ts';
import { checkClusterServices, multiClusterServicesNames } from './istio/multi-cluster-services.ts';
import type { Message } from './message.ts';
import { documentationUrl, messageTypes } from './message-types.ts';
import { createResourceIndex, indexedKinds, type ResourceIndex } from './resource-index.ts';
import { changedKinds, intersects, isInSameNamespaces, recordReads } from './set-changes.ts';
import { isSuppressed, type Suppression } from './suppression.ts';
import { weftAnalyzers } from './weft-analyzers.ts';

export interface AnalyzeOptions {
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  /** Namespace whose policies hold everywhere. Default: the mesh configuration's. */
  readonly rootNamespace?: string;
  /** DNS suffix of Kubernetes services. Default `cluster.local`. */
  readonly domain?: string;
  /**
   * Names of analyzers to run instead of all; Istio's then answer exactly as Istio's do. Names that nobody has are left out: see `analyzerNames`.
   */
  readonly analyzers?: readonly string[];
  readonly suppress?: readonly Suppression[];
  /** Only messages about this namespace and about resources outside namespaces. */
  readonly namespace?: string;
  /** Resources of further clusters of the mesh, by cluster name. */
  readonly clusters?: Readonly<Record<string, ResourceSet>>;
  /** Milliseconds since 1970, to tell whether certificates have expired; without it time does not count. */
  readonly now?: number | null;
  /** Whether Weft can apply a patch of an EnvoyFilter, which knows only who compiles; without it nothing is said about patches. */
  readonly isPatchApplicable?: IsPatchApplicable;
  /** Keeps findings about unchanged resources between analyses. */
  readonly cache?: AnalysisCache;
}

/** The names that `analyzers` may hold. */
export const analyzerNames: readonly string[] = [
  ...[...istioAnalyzers, ...weftAnalyzers].map((analyzer) => analyzer.name),
  ...multiClusterServicesNames,
].sort();

const levelOrder = { Error: 0, Warning: 1, Info: 2 } as const;

/**
 * What is wrong with the resources of a mesh, each by itself and all together: errors first, then by code and resource. The same resources give the same
 * messages whatever their order. Never throws, whatever the resources hold.
 */
export function analyze(set: ResourceSet, options: AnalyzeOptions): readonly Message[] {
  const settings = settingsOf(options);
  const memory = (settings.exact ? null : options.cache)?.under(settings) ?? emptyMemory();
  memory.defaults ??= defaultResources(settings.meshConfig, settings.rootNamespace);
  const input = prepareInput(set, options.clusters ?? {}, memory.defaults);
  const findings = runAnalyzers(input, settings, memory, options);
  const messages = new Map<string, Message>();
  for (const finding of findings) {
    const message = toMessage(finding, input.clusterByResource.get(finding.resource) ?? '');
    const key = `${message.code} ${message.origin} ${finding.identity ?? `${finding.path} ${finding.message}`}`;
    if (!messages.has(key) && isWanted(message, finding.resource, options)) messages.set(key, message);
  }
  return [...messages.values()].sort(compareMessages);
}

function settingsOf({
  meshConfig,
  meshNetworks,
  rootNamespace,
  domain,
  analyzers,
  now,
  isPatchApplicable,
}: AnalyzeOptions): AnalysisSettings {
  return {
    meshConfig,
    meshNetworks,
    rootNamespace: rootNamespace || meshConfig.rootNamespace || 'istio-system',
    domain: domain || meshConfig.clusterDomain || 'cluster.local',
    now: now ?? null,
    isPatchApplicable: isPatchApplicable ?? null,
    exact: (analyzers ?? []).length > 0,
  };
}

function runAnalyzers(
  input: AnalysisInput,
  settings: AnalysisSettings,
  memory: AnalysisMemory,
  options: AnalyzeOptions,
): readonly Finding[] {
  const wanted = new Set(options.analyzers ?? []);
  const isChosen = (analyzer: Analyzer): boolean => (wanted.size === 0 ? analyzer.isDefault : wanted.has(analyzer.name));
  const chosen = [...istioAnalyzers, ...weftAnalyzers].filter(isChosen);
  const perResource = chosen.filter((analyzer): analyzer is ResourceAnalyzer => analyzer.scope === 'resource');
  const perSet = chosen.filter((analyzer): analyzer is SetAnalyzer => analyzer.scope === 'set');
  const findings = [...checkResources(input, perResource, settings, memory), ...checkSet(input, perSet, settings, memory)];
  if (wanted.size === 0 || multiClusterServicesNames.some((name) => wanted.has(name))) {
    const services = Object.values(options.clusters ?? {}).flatMap((cluster) => cluster.ofKind('Service'));
    const clusterOf = (resource: Resource): string => input.clusterByResource.get(resource) ?? '';
    checkClusterServices(services, clusterOf, (finding) => void findings.push(finding));
  }
  return findings;
}

/** Runs the analyzers that look at one resource at a time, only over what is new. */
function checkResources(
  { set }: AnalysisInput,
  analyzers: readonly ResourceAnalyzer[],
  settings: AnalysisSettings,
  { findingsByResource }: AnalysisMemory,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const kind of new Set(analyzers.flatMap((analyzer) => analyzer.inputs))) {
    const concerned = analyzers.filter((analyzer) => analyzer.inputs.includes(kind));
    for (const resource of set.ofKind(kind)) {
      const known = findingsByResource.get(resource);
      const found: Finding[] = [];
      if (!known) {
        for (const analyzer of concerned) analyzer.check(resource, settings, (finding) => void found.push(finding));
        findingsByResource.set(resource, found);
      }
      findings.push(...(known ?? found));
    }
  }
  return findings;
}

/** Runs the analyzers that look at resources together, only those that read kinds of which something has changed. */
function checkSet(
  { set, added }: AnalysisInput,
  analyzers: readonly SetAnalyzer[],
  settings: AnalysisSettings,
  memory: AnalysisMemory,
): readonly Finding[] {
  const { last } = memory;
  const changed = last ? changedKinds(last.set, set) : new Set<KindKey>();
  const known = last && !intersects(changed, indexedKinds) && isInSameNamespaces(last.set, set) ? last : null;
  const index = known?.index ?? createResourceIndex(set, { domain: settings.domain, added, onlyPods: settings.exact });
  const results = new Map<SetAnalyzer, SetResult>();
  for (const analyzer of analyzers) {
    const kept = known?.results.get(analyzer);
    results.set(analyzer, kept && !intersects(kept.reads, changed) ? kept : runOnSet(analyzer, { ...settings, set, index }));
  }
  memory.last = { set, index, results };
  return [...results.values()].flatMap((result) => result.findings);
}

function runOnSet(
  analyzer: SetAnalyzer,
  context: AnalysisSettings & { readonly set: ResourceSet; readonly index: ResourceIndex },
): SetResult {
  const reads = new Set<KindKey>();
  const findings: Finding[] = [];
  analyzer.analyze({ ...context, set: recordReads(context.set, reads), report: (finding) => void findings.push(finding) });
  return { reads, findings };
}

function toMessage({ type, resource, path, message, proof }: Finding, cluster: string): Message {
  let position: Position | null = null;
  return {
    code: messageTypes[type].code,
    type,
    level: messageTypes[type].level,
    origin: formatRef(resource.ref),
    message,
    path,
    resource: resource.ref,
    get reference() {
      position ??= locate(resource.source, path);
      return position;
    },
    proof: proof ?? [],
    documentationUrl: documentationUrl(type),
    cluster,
  };
}

function isWanted(message: Message, resource: Resource, { namespace, suppress }: AnalyzeOptions): boolean {
  if (isSuppressed(message.code, resource, suppress ?? [])) return false;
  const own = resource.ref.kind === 'Namespace' && resource.ref.group === '' ? resource.ref.name : resource.ref.namespace;
  return !namespace || own === '' || own === namespace;
}

function compareMessages(a: Message, b: Message): number {
  return (
    levelOrder[a.level] - levelOrder[b.level] ||
    compareText(a.code, b.code) ||
    compareText(a.origin, b.origin) ||
    compareText(a.cluster, b.cluster) ||
    compareText(a.path, b.path) ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
