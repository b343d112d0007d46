import { commonLabels, istioMetrics, missingLabels } from './istio-metric-names.ts';

/** Something wrong with a line of a metrics page; lines count from 1. */
export interface LintProblem {
  readonly line: number;
  readonly metric: string;
  readonly message: string;
}

interface Family {
  type: string | null;
  hasHelp: boolean;
  hasSamples: boolean;
  isClosed: boolean;
}

interface PageState {
  readonly families: Map<string, Family>;
  readonly seen: Map<string, number>;
  /** Buckets by series without `le`, in order. */
  readonly buckets: Map<string, { readonly line: number; readonly metric: string; readonly le: number; readonly value: number }[]>;
  current: string;
}

const types: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})?[ \t]+(\S+)(?:[ \t]+(-?\d+))?[ \t]*$/;
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

/** What is wrong with a page of the Prometheus text format, and with Istio's metrics on it: their types, names and labels. */
export function lintExposition(page: string): readonly LintProblem[] {
  const problems: LintProblem[] = [];
  const state: PageState = { families: new Map(), seen: new Map(), buckets: new Map(), current: '' };
  const lines = page.split('\n');
  for (const [index, text] of lines.entries()) {
    const report = (metric: string, message: string): void => void problems.push({ line: index + 1, metric, message });
    if (text.startsWith('#')) checkComment(text, state, report);
    else if (text.trim() !== '') checkSample(text, index + 1, state, report);
  }
  if (page !== '' && !page.endsWith('\n'))
    problems.push({ line: lines.length, metric: '', message: 'the last line must end with a newline' });
  for (const buckets of state.buckets.values()) checkBuckets(buckets, problems);
  return problems.sort((a, b) => a.line - b.line);
}

type Report = (metric: string, message: string) => void;

function checkComment(text: string, state: PageState, report: Report): void {
  const match = /^#\s+(HELP|TYPE)\s+(\S+)(?:\s+(.*))?$/.exec(text);
  if (!match) return;
  const [, what, name = '', rest = ''] = match;
  const family = familyOf(state, name);
  if (family.hasSamples) report(name, `# ${what} must come before the samples of ${name}`);
  if (what === 'HELP') {
    if (family.hasHelp) report(name, `a second # HELP for ${name}`);
    family.hasHelp = true;
    return;
  }
  if (family.type !== null) report(name, `a second # TYPE for ${name}`);
  if (!types.has(rest)) report(name, `unknown type ${JSON.stringify(rest)}: expected ${[...types].join(', ')}`);
  family.type = rest;
  const expected = istioMetrics.get(name);
  if (expected !== undefined && expected !== rest) report(name, `Istio's ${name} is a ${expected}, found ${rest}`);
}

function checkSample(text: string, line: number, state: PageState, report: Report): void {
  const match = samplePattern.exec(text);
  if (!match) {
    report('', 'not a sample: expected name{label="value"} number [timestamp]');
    return;
  }
  const [, name = '', braces = '', value = ''] = match;
  const labels = readLabels(braces);
  if (typeof labels === 'string') {
    report(name, labels);
    return;
  }
  const number = readNumber(value);
  if (number === null) {
    report(name, `expected a number, found ${value}`);
    return;
  }
  const base = baseName(name, state);
  const family = familyOf(state, base);
  if (state.current !== base) {
    if (family.isClosed) report(name, `the samples of ${base} must stand together`);
    familyOf(state, state.current).isClosed = true;
    state.current = base;
  }
  family.hasSamples = true;
  const key = seriesKey(name, labels);
  const before = state.seen.get(key);
  if (before !== undefined) report(name, `the same series as on line ${before}`);
  else state.seen.set(key, line);
  if (family.type === 'counter' && number < 0) report(name, 'a counter must not be negative');
  if (family.type === 'histogram' && name === `${base}_bucket`) {
    const le = labels.get('le');
    if (le === undefined || readNumber(le) === null) report(name, 'a bucket needs the label le with a number');
    else {
      const others = seriesKey(base, new Map([...labels].filter(([label]) => label !== 'le')));
      const list = state.buckets.get(others) ?? [];
      list.push({ line, metric: name, le: readNumber(le) ?? 0, value: number });
      state.buckets.set(others, list);
    }
  }
  checkIstio(base, family, labels, report);
}

