import type { Labels } from '../base/labels.ts';
import { isClusterScoped } from './kinds.ts';
import type { Resource, ResourceSource } from './resource.ts';
import { loadYaml } from './yaml.ts';

/** A document that is not a resource. The other documents of the file are read all the same. */
export interface ParseProblem {
  readonly file: string;
  /** From 1, in the file. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** A warning for documents that are no Kubernetes objects at all (Helm values, settings of tools), which are skipped. */
  readonly severity: 'error' | 'warning';
  /** Position of the document among the file's documents, from 0; empty documents do not count. */
  readonly document: number;
}

/** The resources of a file and what in it is none. */
export interface ParsedYaml {
  readonly resources: readonly Resource[];
  readonly problems: readonly ParseProblem[];
}

/** What the text itself does not say. */
export interface ParseOptions {
  /** Namespace of namespaced resources that name none; `default` unless given. */
  readonly defaultNamespace?: string;
}

const maxFileCharacters = 256 * 1024 * 1024;

/**
 * The resources in a file of YAML (or JSON) documents separated by `---`. Lists (`kind: List`, `kind: VirtualServiceList`) become their items; kinds that
 * Weft does not know are kept; what is no resource is reported with its place. Never throws.
 */
export function parseYaml(text: string, file: string, options: ParseOptions = {}): ParsedYaml {
  const resources: Resource[] = [];
  const problems: ParseProblem[] = [];
  if (text.length > maxFileCharacters) {
    const message = `the file has ${text.length} characters, at most ${maxFileCharacters} are read`;
    return { resources, problems: [{ file, line: 1, column: 1, message, severity: 'error', document: 0 }] };
  }
  let document = 0;
  for (const part of splitDocuments(text)) {
    if (isBlank(part.text)) continue;
    const loaded = loadYaml(part.text);
    if (!loaded.ok) {
      const { line, column, message } = loaded.error;
      problems.push({
        file,
        line: part.line + line - 1,
        column,
        message: `not valid YAML: ${message}`,
        severity: 'error',
        document: document++,
      });
      continue;
    }
    if (loaded.value === null || loaded.value === undefined) continue;
    const source: ResourceSource = { file, line: part.line, text: part.text };
    const problem = addResources(loaded.value, source, options.defaultNamespace ?? 'default', resources);
    if (problem !== null) problems.push({ file, line: part.line, column: 1, ...problem, document });
    document++;
  }
  return { resources, problems };
}

/**
 * The resource that a Kubernetes object is, or null when it lacks `apiVersion` or `kind`. For objects that come from an API server; `source.text` may be
 * empty then.
 */
export function parseResource(value: unknown, source: ResourceSource, defaultNamespace: string): Resource | null {
  if (!isRecord(value)) return null;
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') return null;
  const slash = apiVersion.lastIndexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const namespace = isClusterScoped(group, kind) ? '' : textOf(metadata.namespace) || defaultNamespace;
  const created = Date.parse(textOf(metadata.creationTimestamp));
  return {
    ref: { group, version: apiVersion.slice(slash + 1), kind, namespace, name: textOf(metadata.name) },
    labels: textMap(metadata.labels),
    annotations: textMap(metadata.annotations),
    createdAt: Number.isNaN(created) ? null : created,
    spec: isRecord(value.spec) ? withoutNulls(value.spec) : {},
    raw: value,
    source,
  };
}

interface DocumentText {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** Cuts at lines that start with `---`, as Kubernetes' own reader does. */
function splitDocuments(text: string): DocumentText[] {
  const documents: DocumentText[] = [];
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  while (start <= text.length) {
    const end = nextSeparator(text, start);
    const body = text.slice(start, end);
    documents.push({ text: body, line });
    if (end === text.length) break;
    line += countLines(body);
    const lineEnd = text.indexOf('\n', end);
    const separator = lineEnd < 0 ? text.slice(end) : text.slice(end, lineEnd);
    if (/^---\s*(?:#.*)?\r?$/.test(separator)) {
      if (lineEnd < 0) break;
      start = lineEnd + 1;
      line++;
    } else {
      // Content on the separator's own line (`--- {kind: …}`) belongs to the document; the mark itself is blanked so that columns stay right.
      const next = nextSeparator(text, end + 3);
      const rest = `   ${text.slice(end + 3, next)}`;
      documents.push({ text: rest, line });
      line += countLines(rest);
      start = next;
      if (next === text.length) break;
    }
  }
  return documents;
}

function nextSeparator(text: string, from: number): number {
  let at = text.startsWith('---', from) && (from === 0 || text[from - 1] === '\n' || text.charCodeAt(from - 1) === 0xfeff) ? from : -1;
  while (at < 0 || !isSeparatorEnd(text.charCodeAt(at + 3))) {
    const found = text.indexOf('\n---', at < 0 ? from : at + 3);
    if (found < 0) return text.length;
    at = found + 1;
  }
  return at;
}

function isSeparatorEnd(code: number): boolean {
  return Number.isNaN(code) || code === 10 || code === 13 || code === 32 || code === 9;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Whether a document holds nothing but comments, directives and white space. */
function isBlank(text: string): boolean {
  return /^(?:[ \t]*(?:[#%][^\n]*)?\r?(?:\n|$))*$/.test(text.length > 65_536 ? text.slice(0, 65_536) : text);
}

function addResources(
  value: unknown,
  source: ResourceSource,
  defaultNamespace: string,
  into: Resource[],
): Pick<ParseProblem, 'message' | 'severity'> | null {
  if (!isRecord(value)) return failure('expected a Kubernetes object with apiVersion and kind, found a value that is no mapping');
  const { kind, apiVersion, items } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) && typeof apiVersion === 'string') {
    const missing: number[] = [];
    items.forEach((item, index) => {
      const resource = parseResource(item, { ...source, path: `items[${index}]` }, defaultNamespace);
      if (resource === null) missing.push(index);
      else into.push(resource);
    });
    if (missing.length === 0) return null;
    return failure(`items ${missing.join(', ')} of the list are no Kubernetes objects: apiVersion and kind are needed`);
  }
  const resource = parseResource(value, source, defaultNamespace);
  if (resource !== null) {
    into.push(resource);
    return null;
  }
  if (apiVersion === undefined && kind === undefined) {
    return { message: 'skipped: the document is no Kubernetes object, it has no apiVersion and no kind', severity: 'warning' };
  }
  const missing = typeof kind === 'string' && kind !== '' ? 'apiVersion' : 'kind';
  return failure(`expected a Kubernetes object, but ${missing} is missing or no text`);
}

function failure(message: string): Pick<ParseProblem, 'message' | 'severity'> {
  return { message, severity: 'error' };
}

/** Fields that are null count as absent; the copy is made only where there are some. Items of lists stay. */
function withoutNulls<T>(value: T): T {
  return hasNulls(value) ? (copyWithoutNulls(value) as T) : value;
}

function hasNulls(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hasNulls);
  for (const key in value) {
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (field === null || hasNulls(field)) return true;
  }
  return false;
}

function copyWithoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyWithoutNulls);
  if (!isRecord(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([key, field]) => [key, copyWithoutNulls(field)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function textMap(value: unknown): Labels {
  if (!isRecord(value)) return {};
  const entries = Object.entries(value);
  if (entries.every(([, entry]) => typeof entry === 'string')) return value as Labels;
  return Object.fromEntries(
    entries.filter(([, entry]) => entry !== null && typeof entry !== 'object').map(([key, entry]) => [key, String(entry)]),
  );
}
