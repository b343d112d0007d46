import { stableText } from '../base/stable-hash.ts';
import type { KindKey, ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import type { AnalysisSettings, Finding, SetAnalyzer } from './analyzer.ts';
import type { ResourceIndex } from './resource-index.ts';

/** What analyses of one mesh have in common, kept from one to the next. */
export interface AnalysisCache {
  /** What was kept under these settings; empty when they are others than last time. */
  under(settings: AnalysisSettings): AnalysisMemory;
}

/** What is kept while the settings stay the same. */
export interface AnalysisMemory {
  /** The resources that analysis adds by itself, once they are made. */
  defaults: readonly Resource[] | null;
  /** What the analyzers that look at one resource at a time found about it. */
  readonly findingsByResource: WeakMap<Resource, readonly Finding[]>;
  /** The last analysis. */
  last: LastAnalysis | null;
}

/** What the analyzers that look at resources together worked on, and found. */
export interface LastAnalysis {
  readonly set: ResourceSet;
  readonly index: ResourceIndex;
  readonly results: ReadonlyMap<SetAnalyzer, SetResult>;
}

/** What an analyzer found, and the kinds it read for that besides those of the index. */
export interface SetResult {
  readonly reads: ReadonlySet<KindKey>;
  readonly findings: readonly Finding[];
}

/** An empty cache; give it to each analysis of one mesh. */
export function createAnalysisCache(): AnalysisCache {
  let under: AnalysisSettings | null = null;
  let memory = emptyMemory();
  return {
    under(settings) {
      if (under === null || !isSame(under, settings)) memory = emptyMemory();
      under = settings;
      return memory;
    },
  };
}

/** What is kept before the first analysis. */
export function emptyMemory(): AnalysisMemory {
  return { defaults: null, findingsByResource: new WeakMap(), last: null };
}

function isSame(a: AnalysisSettings, b: AnalysisSettings): boolean {
  return (Object.keys(b) as readonly (keyof AnalysisSettings)[]).every(
    (key) => a[key] === b[key] || (key !== 'isPatchApplicable' && stableText(a[key]) === stableText(b[key])),
  );
}
