import type { AnalysisCache } from '@weft/core/analyze/analysis-cache';
import { analyze } from '@weft/core/analyze/analyze';
import type { Message } from '@weft/core/analyze/message';
import { isPatchApplicable } from '@weft/core/compile/envoy-filter';
import type { Mesh } from '@weft/core/mesh/mesh';
import { createMeshSettings, type MeshSettings } from '@weft/core/mesh/mesh-settings';
import { resolveMesh } from '@weft/core/mesh/resolve-mesh';
import type { ResourceSet, WorkloadGroup } from '@weft/core/resource/kinds';
import type { Resource } from '@weft/core/resource/resource';
import { createResourceSet } from '@weft/core/resource/resource-set';
import type { Finding } from '../api/types.ts';
import { builtInFile } from './built-in.ts';
import { readMeshConfiguration } from './mesh-configuration.ts';
import { type ParsedFile, parseFile } from './parsed-file.ts';
import { resourceId } from './resource-id.ts';

/** A whole configuration: what is in force, or what a draft would make of it. */
export interface Configuration {
  readonly files: ReadonlyMap<string, string>;
  readonly parsedByFile: ReadonlyMap<string, ParsedFile>;
  readonly set: ResourceSet;
  readonly settings: MeshSettings;
  /** What the analyzers say, and what validation and the parser say about the files; worked out when first asked for. */
  findings(): readonly Finding[];
  /** Worked out when first asked for. */
  mesh(): Mesh;
}

/** What is the same for every configuration of an agent. */
export interface ConfigurationContext {
  /** What analyses of this agent's configurations have in common: a draft is analysed for what it changes. */
  readonly analysis: AnalysisCache;
  readonly builtIn: readonly Resource[];
  /** WorkloadEntries of workloads that have registered themselves. */
  readonly registered: (groups: readonly WorkloadGroup[]) => readonly Resource[];
  readonly sendsTrafficRecords: boolean;
  /** Addresses of the mesh's names that were looked up. */
  readonly addressesByName: () => Readonly<Record<string, readonly string[]>>;
}

/** Makes a configuration from files; unchanged files and unchanged parts of the mesh are taken over from `previous`. */
export function createConfiguration(
  files: ReadonlyMap<string, string>,
  previous: Configuration | null,
  context: ConfigurationContext,
): Configuration {
  const parsedByFile = new Map<string, ParsedFile>();
  for (const [file, text] of files) {
    const known = previous?.parsedByFile.get(file);
    parsedByFile.set(file, known?.text === text ? known : parseFile(file, text, previous?.settings.rootNamespace ?? 'istio-system'));
  }
  const own = [...parsedByFile.values()].flatMap(({ valid }) => valid);
  const ids = new Set(own.map(({ ref }) => resourceId(ref)));
  const registered = context.registered(createResourceSet(own).ofKind('WorkloadGroup'));
  const builtIn = [...context.builtIn, ...registered].filter(({ ref }) => !ids.has(resourceId(ref)));
  const set = createResourceSet([...builtIn, ...own]);
  const { meshConfig, meshNetworks, clusterId, findings: settingsFindings } = readMeshConfiguration(set, context.sendsTrafficRecords);
  const settings = createMeshSettings(meshConfig, meshNetworks, { clusterId, addressesByName: context.addressesByName() });
  const fileFindings = [...parsedByFile.values()].flatMap(({ findings }) => findings);
  const mesh = once(() => resolveMesh(set, settings, previous?.mesh() ?? null));
  const findings = once(() => [...fileFindings, ...settingsFindings, ...analyzed(set, settings, context.analysis)].sort(byPlace));
  return { files, parsedByFile, set, settings, mesh, findings };
}

/** All resources a configuration's files hold, invalid ones too. */
export function writtenResources({ parsedByFile }: Configuration): readonly Resource[] {
  return [...parsedByFile.values()].flatMap(({ valid, invalid }) => [...valid, ...invalid]);
}

function analyzed(set: ResourceSet, { meshConfig, meshNetworks, rootNamespace }: MeshSettings, cache: AnalysisCache): readonly Finding[] {
  return analyze(set, { meshConfig, meshNetworks, rootNamespace, isPatchApplicable, cache })
    .filter((message) => message.reference.file !== builtInFile)
    .map(messageFinding);
}

function messageFinding({ code, level, origin, message, path, resource, reference, documentationUrl }: Message): Finding {
  const { file, line, column } = reference;
  return { code, level, source: 'analyze', origin, resourceId: resourceId(resource), message, path, file, line, column, documentationUrl };
}

function byPlace(a: Finding, b: Finding): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
