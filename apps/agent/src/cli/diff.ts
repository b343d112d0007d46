import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { changedResources, findingLine } from './change-input.ts';
import type { CommandIo } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft diff: show what applying resources would change: text, findings, proxies

  -f FILE|DIR|-    resources; repeatable
  --agent URL      default ${defaultAgentUrl}
  -o json|text     default text

Exit code 1 when something would change.

Example: weft diff -f canary.yaml
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    agent: { type: 'string' },
    file: { type: 'string', short: 'f', multiple: true },
    output: { type: 'string', short: 'o' },
  });
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const changes = await changedResources(values.file, io);
  const preview = await ask(url, createAgentClient(url).config.preview.mutate({ changes: [...changes] }));
  if (values.output === 'json') {
    io.stdout.write(`${JSON.stringify(preview)}\n`);
    return preview.files.length > 0 ? 1 : 0;
  }
  io.stdout.write(preview.files.map(({ diff }) => diff).join(''));
  for (const finding of preview.added) io.stdout.write(`+ ${findingLine(finding)}`);
  for (const finding of preview.fixed) io.stdout.write(`- ${findingLine(finding)}`);
  for (const { name, namespace, changes: list } of preview.proxies) {
    io.stdout.write(
      `${name}.${namespace}: ${list.map(({ type, name: resource, change }) => `${type} ${resource} ${change}`).join(', ')}\n`,
    );
  }
  return preview.files.length > 0 ? 1 : 0;
}
