import { EVENT_ID, type Event, getScalarValue, parseEvents } from 'js-yaml';
import { type PathSegment, parsePath } from './field-path.ts';
import type { Position, ResourceSource } from './resource.ts';
import { flowPadding, withFlowIndented } from './yaml.ts';

/**
 * Where a field stands in the user's text: the key of a mapping's field, the first character of a list's item. A field that is not there gives the place
 * of its nearest parent. Finding it reads the document again, so ask only for what is shown.
 */
export function locate(source: ResourceSource, path: string): Position {
  return createLocator(source)(path);
}

/** `locate` for many paths of one source, whose text is read once. */
export function createLocator(source: ResourceSource): (path: string) => Position {
  const { text, events, movedLines } = readEvents(source.text);
  const root = parsePath(source.path ?? '');
  return (path) => {
    const offset = findOffset(text, events, [...root, ...parsePath(path)]);
    const before = text.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    let line = 0;
    for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
    const column = offset - lineStart + 1 - (movedLines.has(line) ? flowPadding : 0);
    return { file: source.file, line: source.line + line, column };
  };
}

function readEvents(text: string): { readonly text: string; readonly events: readonly Event[]; readonly movedLines: ReadonlySet<number> } {
  try {
    const { value, indented, movedLines } = withFlowIndented(text, (indentedText) => parseEvents(indentedText, { maxDepth: 100 }));
    return { text: indented, events: value, movedLines };
  } catch {
    return { text, events: [], movedLines: new Set() };
  }
}

function findOffset(text: string, events: readonly Event[], path: readonly PathSegment[]): number {
  let at = events.findIndex((event) => event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE);
  if (at < 0) return 0;
  let offset = startOf(events[at]);
  for (const segment of path) {
    const found = findChild(text, events, at, segment);
    if (found === null) break;
    offset = found.offset;
    at = found.value;
  }
  return Math.max(0, offset);
}

/** The child's place and the index of its value's event. */
function findChild(text: string, events: readonly Event[], at: number, segment: PathSegment): { offset: number; value: number } | null {
  const parent = events[at];
  if (parent?.type === EVENT_ID.SEQUENCE && typeof segment === 'number') {
    let child = at + 1;
    for (let index = 0; events[child] && events[child]?.type !== EVENT_ID.POP; index++) {
      if (index === segment) return { offset: startOf(events[child]), value: child };
      child = skip(events, child);
    }
  }
  if (parent?.type === EVENT_ID.MAPPING) {
    const name = String(segment);
    for (let key = at + 1; events[key] && events[key]?.type !== EVENT_ID.POP; ) {
      const event = events[key];
      const value = skip(events, key);
      if (event?.type === EVENT_ID.SCALAR && getScalarValue(text, event) === name) return { offset: startOf(event), value };
      key = skip(events, value);
    }
  }
  return null;
}

/** The index after the node that starts at `at`. */
function skip(events: readonly Event[], at: number): number {
  let depth = 0;
  let next = at;
  do {
    const type = events[next]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth++;
    else if (type === EVENT_ID.POP) depth--;
    next++;
  } while (depth > 0 && next < events.length);
  return next;
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
