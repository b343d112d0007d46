import type { Resource } from '../resource/resource.ts';
import type { AnalysisSettings, Finding } from './analyzer.ts';

/** Findings about single resources, kept from one analysis to the next while resource and settings stay the same objects. */
export interface AnalysisCache {
  /** The findings kept for these settings; empty when they are others than last time. */
  findingsUnder(settings: AnalysisSettings): WeakMap<Resource, readonly Finding[]>;
}

/** An empty cache; give it to each analysis of one mesh. */
export function createAnalysisCache(): AnalysisCache {
  let under: AnalysisSettings | null = null;
  let findings = new WeakMap<Resource, readonly Finding[]>();
  return {
    findingsUnder(settings) {
      const isSame =
        under !== null &&
        under.meshConfig === settings.meshConfig &&
        under.rootNamespace === settings.rootNamespace &&
        under.domain === settings.domain &&
        under.exact === settings.exact;
      if (!isSame) findings = new WeakMap();
      under = settings;
      return findings;
    },
  };
}
