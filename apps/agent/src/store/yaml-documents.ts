import { parseYaml } from '@weft/core/resource/parse';
import type { ResourceId } from '../api/types.ts';
import { resourceId } from './resource-id.ts';

/** One document of a file: the line that starts it and everything up to the next one. */
interface DocumentPart {
  /** `---` with its line end, or `''` for a first document without one. */
  readonly separator: string;
  readonly body: string;
  readonly ids: readonly ResourceId[];
}

/** The document's own text, comments and all; null when the file has no document with the resource, or the document holds others too. */
export function findDocument(text: string, id: ResourceId): string | null {
  return split(text).find(({ ids }) => isOnly(ids, id))?.body ?? null;
}

/** The file with one resource's document replaced; null when there is no document of its own for it. */
export function replaceDocument(text: string, id: ResourceId, body: string): string | null {
  const parts = split(text);
  const at = parts.findIndex(({ ids }) => isOnly(ids, id));
  if (at < 0) return null;
  return join(parts.map((part, index) => (index === at ? { ...part, body: withNewline(body) } : part)));
}

/** The file without one resource's document; null when there is no document of its own for it. */
export function removeDocument(text: string, id: ResourceId): string | null {
  const parts = split(text);
  const at = parts.findIndex(({ ids }) => isOnly(ids, id));
  if (at < 0) return null;
  const rest = parts.filter((_, index) => index !== at);
  return join(rest.map((part, index) => (index === 0 && at === 0 ? { ...part, separator: '' } : part)));
}

/** The file with a document more at its end. */
export function appendDocument(text: string, body: string): string {
  if (text.trim() === '') return withNewline(body);
  return `${withNewline(text)}---\n${withNewline(body.replace(/^---[ \t]*\r?\n/, ''))}`;
}

function split(text: string): readonly DocumentPart[] {
  const parts: DocumentPart[] = [];
  let separator = '';
  let start = 0;
  for (const match of text.matchAll(/^---[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/gm)) {
    add(parts, separator, text.slice(start, match.index));
    separator = match[0];
    start = match.index + match[0].length;
  }
  add(parts, separator, text.slice(start));
  return parts;
}

function add(parts: DocumentPart[], separator: string, body: string): void {
  if (separator === '' && body === '') return;
  parts.push({ separator, body, ids: parseYaml(body, '').resources.map(({ ref }) => resourceId(ref)) });
}

const isOnly = (ids: readonly ResourceId[], id: ResourceId): boolean => ids.length === 1 && ids[0] === id;
const join = (parts: readonly DocumentPart[]): string => parts.map(({ separator, body }) => separator + body).join('');
const withNewline = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
