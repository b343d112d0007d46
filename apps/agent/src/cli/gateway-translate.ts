import { translatedResources } from '@weft/core/mesh/gateway-api/as-resources';
import { withStatus } from '@weft/core/mesh/gateway-api/status';
import { translateGatewayApi } from '@weft/core/mesh/gateway-api/translate';
import { parseYaml } from '@weft/core/resource/parse';
import { createResourceSet } from '@weft/core/resource/resource-set';
import { stringify } from 'yaml';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { type InputFile, parseCheckOptions, readInputs, runBatch, sharedOptionsHelp } from './options.ts';

export const help = `usage: weft gateway translate -f FILE… [-o yaml|json] [--status]

Translates Gateway API resources: prints them with the status that Weft gives them, and the Istio resources that they come to.

  --status                print only the Gateway API resources with their status
${sharedOptionsHelp}

example:
  weft gateway translate -f gateway.yaml -o yaml
`;

type Written = Readonly<Record<string, unknown>>;

/** Runs `weft gateway translate`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args, { status: { type: 'boolean' } });
  const namespace = options.namespace ?? 'default';
  const isStatusOnly = options.values.status === true;
  if (options.batch) return runBatch(io, (request) => listOf(translateInputs([inputOf(request)], namespace, isStatusOnly)));
  if (options.files.length === 0) throw new UsageError('-f is needed: a file, a directory or - for stdin');
  const written = translateInputs(await readInputs(options.files, io), namespace, isStatusOnly);
  if (options.output === 'json') io.stdout.write(`${JSON.stringify(listOf(written))}\n`);
  else
    io.stdout.write(
      written.map((resource) => stringify(resource, { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' })).join('---\n'),
    );
  return 0;
}

/** The Gateway API resources of some files with status and, unless only that is asked for, what they were translated to. */
export function translateInputs(inputs: readonly InputFile[], defaultNamespace: string, isStatusOnly: boolean): readonly Written[] {
  const resources = inputs.flatMap(({ file, text }) => {
    const parsed = parseYaml(text, file, { defaultNamespace });
    const problem = parsed.problems.find(({ severity }) => severity === 'error');
    if (problem) throw new InputError(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
    return parsed.resources;
  });
  const set = createResourceSet(resources);
  const translation = translateGatewayApi(set, 'cluster.local');
  const stated = withStatus(set, translation);
  return isStatusOnly ? stated : [...stated, ...translatedResources(translation)];
}

function listOf(items: readonly Written[]): Written {
  return { apiVersion: 'v1', kind: 'List', items };
}

function inputOf(request: unknown): InputFile {
  const { yaml, file } = (request ?? {}) as { readonly yaml?: unknown; readonly file?: unknown };
  if (typeof yaml !== 'string') throw new UsageError('expected {"yaml": "…"}');
  return { file: typeof file === 'string' ? file : '-', text: yaml };
}
