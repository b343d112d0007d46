import type { FormatOutput, FormatSegment, FormatTree } from '@weft/core/plan/format-plan';
import { evaluateFormat, operatorOf } from './format.ts';
import type { LogEntry } from './log-entry.ts';
import { sortedJson } from './sorted-json.ts';

/** Makes one log line, or the body of a local reply. */
type Renderer = (entry: LogEntry) => string;

/** Makes the JSON text of one value; null where the entry has none. */
type JsonRenderer = (entry: LogEntry) => string | null;

const renderers: WeakMap<FormatOutput, Renderer> = new WeakMap();

/** One log line. What the format says is worked out once for each format, not for each line. */
export function renderEntry(output: FormatOutput, entry: LogEntry): string {
  let render = renderers.get(output);
  if (render === undefined) {
    render = makeRenderer(output);
    renderers.set(output, render);
  }
  return render(entry);
}

function makeRenderer(output: FormatOutput): Renderer {
  if (output.kind === 'text') {
    const missing = output.omitEmptyValues ? '' : '-';
    return (entry) => evaluateFormat(output.format, entry, missing);
  }
  const render = makeJson(output.tree, output.omitEmptyValues);
  return (entry) => `${render(entry) ?? 'null'}\n`;
}

function makeJson(tree: FormatTree, omitsEmpty: boolean): JsonRenderer {
  switch (tree.kind) {
    case 'value': {
      const text = tree.value === null ? null : JSON.stringify(tree.value);
      return () => text;
    }
    case 'list': {
      const items = tree.items.map((item) => makeJson(item, omitsEmpty));
      return (entry) => `[${listItems(items, entry, omitsEmpty).join(',')}]`;
    }
    case 'object':
      return makeObject(tree.fields, omitsEmpty);
    case 'format': {
      const [only] = tree.format.segments;
      if (tree.format.segments.length === 1 && only?.kind === 'operator') return makeValue(only);
      return (entry) => quote(evaluateFormat(tree.format, entry));
    }
  }
}

function listItems(items: readonly JsonRenderer[], entry: LogEntry, omitsEmpty: boolean): string[] {
  const texts: string[] = [];
  for (const render of items) {
    const text = render(entry);
    if (text !== null || !omitsEmpty) texts.push(text ?? 'null');
  }
  return texts;
}

/** Keys are in order, as in Envoy's logs. */
function makeObject(unordered: readonly (readonly [name: string, tree: FormatTree])[], omitsEmpty: boolean): JsonRenderer {
  const fields = [...unordered].sort(([a], [b]) => (a < b ? -1 : 1));
  const keys = fields.map(([name]) => `${JSON.stringify(name)}:`);
  const values = fields.map(([, field]) => makeJson(field, omitsEmpty));
  return (entry) => {
    let text = '{';
    for (let i = 0; i < keys.length; i++) {
      const value = values[i]?.(entry) ?? null;
      if (value === null && omitsEmpty) continue;
      if (text.length > 1) text += ',';
      text += `${keys[i]}${value ?? 'null'}`;
    }
    return `${text}}`;
  };
}

/** A field that is one operator keeps its type; a missing value is null. */
function makeValue(segment: FormatSegment & { readonly kind: 'operator' }): JsonRenderer {
  const read = operatorOf(segment);
  return (entry) => {
    const value = read(entry);
    if (typeof value === 'string') return quote(value);
    if (value === null || value === undefined) return null;
    return typeof value === 'number' ? String(value) : sortedJson(value);
  };
}

/** What JSON writes with a backslash, and lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what JSON escapes
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/;

function quote(text: string): string {
  return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}
