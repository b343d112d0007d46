import type { FormatPlan, FormatSegment, FormatTree } from './format-plan.ts';

/** As Envoy's: an argument ends where `)` is followed by the operator's end, so it may hold parentheses itself. */
const operator = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/y;

/** Parses an Envoy substitution format string. `%%` is a literal `%`; text that is no operator stays as it is. */
export function parseFormat(text: string): FormatPlan {
  const segments: FormatSegment[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') segments.push({ kind: 'literal', text: literal });
    literal = '';
  };
  for (let i = 0; i < text.length; ) {
    if (text[i] === '%') {
      if (text[i + 1] === '%') {
        literal += '%';
        i += 2;
        continue;
      }
      operator.lastIndex = i;
      const found = operator.exec(text);
      if (found) {
        flush();
        const [whole, name = '', argument, length] = found;
        segments.push({ kind: 'operator', name, argument: argument ?? null, maxLength: length === undefined ? null : Number(length) });
        i += whole.length;
        continue;
      }
    }
    literal += text[i++];
  }
  flush();
  const first = segments[0];
  const isLiteral = segments.every((segment) => segment.kind === 'literal');
  return { text, literal: isLiteral ? (first?.kind === 'literal' ? first.text : '') : null, segments };
}

/** Parses a JSON format: every string leaf is a format string. */
export function parseFormatTree(json: unknown): FormatTree {
  if (typeof json === 'string') return { kind: 'format', format: parseFormat(json) };
  if (Array.isArray(json)) return { kind: 'list', items: json.map(parseFormatTree) };
  if (typeof json === 'object' && json !== null)
    return { kind: 'object', fields: Object.entries(json).map(([name, value]) => [name, parseFormatTree(value)] as const) };
  return { kind: 'value', value: typeof json === 'number' || typeof json === 'boolean' ? json : null };
}
