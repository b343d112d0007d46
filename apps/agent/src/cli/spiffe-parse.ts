import { parseSpiffe } from '@weft/core/base/spiffe';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions, runBatch } from './options.ts';

export const help = `usage: weft spiffe parse ID… [-o json|text]

Takes SPIFFE identities apart, and says what is wrong with those that are none or that a mesh does not take. Exit code 1 when there is such a one.

  --batch                 one JSON text, or {"id": "…"}, per line of stdin, one answer per line of stdout
  -o json|text            default text
  --fail                  exit 1 with -o json too

example:
  weft spiffe parse spiffe://cluster.local/ns/shop/sa/cart
`;

interface SpiffeAnswer {
  readonly id: string;
  readonly valid: boolean;
  readonly trustDomain: string | null;
  readonly path: string | null;
  /** Null for an identity that is no workload's of a mesh. */
  readonly namespace: string | null;
  readonly serviceAccount: string | null;
  readonly error: string | null;
}

const maxBytes = 2_048;
const maxTrustDomainBytes = 255;

/** Runs `weft spiffe parse`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    output: { type: 'string', short: 'o' },
    batch: { type: 'boolean' },
    fail: { type: 'boolean' },
  });
  if (values.batch === true) return runBatch(io, (request) => answerSpiffe(idOf(request)));
  if (positionals.length === 0) throw new UsageError('expected an identity, as spiffe://cluster.local/ns/shop/sa/cart');
  const answers = positionals.map(answerSpiffe);
  if (values.output === 'json') io.stdout.write(`${JSON.stringify(answers.length === 1 ? answers[0] : answers)}\n`);
  else io.stdout.write(answers.map(describe).join(''));
  return answers.some(({ valid }) => !valid) && (values.output !== 'json' || values.fail === true) ? 1 : 0;
}

/** An identity by the SPIFFE standard, and then by the form that Istio gives workloads: `/ns/<namespace>/sa/<service account>`. */
export function answerSpiffe(id: string): SpiffeAnswer {
  const error = problemOf(id);
  const [, trustDomain = '', path = ''] = error === null ? (/^spiffe:\/\/([^/]*)(.*)$/.exec(id) ?? []) : [];
  if (error !== null) return { id, valid: false, trustDomain: null, path: null, namespace: null, serviceAccount: null, error };
  const workload = parseSpiffe(id);
  return {
    id,
    valid: workload !== null,
    trustDomain,
    path,
    namespace: workload?.namespace ?? null,
    serviceAccount: workload?.serviceAccount ?? null,
    error: workload === null ? `a workload's path is /ns/<namespace>/sa/<service account>, found ${JSON.stringify(path)}` : null,
  };
}

/** What the SPIFFE standard says against it, or null. */
function problemOf(id: string): string | null {
  if (!id.startsWith('spiffe://')) return 'expected the scheme spiffe://';
  if (Buffer.byteLength(id) > maxBytes) return `longer than ${maxBytes} bytes`;
  const [trustDomain = '', ...segments] = id.slice('spiffe://'.length).split('/');
  if (trustDomain === '') return 'the trust domain is missing';
  if (trustDomain.length > maxTrustDomainBytes) return `the trust domain is longer than ${maxTrustDomainBytes} bytes`;
  if (!/^[a-z0-9._-]+$/.test(trustDomain)) {
    return `a trust domain holds lower-case letters, digits, dots, dashes and underscores, found ${JSON.stringify(trustDomain)}`;
  }
  for (const segment of segments) {
    if (segment === '') return 'a part of the path is empty';
    if (segment === '.' || segment === '..') return 'the path holds . or ..';
    if (!/^[A-Za-z0-9._-]+$/.test(segment)) {
      return `a path holds letters, digits, dots, dashes and underscores, found ${JSON.stringify(segment)}`;
    }
  }
  return null;
}

function idOf(request: unknown): string {
  const id = typeof request === 'string' ? request : (request as { readonly id?: unknown } | null)?.id;
  if (typeof id !== 'string') throw new UsageError('expected a text, or {"id": "…"}');
  return id;
}

function describe({ id, trustDomain, path, namespace, serviceAccount, error }: SpiffeAnswer): string {
  const lines =
    error === null
      ? [`trust domain     ${trustDomain}`, `namespace        ${namespace}`, `service account  ${serviceAccount}`]
      : [`not valid: ${error}`, ...(trustDomain === null ? [] : [`trust domain     ${trustDomain}`, `path             ${path}`])];
  return `${[id, ...lines.map((line) => `  ${line}`)].join('\n')}\n`;
}
