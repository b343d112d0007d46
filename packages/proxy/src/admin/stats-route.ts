import { compileRegex } from '@weft/core/plan/regex';
import { prometheusText } from '../telemetry/prometheus-text.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import { type BucketMode, statsJson, statsText } from '../telemetry/stats-text.ts';
import type { ProxyInside } from './proxy-inside.ts';

interface StatsAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

const formats = ['text', 'json', 'prometheus', 'html', 'active-html'];
/** There are no stats of text. */
const kindByType: Readonly<Record<string, StatSample['kind'] | 'text' | null>> = {
  All: null,
  Counters: 'counter',
  Gauges: 'gauge',
  Histograms: 'histogram',
  TextReadouts: 'text',
};

/** `/stats`: `filter` is an RE2 expression that fits anywhere in a name, `usedonly` leaves out what never counted. */
export function answerStats(proxy: ProxyInside, query: URLSearchParams): StatsAnswer {
  const format = query.get('format') ?? 'text';
  if (!formats.includes(format)) return { status: 400, body: 'usage: /stats?format=(html|active-html|json|prometheus|text)\n\n' };
  const type = query.get('type') ?? 'All';
  const kind = kindByType[type];
  if (kind === undefined) return { status: 400, body: 'usage: /stats?type=(All|Counters|Histograms|Gauges|TextReadouts)\n\n' };
  const buckets = query.get('histogram_buckets') ?? defaultMode[format] ?? 'summary';
  if (!isBucketMode(buckets)) return { status: 400, body: 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n\n' };
  const filter = query.get('filter') ?? '';
  const regex = filter === '' ? null : compileRegex(filter);
  if (filter !== '' && regex === null) return { status: 400, body: `Invalid re2 regex: ${filter}` };
  const isInverted = query.has('invert_filter');
  const samples = proxy.stats().filter((sample) => {
    if (kind !== null && sample.kind !== kind) return false;
    if (query.has('usedonly') && !isUsed(sample)) return false;
    return regex === null || (regex.find(sample.name) !== null) !== isInverted;
  });
  if (format === 'prometheus') {
    if (buckets !== 'cumulative' && buckets !== 'summary') return { status: 400, body: 'unsupported prometheus histogram bucket mode' };
    return { body: prometheusText(samples, buckets) };
  }
  if (format === 'json') return { type: 'application/json', body: JSON.stringify(statsJson(samples, buckets)) };
  return { body: statsText(samples, buckets) };
}

const bucketModes: readonly string[] = ['cumulative', 'detailed', 'disjoint', 'summary'];
const defaultMode: Readonly<Record<string, BucketMode>> = { prometheus: 'cumulative' };

function isBucketMode(text: string): text is BucketMode {
  return bucketModes.includes(text);
}

function isUsed({ value, wasUsed }: StatSample): boolean {
  return value !== 0 || wasUsed === true;
}
