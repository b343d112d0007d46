import { childPath } from '../field-path.ts';
import type { SchemaNode } from '../schema-node.ts';
import type { Report } from './report.ts';

/** The regular expressions of all patterns in some schemas, by their text. */
export type Patterns = ReadonlyMap<string, RegExp>;

/** Compiles every pattern that occurs in the schemas. */
export function compilePatterns(schemas: Iterable<SchemaNode>): Patterns {
  const patterns = new Map<string, RegExp>();
  const visit = (node: SchemaNode): void => {
    if (node.pattern !== undefined && !patterns.has(node.pattern)) patterns.set(node.pattern, new RegExp(node.pattern, 'u'));
    for (const child of Object.values(node.properties ?? {})) visit(child);
    if (node.items) visit(node.items);
    if (node.additionalProperties) visit(node.additionalProperties);
  };
  for (const schema of schemas) visit(schema);
  return patterns;
}

/**
 * Reports what a value has that its schema does not allow: wrong types, unknown fields, values out of range, missing and exclusive fields. A field that is
 * null counts as absent, as it does for an API server; an entry of a map must have a value. Answers whether all types are right, so that code may rely on the shape.
 */
export function checkSchema(schema: SchemaNode, value: unknown, path: string, patterns: Patterns, report: Report): boolean {
  if (!hasType(schema, value)) {
    report.schema(path, `expected ${typeNames[schema.type ?? 'object']}, found ${describe(value)}`);
    return false;
  }
  switch (schema.type) {
    case 'object':
      return checkObject(schema, value as Readonly<Record<string, unknown>>, path, patterns, report);
    case 'array':
      return checkArray(schema, value as readonly unknown[], path, patterns, report);
    case 'string':
      checkText(schema, value as string, path, patterns, report);
      return true;
    case 'integer':
    case 'number':
      checkNumber(schema, value as number, path, report);
      return true;
    default:
      return true;
  }
}

const typeNames: Readonly<Record<NonNullable<SchemaNode['type']>, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  'int-or-string': 'a whole number or a string',
};

function hasType(schema: SchemaNode, value: unknown): boolean {
  switch (schema.type) {
    case undefined:
      return true;
    case 'object':
      return value !== null && typeof value === 'object' && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'int-or-string':
      return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value));
    default:
      return typeof value === schema.type;
  }
}

function checkObject(
  schema: SchemaNode,
  value: Readonly<Record<string, unknown>>,
  path: string,
  patterns: Patterns,
  report: Report,
): boolean {
  let typesRight = true;
  let count = 0;
  for (const key in value) {
    const field = value[key];
    count++;
    const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : schema.additionalProperties;
    if (property === undefined) {
      if (schema.properties !== undefined && !schema.isOpen) report.schema(childPath(path, key), unknownField(key, schema));
    } else if (field === null || field === undefined) {
      if (property === schema.additionalProperties && property.type === 'object') report.schema(childPath(path, key), 'must not be null');
    } else if (!checkSchema(property, field, childPath(path, key), patterns, report)) typesRight = false;
  }
  for (const name of schema.required ?? []) {
    if (value[name] === undefined || value[name] === null) report.schema(childPath(path, name), 'is required, but missing');
  }
  if (count < (schema.minProperties ?? 0)) report.schema(path, `expected at least ${schema.minProperties} entries, found ${count}`);
  if (count > (schema.maxProperties ?? count)) report.schema(path, `expected at most ${schema.maxProperties} entries, found ${count}`);
  for (const choice of schema.oneOf ?? []) checkChoice(choice, value, path, report);
  return typesRight;
}

function checkChoice(
  choice: NonNullable<SchemaNode['oneOf']>[number],
  value: Readonly<Record<string, unknown>>,
  path: string,
  report: Report,
): void {
  const set = choice.fields.filter((field) => value[field] !== undefined && value[field] !== null);
  if (set.length > 1) report.schema(path, `expected at most one of ${choice.fields.join(', ')}, found ${set.join(' and ')}`);
  else if (set.length === 0 && !choice.optional) report.schema(path, `expected one of ${choice.fields.join(', ')}, found none`);
}

function checkArray(schema: SchemaNode, value: readonly unknown[], path: string, patterns: Patterns, report: Report): boolean {
  let typesRight = true;
  if (value.length < (schema.minItems ?? 0)) report.schema(path, `expected at least ${schema.minItems} items, found ${value.length}`);
  if (value.length > (schema.maxItems ?? value.length))
    report.schema(path, `expected at most ${schema.maxItems} items, found ${value.length}`);
  const items = schema.items;
  if (items) {
    for (let index = 0; index < value.length; index++) {
      if (!checkSchema(items, value[index], childPath(path, index), patterns, report)) typesRight = false;
    }
  }
  return typesRight;
}

function checkText(schema: SchemaNode, value: string, path: string, patterns: Patterns, report: Report): void {
  if (schema.enum && !schema.enum.includes(value)) {
    report.schema(path, `expected one of ${schema.enum.join(', ')}, found "${shorten(value)}"`);
  }
  if (value.length < (schema.minLength ?? 0))
    report.schema(path, `expected at least ${schema.minLength} characters, found ${value.length}`);
  const isTooLong = schema.maxLength !== undefined && value.length > schema.maxLength && [...value].length > schema.maxLength;
  if (isTooLong) report.schema(path, `expected at most ${schema.maxLength} characters, found ${[...value].length}`);
  // Patterns are written for texts of the allowed length; some take time in proportion to its square.
  if (schema.pattern !== undefined && !isTooLong && value.length <= 65_536 && patterns.get(schema.pattern)?.test(value) === false) {
    report.schema(path, `expected text like ${schema.pattern}, found "${shorten(value)}"`);
  }
}

function checkNumber(schema: SchemaNode, value: number, path: string, report: Report): void {
  if (schema.enum && !schema.enum.includes(value)) report.schema(path, `expected one of ${schema.enum.join(', ')}, found ${value}`);
  if (schema.format === 'int32' && Math.abs(value) > 2_147_483_648) report.schema(path, `expected a 32-bit number, found ${value}`);
  if (value < (schema.minimum ?? value)) report.schema(path, `expected a number of at least ${schema.minimum}, found ${value}`);
  if (value > (schema.maximum ?? value)) report.schema(path, `expected a number of at most ${schema.maximum}, found ${value}`);
}

function unknownField(key: string, schema: SchemaNode): string {
  const names = Object.keys(schema.properties ?? {});
  const near = names.find((name) => name.toLowerCase() === key.toLowerCase().replace(/[_-]/g, ''));
  return near === undefined ? `unknown field "${shorten(key)}"` : `unknown field "${shorten(key)}", perhaps ${near} is meant`;
}

/** A value in words: `the string "x"`, `number 5`, `a list`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? `the string "${shorten(value)}"` : `${typeof value} ${String(value)}`;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
