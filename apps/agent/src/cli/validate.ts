import { formatRef } from '@weft/core/base/refs';
import { patchProblems } from '@weft/core/compile/envoy-filter-value';
import { createLocator } from '@weft/core/resource/locate';
import { type ParseProblem, parseYaml } from '@weft/core/resource/parse';
import type { FieldProblem } from '@weft/core/resource/problem';
import type { Resource, ResourceSource } from '@weft/core/resource/resource';
import { type ValidationSettings, validateMeshConfig, validateResource } from '@weft/core/resource/validate';
import { stringify } from 'yaml';
import { type CommandIo, UsageError } from './command.ts';
import { type InputFile, parseCheckOptions, readInputs, readTextFile, runBatch, sharedOptionsHelp } from './options.ts';

export const help = `usage: weft validate -f FILE… [-o json|yaml|text]

Validates resources one by one: schema, the rules of the resource definitions, and what Istio's admission webhook refuses or warns about.
A mesh configuration given with --mesh-config is validated as well.

${sharedOptionsHelp}

example:
  weft validate -f virtual-service.yaml
  echo '{"yaml": "apiVersion: v1…"}' | weft validate --batch
`;

/** A field problem with its place in the file. */
export interface LocatedProblem extends FieldProblem {
  readonly line: number;
  readonly column: number;
}

/** What validation says about one document. */
export interface ValidationResult {
  readonly index: number;
  readonly file: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly valid: boolean;
  readonly errors: readonly LocatedProblem[];
  readonly warnings: readonly LocatedProblem[];
}

interface Settings extends ValidationSettings {
  readonly defaultNamespace: string;
}

/** Runs `weft validate`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args);
  const settings: Settings = { defaultNamespace: options.namespace ?? 'default', rootNamespace: options.rootNamespace };
  if (options.batch) return runBatch(io, (request) => ({ results: validateInputs([inputOf(request)], settings) }));
  const files = [...options.files, ...options.positionals];
  if (files.length === 0 && options.meshConfig === null) throw new UsageError('-f is needed: a file, a directory or - for stdin');
  const meshConfig =
    options.meshConfig === null ? [] : [validateMesh({ file: options.meshConfig, text: readTextFile(options.meshConfig, io) })];
  const resources = validateInputs(await readInputs(files, io), settings);
  const results = [...meshConfig, ...resources].map((result, index) => ({ ...result, index }));
  if (options.output === 'text') io.stdout.write(formatText(results));
  else io.stdout.write(options.output === 'yaml' ? stringify({ results }) : `${JSON.stringify({ results })}\n`);
  const asked = options.output === 'text' || options.fail;
  return asked && results.some(({ valid }) => !valid) ? 1 : 0;
}

/** Validates every document of some files, in their order. */
export function validateInputs(inputs: readonly InputFile[], settings: Settings): readonly ValidationResult[] {
  const results: ValidationResult[] = [];
  for (const { file, text } of inputs) {
    const { resources, problems } = parseYaml(text, file, { defaultNamespace: settings.defaultNamespace });
    const found = [
      ...resources.map((resource) => ({ line: resource.source.line, result: validateOne(resource, settings) })),
      ...problems.map((problem) => ({ line: problem.line, result: unreadable(problem) })),
    ];
    for (const { result } of found.sort((a, b) => a.line - b.line)) results.push({ index: results.length, ...result });
  }
  return results;
}

function validateOne(resource: Resource, settings: Settings): Omit<ValidationResult, 'index'> {
  const { errors, warnings } = validateResource(resource, { ...settings, patchProblems });
  const { ref, source } = resource;
  return {
    file: source.file,
    kind: ref.kind,
    apiVersion: ref.group === '' ? ref.version : `${ref.group}/${ref.version}`,
    namespace: ref.namespace,
    name: ref.name,
    valid: errors.length === 0,
    errors: place(errors, source),
    warnings: place(warnings, source),
  };
}

function validateMesh({ file, text }: InputFile): Omit<ValidationResult, 'index'> {
  const { errors, warnings } = validateMeshConfig(text);
  const source = { file, line: 1, text };
  const found = { valid: errors.length === 0, errors: place(errors, source), warnings: place(warnings, source) };
  return { file, kind: 'MeshConfig', apiVersion: '', namespace: '', name: '', ...found };
}

function place(problems: readonly FieldProblem[], source: ResourceSource): readonly LocatedProblem[] {
  if (problems.length === 0) return [];
  const locate = createLocator(source);
  return problems.map((problem) => {
    const { line, column } = locate(problem.path);
    return { ...problem, line, column };
  });
}

function unreadable({ file, line, column, message, severity }: ParseProblem): Omit<ValidationResult, 'index'> {
  const found: LocatedProblem = { path: '', message, source: 'schema', line, column };
  const valid = severity === 'warning';
  return { file, kind: '', apiVersion: '', namespace: '', name: '', valid, errors: valid ? [] : [found], warnings: valid ? [found] : [] };
}

function inputOf(request: unknown): InputFile {
  if (request !== null && typeof request === 'object' && 'yaml' in request && typeof request.yaml === 'string') {
    const file = 'file' in request && typeof request.file === 'string' ? request.file : '-';
    return { file, text: request.yaml };
  }
  throw new Error('expected {"yaml": "…", "file": "…"}');
}

function formatText(results: readonly ValidationResult[]): string {
  const lines: string[] = [];
  for (const result of results) {
    const name = result.name === '' ? '' : `${formatRef({ group: '', ...result })}: `;
    for (const [level, problems] of [
      ['error', result.errors],
      ['warning', result.warnings],
    ] as const) {
      for (const { line, column, path, message } of problems) {
        lines.push(`${result.file}:${line}:${column}: ${level}: ${name}${path === '' ? '' : `${path}: `}${message}`);
      }
    }
  }
  const invalid = results.filter(({ valid }) => !valid).length;
  lines.push(invalid === 0 ? `${results.length} valid` : `${results.length - invalid} valid, ${invalid} invalid`);
  return `${lines.join('\n')}\n`;
}
