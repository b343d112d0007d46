import { type LintProblem, lintExposition } from '../telemetry/lint-exposition.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions, readInputs, runBatch } from './options.ts';

export const help = `usage: weft metrics lint FILE… [-o json|text]

Checks pages of metrics: the Prometheus text format, and on them the names, types and labels of Istio's standard metrics. Exit code 1 with problems.

  FILE, -f FILE|-         a page, as a proxy's /stats/prometheus answers it; repeatable
  --batch                 one {"page": "…"} per line of stdin, one list of problems per line of stdout
  -o json|text            default text
  --fail                  exit 1 on problems with -o json too

example:
  curl -s 127.0.0.1:15000/stats/prometheus | weft metrics lint -
`;

/** Runs `weft metrics lint`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    file: { type: 'string', short: 'f', multiple: true },
    output: { type: 'string', short: 'o' },
    batch: { type: 'boolean' },
    fail: { type: 'boolean' },
  });
  if (values.batch === true) return runBatch(io, (request) => lintExposition(pageOf(request)));
  const files = [...((values.file as readonly string[] | undefined) ?? []), ...positionals];
  if (files.length === 0) throw new UsageError('expected a FILE, or - for stdin');
  const inputs = await readInputs(files, io);
  const problems = inputs.flatMap(({ file, text }) => lintExposition(text).map((problem) => ({ file, ...problem })));
  if (values.output === 'json') io.stdout.write(`${JSON.stringify(problems)}\n`);
  else io.stdout.write(problems.length === 0 ? 'Nothing wrong found.\n' : problems.map(toLine).join(''));
  return problems.length > 0 && (values.output !== 'json' || values.fail === true) ? 1 : 0;
}

function toLine({ file, line, metric, message }: LintProblem & { readonly file: string }): string {
  return `${file}:${line}: ${metric === '' ? '' : `${metric}: `}${message}\n`;
}

function pageOf(request: unknown): string {
  const page = typeof request === 'string' ? request : (request as { readonly page?: unknown } | null)?.page;
  if (typeof page !== 'string') throw new UsageError('expected {"page": "…"}');
  return page;
}
