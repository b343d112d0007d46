import { compileRegex } from '@weft/core/plan/regex';
import { prometheusText } from '../telemetry/prometheus-text.ts';
import type { StatSample } from '../telemetry/stat-sample.ts';
import { statsJson, statsText } from '../telemetry/stats-text.ts';
import type { ProxyInside } from './proxy-inside.ts';

interface StatsAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

const formats = ['text', 'json', 'prometheus', 'html', 'active-html'];
const kindByType: Readonly<Record<string, StatSample['kind'] | null>> = {
  All: null,
  Counters: 'counter',
  Gauges: 'gauge',
  Histograms: 'histogram',
};

/** `/stats`: `filter` is an RE2 expression that fits anywhere in a name, `usedonly` leaves out what never counted. */
export function answerStats(proxy: ProxyInside, query: URLSearchParams): StatsAnswer {
  const format = query.get('format') ?? 'text';
  if (!formats.includes(format)) return { status: 400, body: 'usage: /stats?format=(html|active-html|json|prometheus|text)\n\n' };
  const type = query.get('type') ?? 'All';
  const kind = kindByType[type];
  if (kind === undefined) return { status: 400, body: 'usage: /stats?type=(All|Counters|Gauges|Histograms)\n\n' };
  const filter = query.get('filter') ?? '';
  const regex = filter === '' ? null : compileRegex(filter);
  if (filter !== '' && regex === null) return { status: 400, body: `Invalid re2 regex: ${filter}` };
  const isInverted = query.has('invert_filter');
  const samples = proxy.stats().filter((sample) => {
    if (kind !== null && sample.kind !== kind) return false;
    if (query.has('usedonly') && !isUsed(sample)) return false;
    return regex === null || (regex.find(sample.name) !== null) !== isInverted;
  });
  if (format === 'prometheus') return { body: prometheusText(samples) };
  if (format === 'json') return { type: 'application/json', body: JSON.stringify(statsJson(samples)) };
  return { body: statsText(samples) };
}

function isUsed({ value, wasUsed }: StatSample): boolean {
  return value !== 0 || wasUsed === true;
}
