import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type CommandIo, InputError, UsageError } from '../cli/command.ts';
import { commands, loadCommand } from '../cli/commands.ts';

const checkRequest = z.object({
  /** The resources to check, as YAML. */
  resources: z.string().optional(),
  /** Requests, as on the lines of `--batch`. */
  requests: z.array(z.unknown()).optional(),
  /** One request. */
  request: z.unknown().optional(),
  /** Further options of the command, without files: `["-n", "shop"]`. */
  args: z.array(z.string()).default([]),
});

export interface CheckAnswer {
  readonly status: number;
  readonly text: string;
}

const fileOptions = ['-f', '--file', '--mesh-config', '--mesh-networks', '-c', '--node', '-t', '--cluster', '--out'];

/** Runs a check command on what the body holds: the same command, the same answer. `name` has `/`, `-` or space between its words. */
export async function runCheck(name: string, body: string): Promise<CheckAnswer> {
  const wanted = decodeURIComponent(name).replaceAll('/', ' ');
  const entry = commands.find((each) => each.isCheck && (each.name === wanted || each.name.replaceAll(' ', '-') === wanted));
  if (!entry) return failure(404, `no check ${wanted}`);
  const module = await loadCommand(entry);
  const parsed = checkRequest.safeParse(parseJson(body));
  if (!parsed.success)
    return failure(400, `expected {"resources": "<YAML>", "request": …, "args": […]}: ${parsed.error.issues[0]?.message}`);
  const { resources, requests, request, args } = parsed.data;
  const forbidden = args.find((argument) => fileOptions.includes(argument.split('=')[0] ?? ''));
  if (forbidden) return failure(400, `${forbidden} names a file; give its content in "resources"`);
  const directory = mkdtempSync(join(tmpdir(), 'weft-check-'));
  try {
    const lines = requests ?? (request === undefined ? [] : [request]);
    const options = [...args, '-o', 'json'];
    if (resources !== undefined) {
      writeFileSync(join(directory, 'resources.yaml'), resources);
      options.push('-f', 'resources.yaml');
    }
    if (lines.length > 0) options.push('--batch');
    const { code, out, err } = await run(module, options, { cwd: directory, input: lines.map((line) => `${JSON.stringify(line)}\n`) });
    if (code >= 2) return failure(400, err.trim());
    const answer = requests ? `[${out.trim().split('\n').join(',')}]\n` : out;
    return { status: 200, text: answer };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(
  module: { run(args: readonly string[], io: CommandIo): Promise<number> },
  args: readonly string[],
  { cwd, input }: { readonly cwd: string; readonly input: readonly string[] },
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io: CommandIo = {
    stdin: (async function* () {
      yield* input;
    })(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    cwd,
  };
  try {
    return { code: await module.run(args, io), out, err };
  } catch (error) {
    if (error instanceof UsageError) return { code: 2, out, err: error.message };
    return { code: 3, out, err: error instanceof InputError ? error.message : (error as Error).message };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const failure = (status: number, error: string): CheckAnswer => ({ status, text: `${JSON.stringify({ error })}\n` });
