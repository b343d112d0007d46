import { isScalar, parseDocument } from 'yaml';
import { WeftError } from '../api/weft-error.ts';

export interface EditedField {
  readonly path: readonly (string | number)[];
  readonly value: number | string | boolean;
}

/** A document with some fields set. Where a field is there already only its own characters change: comments, order and style stay. */
export function editFields(text: string, edits: readonly EditedField[]): string {
  const document = parseDocument(text, { keepSourceTokens: true });
  if (document.errors.length > 0) throw new WeftError('INVALID', `not valid YAML: ${document.errors[0]?.message}`);
  const replacements: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  let isRewritten = false;
  for (const { path, value } of edits) {
    const node = document.getIn(path, true);
    if (isScalar(node) && node.range) replacements.push({ from: node.range[0], to: node.range[1], text: JSON.stringify(value) });
    else isRewritten = true;
    document.setIn(path, value);
  }
  // A field that is missing needs a line of its own, which the library places.
  if (isRewritten) return document.toString({ lineWidth: 0 });
  return replacements
    .sort((a, b) => b.from - a.from)
    .reduce((edited, { from, to, text: replacement }) => edited.slice(0, from) + replacement + edited.slice(to), text);
}
