import { userInfo } from 'node:os';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { changedResources, findingLine } from './change-input.ts';
import type { CommandIo } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft apply: put resources in force in a running mesh

Resources that are there already are replaced in their files, comments elsewhere in the files are kept; new ones are added. When the result would have
errors, nothing changes and the exit code is 1.

  -f FILE|DIR|-        resources; repeatable
  -m, --message TEXT   why, for the history
  --agent URL          default ${defaultAgentUrl}
  -o json|text         default text

Example: weft apply -f canary.yaml -m "half of the traffic to v2"
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    agent: { type: 'string' },
    file: { type: 'string', short: 'f', multiple: true },
    message: { type: 'string', short: 'm' },
    output: { type: 'string', short: 'o' },
  });
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const changes = await changedResources(values.file, io);
  const why = typeof values.message === 'string' ? values.message : '';
  const result = await ask(
    url,
    createAgentClient(url).config.applyChanges.mutate({ changes: [...changes], who: userInfo().username, why, origin: 'cli' }),
  );
  if (values.output === 'json') io.stdout.write(`${JSON.stringify(result)}\n`);
  else if (result.status === 'applied') {
    io.stdout.write(`revision ${result.revision} is in force (${result.files.map(({ file }) => file).join(', ')})\n`);
  } else {
    io.stdout.write(`refused, nothing was changed: ${result.reason}\n${result.findings.map(findingLine).join('')}`);
  }
  return result.status === 'applied' ? 0 : 1;
}
