import type { FormatPlan, FormatSegment } from '@weft/core/plan/format-plan';
import { headerText } from './header-text.ts';
import type { LogEntry } from './log-entry.ts';
import { connectionOperators } from './operators/connection-operators.ts';
import { metadataOperators } from './operators/metadata-operators.ts';
import type { Operator, OperatorTable, OperatorValue } from './operators/operator.ts';
import { requestOperators } from './operators/request-operators.ts';
import { sortedJson } from './sorted-json.ts';

const operators: OperatorTable = { ...requestOperators, ...connectionOperators, ...metadataOperators, COALESCE: coalesce };

/** Operators whose values are bytes of a message, one character each. */
const fromBytes: ReadonlySet<string> = new Set(['REQ', 'RESP', 'TRAILER', 'PATH', 'QUERY_PARAM', 'QUERY_PARAMS', 'COALESCE']);

type OperatorSegment = Extract<FormatSegment, { kind: 'operator' }>;

/** Fills a substitution format from a request; what is missing becomes `missing` (`-` in text logs). */
export function evaluateFormat(format: FormatPlan, entry: LogEntry, missing = '-'): string {
  if (format.literal !== null) return format.literal;
  let text = '';
  for (const segment of format.segments)
    text += segment.kind === 'literal' ? segment.text : (textOf(operatorOf(segment)(entry)) ?? missing);
  return text;
}

/** The same for a header's value, whose characters stand for bytes. */
export function evaluateHeaderFormat(format: FormatPlan, entry: LogEntry, missing: string): string {
  if (format.literal !== null) return format.literal;
  let text = '';
  for (const segment of format.segments)
    text += segment.kind === 'literal' ? segment.text : (textOf(byteOperatorOf(segment)(entry)) ?? missing);
  return text;
}

const known: WeakMap<OperatorSegment, Operator> = new WeakMap();
const knownByte: WeakMap<OperatorSegment, Operator> = new WeakMap();

/** The function that reads a segment's value as text that people read: which one, its argument and its limit are settled once. */
function operatorOf(segment: OperatorSegment): Operator {
  let operator = known.get(segment);
  if (operator === undefined) {
    const read = byteOperatorOf(segment);
    operator = isFromBytes(segment) ? decoded(read) : read;
    known.set(segment, operator);
  }
  return operator;
}

/** The same for a value whose characters stand for bytes where `isFromBytes`. */
export function byteOperatorOf(segment: OperatorSegment): Operator {
  let operator = knownByte.get(segment);
  if (operator === undefined) {
    operator = makeOperator(segment);
    knownByte.set(segment, operator);
  }
  return operator;
}

/** Whether a segment's value is bytes of a message, one character each. */
export function isFromBytes({ name }: OperatorSegment): boolean {
  return fromBytes.has(name);
}

function makeOperator({ name, argument, maxLength }: OperatorSegment): Operator {
  const read = operators[name]?.(argument ?? '') ?? (() => null);
  if (maxLength === null) return read;
  return (entry) => textOf(read(entry))?.slice(0, maxLength);
}

function decoded(read: Operator): Operator {
  return (entry) => {
    const value = read(entry);
    return typeof value === 'string' ? headerText(value) : value;
  };
}

function textOf(value: OperatorValue): string | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  return typeof value === 'number' ? String(value) : sortedJson(value);
}

interface CoalesceStep {
  readonly command?: string;
  readonly param?: string;
}

/** `COALESCE({"operators":[…]})`: the first operator that has a value. */
function coalesce(argument: string): Operator {
  try {
    const { operators: steps = [] } = JSON.parse(argument) as { readonly operators?: readonly (CoalesceStep | string)[] };
    const choices = steps.flatMap((step) => {
      const { command = '', param = '' } = typeof step === 'string' ? { command: step } : step;
      return operators[command]?.(param) ?? [];
    });
    return (entry) => {
      for (const choice of choices) {
        const value = choice(entry);
        if (value !== null && value !== undefined) return value;
      }
      return null;
    };
  } catch {
    return () => null;
  }
}
