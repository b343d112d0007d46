/** Steps from a document's root: keys, and `[]` for an item of a list. */
export type YamlPath = readonly string[];

export interface YamlContext {
  /** Where the line's key stands: the path of the mapping that holds it. */
  readonly parent: YamlPath;
  /** The key on the line, whole or begun; empty before the first letter. */
  readonly key: string;
  /** Whether the position is behind the key's colon. */
  readonly isValue: boolean;
  /** Column of the key, from 0. */
  readonly keyColumn: number;
  /** First line of the document within the text, from 0. */
  readonly documentLine: number;
}

interface Line {
  /** Column of the first character, from 0. */
  readonly start: number;
  /** Column behind the dashes. */
  readonly keyColumn: number;
  readonly key: string;
  readonly hasColon: boolean;
}

/**
 * What a position in YAML is about, told from indentation alone: text that is being typed is seldom whole enough to parse.
 * `line` and `column` count from 0.
 */
export function yamlContextAt(text: string, line: number, column: number): YamlContext | null {
  const lines = text.split('\n');
  const current = readLine((lines[line] ?? '').slice(0, column), column);
  const whole = readLine(lines[line] ?? '', column);
  const documentLine = lastSeparator(lines, line) + 1;
  if (current === null || whole === null) return null;
  const colon = (lines[line] ?? '').indexOf(':', current.keyColumn);
  return {
    parent: pathAbove(lines, line, documentLine, current),
    key: whole.key,
    isValue: colon >= 0 && column > colon,
    keyColumn: current.keyColumn,
    documentLine,
  };
}

function lastSeparator(lines: readonly string[], line: number): number {
  for (let index = line; index >= 0; index -= 1) if (/^---(\s|$)/.test(lines[index] ?? '')) return index;
  return -1;
}

/** Null for comments. An empty line counts as a key that begins at the column. */
function readLine(text: string, column: number): Line | null {
  const start = text.search(/\S/);
  if (start < 0) return { start: column, keyColumn: column, key: '', hasColon: false };
  if (text[start] === '#') return null;
  const dashes = /^(?:-(?:\s+|$))*/.exec(text.slice(start))?.[0] ?? '';
  const rest = text.slice(start + dashes.length);
  const key = /^["']?([\w./-]*)["']?\s*(:?)/.exec(rest);
  return { start, keyColumn: start + dashes.length, key: key?.[1] ?? '', hasColon: key?.[2] === ':' };
}

function pathAbove(lines: readonly string[], line: number, documentLine: number, current: Line): YamlPath {
  const path: string[] = [];
  let limit = current.keyColumn;
  // In an item, the list's own key may stand at the column of the dash.
  let isItem = false;
  const enterItem = (at: Line) => {
    path.unshift('[]');
    limit = at.start;
    isItem = true;
  };
  if (current.start < current.keyColumn) enterItem(current);
  for (let index = line - 1; index >= documentLine && (limit > 0 || isItem); index -= 1) {
    const text = lines[index] ?? '';
    if (text.trim() === '') continue;
    const above = readLine(text, 0);
    if (above === null) continue;
    const hasDash = above.start < above.keyColumn;
    if (above.hasColon && (above.keyColumn < limit || (isItem && above.keyColumn === limit && !hasDash))) {
      path.unshift(above.key);
      limit = above.keyColumn;
      isItem = false;
      if (hasDash) enterItem(above);
    } else if (hasDash && !isItem && above.keyColumn === limit) {
      enterItem(above);
    }
  }
  return path;
}
