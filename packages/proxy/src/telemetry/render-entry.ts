import type { FormatOutput, FormatSegment, FormatTree } from '@weft/core/plan/format-plan';
import { byteOperatorOf, evaluateFormat, isFromBytes } from './format.ts';
import { headerText } from './header-text.ts';
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
  const texts = fields.map(([name, tree]) => {
    const key = JSON.stringify(name);
    return { render: makeJson(tree, omitsEmpty), first: `{${key}:`, next: `,${key}:`, missing: `,${key}:null` };
  });
  return (entry) => {
    let text = '';
    for (const { render, first, next, missing } of texts) {
      const value = render(entry);
      if (text === '') {
        if (value !== null || !omitsEmpty) text = first + (value ?? 'null');
      } else if (value !== null) text += next + value;
      else if (!omitsEmpty) text += missing;
    }
    return text === '' ? '{}' : `${text}}`;
  };
}

/** A field that is one operator keeps its type; a missing value is null. */
function makeValue(segment: FormatSegment & { readonly kind: 'operator' }): JsonRenderer {
  const read = byteOperatorOf(segment);
  const decode = isFromBytes(segment) ? headerText : null;
  return (entry) => {
    const value = read(entry);
    if (typeof value === 'string') return quote(value, decode);
    if (value === null || value === undefined) return null;
    return typeof value === 'number' ? String(value) : sortedJson(value);
  };
}

/** What JSON may write with a backslash, and what may stand for bytes of UTF-8: nearly all texts have neither, and are looked through once. */
const isUnusual = /[^ !#-[\]-~]/;

/** A text as JSON; `decode` is for those that are bytes of a message. */
function quote(text: string, decode: ((bytes: string) => string) | null = null): string {
  if (!isUnusual.test(text)) return `"${text}"`;
  return JSON.stringify(decode === null ? text : decode(text));
}
