import { buildStringMatcher } from '@weft/core/plan/build-matcher';
import { compileRegex, type Regex } from '@weft/core/plan/regex';
import type { StatsConfigJson, StatsMatcherJson } from '@weft/envoy-api/envoy/config/metrics/v3/stats_pb';
import type { StringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';
import type { Bootstrap } from '../xds/bootstrap.ts';
import { defaultBuckets } from './registry.ts';
import type { Labels, StatSample } from './stat-sample.ts';

/** What the bootstrap says of stats. */
export interface StatsConfig {
  /** Histogram bounds of a dotted name, ascending. */
  readonly bucketsOf: (name: string) => readonly number[];
  /** Whether the stat of this dotted name is to be shown. */
  readonly isShown: (name: string) => boolean;
  /** Makes tags of names as told. */
  readonly retagged: (samples: readonly StatSample[]) => readonly StatSample[];
}

const bucketsAnnotation = 'sidecar.istio.io/statsHistogramBuckets';

/** Reads `stats_config`, and the buckets that Istio's annotation gives by name prefix: `{"istiocustom":[1,5,10]}`. */
export function buildStatsConfig(bootstrap: Bootstrap): StatsConfig {
  const config = bootstrap.statsConfig ?? {};
  const buckets = [...annotatedBuckets(bootstrap), ...configuredBuckets(config)];
  const accepts = buildMatcher(config.statsMatcher);
  const retag = buildTags(config);
  return {
    bucketsOf: (name) => buckets.find(({ matches }) => matches(name))?.bounds ?? defaultBuckets,
    isShown: accepts ?? (() => true),
    retagged: (samples) => (retag === null ? samples : samples.map(retag)),
  };
}

interface Buckets {
  readonly matches: (name: string) => boolean;
  readonly bounds: readonly number[];
}

function configuredBuckets(config: StatsConfigJson): Buckets[] {
  return (config.histogramBucketSettings ?? []).map(({ match, buckets }) => ({
    matches: nameTest(match ?? {}),
    bounds: ascending((buckets ?? []).map(Number)),
  }));
}

function annotatedBuckets(bootstrap: Bootstrap): Buckets[] {
  const metadata = bootstrap.node?.metadata as { readonly ANNOTATIONS?: Readonly<Record<string, unknown>> } | undefined;
  const text = metadata?.ANNOTATIONS?.[bucketsAnnotation];
  if (typeof text !== 'string') return [];
  try {
    const byPrefix = JSON.parse(text) as Readonly<Record<string, readonly number[]>>;
    return Object.entries(byPrefix).map(([prefix, bounds]) => ({
      matches: (name) => name.startsWith(prefix),
      bounds: ascending(bounds.map(Number)),
    }));
  } catch {
    // As Istio: an annotation that cannot be read counts for nothing.
    return [];
  }
}

function ascending(bounds: readonly number[]): number[] {
  return bounds.filter((bound) => bound > 0).sort((a, b) => a - b);
}

function buildMatcher(json: StatsMatcherJson | undefined): ((name: string) => boolean) | null {
  if (json === undefined) return null;
  if (json.rejectAll === true) return () => false;
  const included = json.inclusionList?.patterns?.map(nameTest);
  if (included !== undefined) return (name) => included.some((matches) => matches(name));
  const excluded = json.exclusionList?.patterns?.map(nameTest);
  return excluded === undefined ? null : (name) => !excluded.some((matches) => matches(name));
}

function nameTest(json: StringMatcherJson): (name: string) => boolean {
  return buildStringMatcher(json).matches;
}

interface Extractor {
  readonly tagName: string;
  /** Null for a tag that every stat has. */
  readonly regex: Regex | null;
  readonly fixedValue: string;
}

/** `stats_tags`: the whole match's first group leaves the name, the second is the tag's value; or a fixed value for every stat. */
function buildTags(config: StatsConfigJson): ((sample: StatSample) => StatSample) | null {
  const keepsDefaults = config.useAllDefaultTags !== false;
  const extractors = (config.statsTags ?? []).flatMap(({ tagName = '', regex, fixedValue }): Extractor[] => {
    if (fixedValue !== undefined) return [{ tagName, regex: null, fixedValue }];
    const compiled = regex ? compileRegex(regex) : null;
    return compiled === null ? [] : [{ tagName, regex: compiled, fixedValue: '' }];
  });
  if (keepsDefaults && extractors.length === 0) return null;
  return (sample) => {
    if (sample.isCustom) return sample;
    let name = keepsDefaults ? sample.extractedName : sample.name;
    const labels: Labels[number][] = keepsDefaults ? [...sample.labels] : [];
    for (const { tagName, regex, fixedValue } of extractors) {
      if (regex === null) {
        labels.push([tagName, fixedValue]);
        continue;
      }
      const found = regex.find(sample.name);
      if (found === null) continue;
      const removed = found[1] ?? '';
      labels.push([tagName, found[2] ?? removed]);
      name = name.replace(removed, '');
    }
    return { ...sample, extractedName: name, labels };
  };
}
