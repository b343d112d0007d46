import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions } from './options.ts';
import { table } from './table.ts';

export const help = `weft history: list the revisions, newest first

  --limit N        default 20
  --agent URL      default ${defaultAgentUrl}
  -o json|table    default table

Example: weft history --limit 5
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, { agent: { type: 'string' }, limit: { type: 'string' }, output: { type: 'string', short: 'o' } });
  const limit = Number(values.limit ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new UsageError(`--limit: expected 1 to 500, found ${values.limit}`);
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const revisions = await ask(url, createAgentClient(url).config.history.query({ limit }));
  if (values.output === 'json') {
    io.stdout.write(`${JSON.stringify(revisions)}\n`);
    return 0;
  }
  const rows = revisions.map(({ id, at, who, origin, why, files }) => [
    String(id),
    new Date(at).toISOString(),
    who,
    origin,
    why,
    files.join(', '),
  ]);
  io.stdout.write(`${table([['REVISION', 'AT', 'WHO', 'BY', 'WHY', 'FILES'], ...rows])}\n`);
  return 0;
}
