import { userInfo } from 'node:os';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { findingLine } from './change-input.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft undo [REVISION]: take back a revision; without one, the last that still stands

  --to               go back to how everything was right after REVISION instead
  -m, --message TEXT why, for the history
  --agent URL        default ${defaultAgentUrl}

Example: weft undo 12
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    agent: { type: 'string' },
    to: { type: 'boolean' },
    message: { type: 'string', short: 'm' },
  });
  const [text] = positionals;
  const id = text === undefined ? null : Number(text);
  if (id !== null && !Number.isInteger(id)) throw new UsageError(`expected the number of a revision, found ${text}`);
  if (values.to === true && id === null) throw new UsageError('--to needs the number of a revision');
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const { config } = createAgentClient(url);
  const author = { who: userInfo().username, why: typeof values.message === 'string' ? values.message : '', origin: 'cli' as const };
  const call = values.to === true && id !== null ? config.restore.mutate({ id, ...author }) : config.undo.mutate({ id, ...author });
  const result = await ask(url, call);
  if (result.status === 'applied')
    io.stdout.write(`revision ${result.revision} is in force\n${result.files.map(({ diff }) => diff).join('')}`);
  else io.stdout.write(`refused, nothing was changed: ${result.reason}\n${result.findings.map(findingLine).join('')}`);
  return result.status === 'applied' ? 0 : 1;
}
