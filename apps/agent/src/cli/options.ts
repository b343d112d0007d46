import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { type CommandIo, InputError, UsageError } from './command.ts';

export type OutputFormat = 'json' | 'yaml' | 'text';

/** The options that all checks share, and the command's own ones in `values`. */
export interface CheckOptions {
  /** Values of `-f`, in order: files, directories or `-`. */
  readonly files: readonly string[];
  readonly meshConfig: string | null;
  readonly meshNetworks: string | null;
  /** Value of `-n`; null when not given, because the default differs between commands. */
  readonly namespace: string | null;
  readonly rootNamespace: string;
  readonly output: OutputFormat;
  readonly batch: boolean;
  readonly fail: boolean;
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
}

/** A text given to a check, under the name its positions are reported with. */
export interface InputFile {
  readonly file: string;
  readonly text: string;
}

/** The lines about shared options for a command's help. */
export const sharedOptionsHelp = `  -f FILE|DIR|-           YAML to read; repeatable
  --mesh-config FILE      MeshConfig
  --mesh-networks FILE    MeshNetworks
  -n, --namespace NS      namespace of resources that name none
  --root-namespace NS     default istio-system
  -o json|yaml|text       form of the answer (default text)
  --batch                 one JSON request per line of stdin, one JSON answer per line of stdout, in order
  --fail                  exit 1 on findings with -o json too`;

const shared = {
  file: { type: 'string', short: 'f', multiple: true },
  'mesh-config': { type: 'string' },
  'mesh-networks': { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  'root-namespace': { type: 'string' },
  output: { type: 'string', short: 'o' },
  batch: { type: 'boolean' },
  fail: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

/** Reads the shared options and the command's `own` ones. @throws UsageError */
export function parseCheckOptions(args: readonly string[], own: ParseArgsOptionsConfig = {}): CheckOptions {
  const { values, positionals } = parseOptions(args, { ...shared, ...own });
  const output = values.output ?? 'text';
  if (output !== 'json' && output !== 'yaml' && output !== 'text') throw new UsageError(`-o: expected json, yaml or text, found ${output}`);
  return {
    files: (values.file as string[] | undefined) ?? [],
    meshConfig: text(values['mesh-config']),
    meshNetworks: text(values['mesh-networks']),
    namespace: text(values.namespace),
    rootNamespace: text(values['root-namespace']) ?? 'istio-system',
    output,
    batch: values.batch === true,
    fail: values.fail === true,
    values,
    positionals,
  };
}

/** `parseArgs`, with wrong usage as UsageError. */
export function parseOptions(
  args: readonly string[],
  options: ParseArgsOptionsConfig,
): { readonly values: CheckOptions['values']; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Reads files, directories (their `.yaml`, `.yml` and `.json`, all levels, sorted) and `-` for stdin. @throws InputError */
export async function readInputs(files: readonly string[], io: CommandIo): Promise<readonly InputFile[]> {
  const inputs: InputFile[] = [];
  for (const file of files) {
    if (file === '-') inputs.push({ file: '-', text: await readStdin(io) });
    else inputs.push(...readPath(file, io.cwd));
  }
  return inputs;
}

/** Reads one file. @throws InputError */
export function readTextFile(file: string, io: CommandIo): string {
  return readFileOrThrow(file, resolve(io.cwd, file));
}

/** All of stdin as text. */
export async function readStdin(io: CommandIo): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of io.stdin) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers one JSON request per line until stdin ends; a request that cannot be answered gets `{"error": …}` and the rest goes on. */
export async function runBatch(io: CommandIo, answer: (request: unknown) => unknown): Promise<number> {
  const lines = createInterface({ input: Readable.from(io.stdin), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    if (line.trim() === '') continue;
    io.stdout.write(`${await answerLine(line, answer)}\n`);
  }
  return 0;
}

async function answerLine(line: string, answer: (request: unknown) => unknown): Promise<string> {
  try {
    return JSON.stringify(await answer(JSON.parse(line)));
  } catch (error) {
    return JSON.stringify({ error: error instanceof SyntaxError ? `not a JSON request: ${error.message}` : (error as Error).message });
  }
}

function readPath(file: string, cwd: string): readonly InputFile[] {
  const path = resolve(cwd, file);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    throw unreadable(file, error);
  }
  if (!isDirectory) return [{ file, text: readFileOrThrow(file, path) }];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/i.test(name))
    .sort()
    .filter((name) => statSync(join(path, name)).isFile())
    .map((name) => ({ file: join(file, name), text: readFileOrThrow(join(file, name), join(path, name)) }));
}

function readFileOrThrow(shown: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(shown, error);
  }
}

function unreadable(file: string, error: unknown): InputError {
  const code = (error as NodeJS.ErrnoException).code;
  const why = code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : (error as Error).message;
  return new InputError(`${file}: ${why}`);
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
