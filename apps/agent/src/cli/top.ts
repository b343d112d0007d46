import type { ServiceSummary } from '../api/types.ts';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions } from './options.ts';
import { table } from './table.ts';

export const help = `usage: weft top [options]

Shows the busiest services of a running mesh: requests per second, errors and latencies over a window.

  -n, --namespace NS   only this namespace; repeatable
  --sort rate|errors|p99   default rate
  --limit N            default 20
  --window SECONDS     default 60
  --agent URL          default ${defaultAgentUrl}
  -o json|table        default table

example:
  weft top -n shop --sort p99
`;

type Sort = 'rate' | 'errors' | 'p99';

const sortKeys: Readonly<Record<Sort, (service: ServiceSummary) => number>> = {
  rate: ({ stats }) => stats.requestRate + stats.connectionRate,
  errors: ({ stats }) => stats.errorRate,
  p99: ({ stats }) => stats.p99Ms ?? -1,
};

/** Runs `weft top`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    agent: { type: 'string' },
    namespace: { type: 'string', short: 'n', multiple: true },
    sort: { type: 'string' },
    limit: { type: 'string' },
    window: { type: 'string' },
    output: { type: 'string', short: 'o' },
  });
  const { sort = 'rate', output = 'table' } = values;
  if (sort !== 'rate' && sort !== 'errors' && sort !== 'p99') throw new UsageError(`--sort: expected rate, errors or p99, found ${sort}`);
  if (output !== 'json' && output !== 'table') throw new UsageError(`-o: expected json or table, found ${output}`);
  const limit = wholeNumber(values.limit, '--limit', 20, 1);
  const windowSeconds = wholeNumber(values.window, '--window', 60, 5);
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const namespaces = (values.namespace as string[] | undefined) ?? [];
  const { at, services, empty } = await ask(url, createAgentClient(url).services.list.query({ namespaces, windowSeconds }));
  const busiest = rankServices(services, sort).slice(0, limit);
  if (output === 'json') io.stdout.write(`${JSON.stringify({ at, windowSeconds, services: busiest, empty })}\n`);
  else if (busiest.length === 0) io.stdout.write(`${empty ? `${empty.message} ${empty.hint}` : 'No service.'}\n`);
  else io.stdout.write(`${describe(busiest)}\n`);
  return 0;
}

/** The services with the most of what is asked for first; equal ones by name. */
export function rankServices(services: readonly ServiceSummary[], sort: Sort): readonly ServiceSummary[] {
  const keyOf = sortKeys[sort];
  return [...services].sort((a, b) => keyOf(b) - keyOf(a) || (a.key < b.key ? -1 : 1));
}

function describe(services: readonly ServiceSummary[]): string {
  const head = ['SERVICE', 'HEALTH', 'REQUESTS/S', 'ERRORS %', 'P50 MS', 'P95 MS', 'P99 MS', 'CONNECTIONS/S', 'ENDPOINTS'];
  const rows = services.map(({ namespace, name, health, stats, endpoints }) => [
    `${namespace}/${name}`,
    health,
    stats.requestRate.toFixed(1),
    shown(stats.errorPercent),
    shown(stats.p50Ms),
    shown(stats.p95Ms),
    shown(stats.p99Ms),
    stats.connectionRate.toFixed(1),
    `${endpoints.healthy}/${endpoints.total}`,
  ]);
  return table([head, ...rows]);
}

const shown = (value: number | null): string => (value === null ? '-' : value.toFixed(1));

function wholeNumber(value: unknown, option: string, otherwise: number, least: number): number {
  const number = Number(value ?? otherwise);
  if (!Number.isInteger(number) || number < least)
    throw new UsageError(`${option}: expected a whole number from ${least} on, found ${value}`);
  return number;
}
