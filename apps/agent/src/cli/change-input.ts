import { parseYaml } from '@weft/core/resource/parse';
import type { DraftChange } from '../api/config-types.ts';
import type { Finding } from '../api/types.ts';
import { type CommandIo, UsageError } from './command.ts';
import { readInputs } from './options.ts';

/** The documents of `-f` inputs as changes to a running mesh. @throws UsageError, InputError */
export async function changedResources(files: unknown, io: CommandIo): Promise<readonly DraftChange[]> {
  const names = (files as readonly string[] | undefined) ?? [];
  if (names.length === 0) throw new UsageError('expected -f FILE, DIR or -');
  const inputs = await readInputs(names, io);
  const changes = inputs.flatMap(({ file, text }) => {
    const { resources, problems } = parseYaml(text, file);
    const [problem] = problems;
    if (problem) throw new UsageError(`${problem.file}:${problem.line}: ${problem.message}`);
    const texts = new Set(resources.map(({ source }) => source.text));
    return [...texts].map((yaml): DraftChange => ({ kind: 'resource', id: null, yaml }));
  });
  if (changes.length === 0) throw new UsageError(`no resource in ${names.join(', ')}`);
  return changes;
}

export function findingLine({ level, code, origin, message, file, line }: Finding): string {
  return `${level} [${code}] (${origin} ${file}:${line}) ${message}\n`;
}
