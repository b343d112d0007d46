import { EVENT_ID, type Event, getScalarValue, parseEvents } from 'js-yaml';
import { type PathSegment, parsePath } from './field-path.ts';
import type { Position, ResourceSource } from './resource.ts';
import { flowPadding, withFlowIndented } from './yaml.ts';

type Locator = (path: string) => Position;

/** The source that was asked about last: messages come grouped by resource, and reading a document again is the dear part. */
let last: { readonly source: ResourceSource; readonly locate: Locator } | null = null;

/**
 * Where a field stands in the user's text: the key of a mapping's field, the first character of a list's item. A field that is not there gives the place
 * of its nearest parent. Finding it reads the document again, so ask only for what is shown.
 */
export function locate(source: ResourceSource, path: string): Position {
  if (last?.source !== source) last = { source, locate: createLocator(source) };
  return last.locate(path);
}

/** `locate` for many paths of one source, whose text is read once. */
export function createLocator(source: ResourceSource): Locator {
  const document = readEvents(source.text);
  const root = parsePath(source.path ?? '');
  return (path) => {
    const offset = findOffset(document, [...root, ...parsePath(path)]);
    const line = lineOf(document.lineStarts, offset);
    const column = offset - (document.lineStarts[line] ?? 0) + 1 - (document.movedLines.has(line) ? flowPadding : 0);
    return { file: source.file, line: source.line + line, column };
  };
}

/** A document's events and what makes it quick to walk them. */
interface ReadDocument {
  readonly text: string;
  readonly events: readonly Event[];
  /** For each event that begins a node the index of the event after the node. */
  readonly ends: Uint32Array;
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[];
  readonly movedLines: ReadonlySet<number>;
}

function readEvents(text: string): ReadDocument {
  try {
    const { value, indented, movedLines } = withFlowIndented(text, (indentedText) => parseEvents(indentedText, { maxDepth: 100 }));
    return { text: indented, events: value, ends: endsOf(value), lineStarts: lineStartsOf(indented), movedLines };
  } catch {
    return { text, events: [], ends: new Uint32Array(), lineStarts: lineStartsOf(text), movedLines: new Set() };
  }
}

function endsOf(events: readonly Event[]): Uint32Array {
  const ends = new Uint32Array(events.length);
  const open: number[] = [];
  for (let at = 0; at < events.length; at++) {
    const type = events[at]?.type;
    if (type === EVENT_ID.POP) ends[open.pop() ?? at] = at + 1;
    else if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) open.push(at);
    else ends[at] = at + 1;
  }
  return ends;
}

function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The line that an offset is in, from 0. */
function lineOf(lineStarts: readonly number[], offset: number): number {
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function findOffset(document: ReadDocument, path: readonly PathSegment[]): number {
  const { events } = document;
  let at = events.findIndex((event) => event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE);
  if (at < 0) return 0;
  let offset = startOf(events[at]);
  for (const segment of path) {
    const found = findChild(document, at, segment);
    if (found === null) break;
    offset = found.offset;
    at = found.value;
  }
  return Math.max(0, offset);
}

/** The child's place and the index of its value's event. */
function findChild(
  { text, events, ends }: ReadDocument,
  at: number,
  segment: PathSegment,
): { readonly offset: number; readonly value: number } | null {
  const parent = events[at];
  const after = (node: number): number => ends[node] || events.length;
  if (parent?.type === EVENT_ID.SEQUENCE && typeof segment === 'number') {
    let child = at + 1;
    for (let index = 0; events[child] && events[child]?.type !== EVENT_ID.POP; index++) {
      if (index === segment) return { offset: startOf(events[child]), value: child };
      child = after(child);
    }
  }
  if (parent?.type === EVENT_ID.MAPPING) {
    const name = String(segment);
    for (let key = at + 1; events[key] && events[key]?.type !== EVENT_ID.POP; ) {
      const event = events[key];
      const value = after(key);
      if (event?.type === EVENT_ID.SCALAR && getScalarValue(text, event) === name) return { offset: startOf(event), value };
      key = after(value);
    }
  }
  return null;
}

function startOf(event: Event | undefined): number {
  switch (event?.type) {
    case EVENT_ID.SCALAR:
      return event.valueStart;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    default:
      return 0;
  }
}