/** Istio's own metrics: known names, the type declared, all their labels and no others than tag overrides add. */
function checkIstio(base: string, family: Family, labels: ReadonlyMap<string, string>, report: Report): void {
  if (!base.startsWith('istio_')) return;
  if (!istioMetrics.has(base)) {
    report(base, `${base} is no standard metric of Istio`);
    return;
  }
  if (family.type === null) report(base, `# TYPE ${base} is missing`);
  const left = missingLabels(base);
  if (left === null) return;
  const missing = commonLabels.filter((label) => !left.has(label) && !labels.has(label));
  if (missing.length > 0) report(base, `labels are missing: ${missing.join(', ')}`);
  const reporter = labels.get('reporter');
  if (reporter !== undefined && !['source', 'destination', 'waypoint'].includes(reporter)) {
    report(base, `reporter: expected source, destination or waypoint, found ${JSON.stringify(reporter)}`);
  }
  const policy = labels.get('connection_security_policy');
  if (reporter === 'source' && policy !== undefined && policy !== 'unknown') {
    report(base, `connection_security_policy: a source reports unknown, found ${JSON.stringify(policy)}`);
  }
  const empty = commonLabels.filter((label) => label !== 'grpc_response_status' && labels.get(label) === '');
  if (empty.length > 0) report(base, `a missing value is unknown, not empty: ${empty.join(', ')}`);
}

function checkBuckets(
  buckets: readonly { readonly line: number; readonly metric: string; readonly le: number; readonly value: number }[],
  problems: LintProblem[],
): void {
  for (const [index, { line, metric, le, value }] of buckets.entries()) {
    const before = buckets[index - 1];
    if (before && le <= before.le)
      problems.push({ line, metric, message: `le must grow from bucket to bucket, found ${le} after ${before.le}` });
    if (before && value < before.value)
      problems.push({ line, metric, message: `buckets are cumulative, found ${value} after ${before.value}` });
  }
  const last = buckets.at(-1);
  if (last && last.le !== Number.POSITIVE_INFINITY) {
    problems.push({ line: last.line, metric: last.metric, message: 'the last bucket must be le="+Inf"' });
  }
}

/** The labels, or what is wrong with them. */
function readLabels(braces: string): ReadonlyMap<string, string> | string {
  const text = braces.slice(1, -1).trim().replace(/,$/, '');
  const labels = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    labelPattern.lastIndex = at;
    const match = labelPattern.exec(text);
    if (!match) return `labels are written name="value", with \\\\, \\" and \\n escaped; found ${JSON.stringify(text.slice(at, at + 40))}`;
    const [whole, name = '', value = ''] = match;
    if (labels.has(name)) return `label ${name} is given twice`;
    labels.set(name, value);
    at += whole.length;
    while (text[at] === ' ') at++;
  }
  return labels;
}

function readNumber(text: string): number | null {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^NaN$/i.test(text)) return Number.NaN;
  const number = Number(text);
  return Number.isNaN(number) ? null : number;
}

/** The family a sample belongs to: histograms and summaries have several names. */
function baseName(name: string, { families }: PageState): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const type = families.get(base)?.type;
  return base !== name && (type === 'histogram' || type === 'summary' || istioMetrics.get(base) === 'histogram') ? base : name;
}

function familyOf({ families }: PageState, name: string): Family {
  const family = families.get(name) ?? { type: null, hasHelp: false, hasSamples: false, isClosed: false };
  families.set(name, family);
  return family;
}

function seriesKey(name: string, labels: ReadonlyMap<string, string>): string {
  return `${name}${JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
