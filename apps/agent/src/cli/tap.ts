import type { TrafficRecord } from '../api/types.ts';
import { defaultAgentUrl } from './agent-client.ts';
import { subscribe } from './agent-events.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions } from './options.ts';
import { recordLine } from './record-line.ts';

export const help = `usage: weft tap [SERVICE|WORKLOAD] [options]

Follows the requests of a running mesh as its proxies record them, until Ctrl-C. A request between two proxies has two records: of its source and of its
destination. The number in front is what weft explain takes.

  SERVICE|WORKLOAD     called service or workload, as orders or shop/orders
  --source WORKLOAD    the caller
  -n, --namespace NS   of caller or called; repeatable
  --method GET         --path TEXT (a part of it)      --code 404, 5xx or - (no response)
  --flag UF            response flag
  --refused            only what a policy refused
  --reporter source|destination|gateway
  --count N            end after so many
  --agent URL          default ${defaultAgentUrl}
  -o json|text         default text; json is one record per line

example:
  weft tap shop/orders --code 5xx
`;

/** Runs `weft tap`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    agent: { type: 'string' },
    source: { type: 'string' },
    namespace: { type: 'string', short: 'n', multiple: true },
    method: { type: 'string' },
    path: { type: 'string' },
    code: { type: 'string' },
    flag: { type: 'string' },
    refused: { type: 'boolean' },
    reporter: { type: 'string' },
    count: { type: 'string' },
    output: { type: 'string', short: 'o' },
  });
  if (positionals.length > 1) throw new UsageError(`expected one service or workload, found ${positionals.join(' ')}`);
  const count = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count);
  if (!(count >= 1)) throw new UsageError(`--count: expected a number from 1 on, found ${values.count}`);
  const { reporter = null } = values;
  if (reporter !== null && reporter !== 'source' && reporter !== 'destination' && reporter !== 'gateway') {
    throw new UsageError(`--reporter: expected source, destination or gateway, found ${reporter}`);
  }
  const filter = {
    namespaces: values.namespace ?? [],
    source: values.source ?? null,
    destination: positionals[0] ?? null,
    method: values.method ?? null,
    pathContains: values.path ?? null,
    code: values.code ?? null,
    flag: values.flag ?? null,
    refusedOnly: values.refused === true,
    reporter,
  };
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    await follow(subscribe(url, 'requests.tap', filter, stop.signal), { count, isJson: values.output === 'json', io });
    return 0;
  } finally {
    stop.abort();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal);
  }
}

async function follow(
  batches: AsyncIterable<unknown>,
  { count, isJson, io }: { readonly count: number; readonly isJson: boolean; readonly io: CommandIo },
): Promise<void> {
  let left = count;
  for await (const batch of batches) {
    for (const record of (batch as readonly TrafficRecord[]).slice(0, left)) {
      io.stdout.write(`${isJson ? JSON.stringify(record) : recordLine(record)}\n`);
      left--;
    }
    if (left <= 0) return;
  }
}
