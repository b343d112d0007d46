import { evaluateCelJson } from '@weft/core/plan/cel-json';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions, readStdin, readTextFile, runBatch } from './options.ts';

export const help = `usage: weft cel eval EXPRESSION [--bindings FILE] [-o json|text]
       weft cel eval --batch < REQUESTS

Evaluates a CEL expression with Envoy's language: the one of access-log filters, tag overrides and RBAC conditions.
Whole numbers in bindings are int; types say otherwise where needed.

  --bindings FILE         JSON object with the variables
  --types FILE            JSON object: variable (dotted for fields) to int, uint, double, bytes, timestamp or duration
  --batch                 one {"expr", "bindings", "types"} per line of stdin, one {"value", "type"} or {"error"} per line of stdout
  -o json|text            default text

example:
  echo '{"response": {"code": 503}}' | weft cel eval 'response.code >= 500' --bindings -
`;

interface CelRequest {
  readonly expr?: string;
  readonly bindings?: Readonly<Record<string, unknown>>;
  readonly types?: Readonly<Record<string, string>>;
}

/** Runs `weft cel eval`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    bindings: { type: 'string' },
    types: { type: 'string' },
    output: { type: 'string', short: 'o' },
    batch: { type: 'boolean' },
  });
  if (values.batch === true) return runBatch(io, (request) => answer(request as CelRequest));
  const [expr] = positionals;
  if (expr === undefined || positionals.length > 1) throw new UsageError('one expression is needed');
  const bindings = typeof values.bindings === 'string' ? await readJson(values.bindings, io) : {};
  const types = typeof values.types === 'string' ? ((await readJson(values.types, io)) as Record<string, string>) : {};
  const result = answer({ expr, bindings, types });
  if (values.output === 'json') io.stdout.write(`${JSON.stringify(result)}\n`);
  else io.stdout.write(`${'error' in result ? `error: ${result.error}` : JSON.stringify(result.value)}\n`);
  return 'error' in result ? 1 : 0;
}

function answer({ expr = '', bindings = {}, types = {} }: CelRequest) {
  return evaluateCelJson(expr, bindings, types);
}

async function readJson(file: string, io: CommandIo): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(file === '-' ? await readStdin(io) : readTextFile(file, io)) as Record<string, unknown>;
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(`${file}: not JSON: ${(error as Error).message}`);
  }
}
