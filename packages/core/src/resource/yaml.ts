import { CORE_SCHEMA, defineScalarTag, load, mergeTag, NOT_RESOLVED, YAMLException } from 'js-yaml';
import { err, ok, type Result } from '../base/result.ts';

/** Why a YAML text could not be read; line and column count from 1 within the text. */
export interface YamlProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

const maxDocumentCharacters = 8 * 1024 * 1024;
const maxNodes = 1_000_000;
const maxAliases = 10_000;
const maxDepth = 100;

/**
 * The value of one YAML document as Kubernetes reads it (sigs.k8s.io/yaml, that is YAML 1.1: `yes`/`no`/`on`/`off` are booleans, a key twice is an error).
 * Never throws. Text, nesting and what aliases expand to are bounded.
 */
export function loadYaml(text: string): Result<unknown, YamlProblem> {
  if (text.length > maxDocumentCharacters) {
    return err({ message: `the document has ${text.length} characters, at most ${maxDocumentCharacters} are read`, line: 1, column: 1 });
  }
  try {
    const value = withFlowIndented(text, (indented) => load(indented, { schema: kubernetesSchema, maxDepth, maxAliases })).value;
    if (text.includes('&') && countNodes(value, new Map()) > maxNodes) {
      return err({ message: `aliases expand the document to more than ${maxNodes} values, or an anchor holds itself`, line: 1, column: 1 });
    }
    return ok(value);
  } catch (error) {
    return err(toProblem(error));
  }
}

/**
 * Calls `parse` with the text, lines of flow collections and quoted texts moved to the right where they stand further left than YAML 1.2 wants them; Go's
 * readers, and so Kubernetes, do not mind. `movedLines` holds those lines (from 0), which begin with `flowPadding` more spaces.
 * @throws what `parse` throws
 */
export function withFlowIndented<T>(
  text: string,
  parse: (indented: string) => T,
): { readonly value: T; readonly indented: string; readonly movedLines: ReadonlySet<number> } {
  const movedLines = new Set<number>();
  let indented = text;
  for (let budget = maxRereadCharacters; ; budget -= indented.length) {
    try {
      return { value: parse(indented), indented, movedLines };
    } catch (error) {
      const line = error instanceof YAMLException && error.reason === 'deficient indentation' ? error.mark?.line : undefined;
      if (line === undefined || movedLines.has(line) || budget <= 0) throw error;
      movedLines.add(line);
      const start = lineStart(indented, line);
      indented = indented.slice(0, start) + ' '.repeat(flowPadding) + indented.slice(start);
    }
  }
}

/** How far `withFlowIndented` moves lines: further than any block is indented. */
export const flowPadding = 128;

const maxRereadCharacters = 64 * 1024 * 1024;

function lineStart(text: string, line: number): number {
  let at = 0;
  for (let count = 0; count < line; count++) at = text.indexOf('\n', at) + 1;
  return at;
}

const truths = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const falsehoods = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const integer = /^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)$/;
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const numberStart = ['-', '+', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

const boolTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: ['y', 'Y', 'n', 'N', 't', 'T', 'f', 'F', 'o', 'O'],
  resolve: (source) => (truths.has(source) ? true : falsehoods.has(source) ? false : NOT_RESOLVED),
  identify: (data) => typeof data === 'boolean',
});

const intTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: numberStart,
  resolve: (source) => (integer.test(source) ? parseInteger(source) : NOT_RESOLVED),
  identify: (data) => Number.isInteger(data),
});

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: numberStart,
  resolve: (source) => {
    const value = decimal.test(source) ? Number(source) : Number.NaN;
    return Number.isFinite(value) ? value : NOT_RESOLVED;
  },
  identify: (data) => typeof data === 'number',
});

const kubernetesSchema = CORE_SCHEMA.withTags(boolTag, intTag, floatTag, mergeTag);

function parseInteger(source: string): number {
  const digits = source.replaceAll('_', '');
  const negative = digits.startsWith('-');
  const bare = negative || digits.startsWith('+') ? digits.slice(1) : digits;
  const octal = /^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare;
  const value = Number(octal);
  return negative ? -value : value;
}

/** How many values the tree has with aliases expanded; infinite when an anchor holds itself. */
function countNodes(value: unknown, sizes: Map<object, number>): number {
  if (value === null || typeof value !== 'object') return 1;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  sizes.set(value, Number.POSITIVE_INFINITY);
  let size = 1;
  for (const child of Object.values(value)) size += countNodes(child, sizes);
  sizes.set(value, size);
  return size;
}

function toProblem(error: unknown): YamlProblem {
  if (error instanceof YAMLException) {
    return { message: error.reason, line: (error.mark?.line ?? 0) + 1, column: (error.mark?.column ?? 0) + 1 };
  }
  return { message: error instanceof Error ? error.message : String(error), line: 1, column: 1 };
}
