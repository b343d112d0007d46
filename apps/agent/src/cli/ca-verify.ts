import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ChainVerdict, readCertificates, verifyChain } from '../ca/verify-chain.ts';
import { pathOf } from './agent-options.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions, readInputs } from './options.ts';

export const help = `usage: weft ca verify CHAIN [--root FILE]

Says whether a workload's certificate chain leads to the mesh's root, is current, and names one SPIFFE identity. Exit code 1 when not.

  CHAIN                    PEM file, leaf first; - for stdin
  --root FILE              trusted roots (PEM); default: the authority in --data
  --data DIR               data directory of an agent (default .weft)
  --at TIME                judge as of this time, as 2026-06-01T00:00:00Z (default now)
  -o json|text             default text
  --fail                   exit 1 with -o json too

example:
  weft ca verify cart-chain.pem --root root-cert.pem
`;

/** Runs `weft ca verify`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    root: { type: 'string' },
    data: { type: 'string' },
    at: { type: 'string' },
    output: { type: 'string', short: 'o' },
    fail: { type: 'boolean' },
  });
  const [chain] = positionals;
  if (chain === undefined || positionals.length > 1) throw new UsageError('expected one file with the chain');
  const root = typeof values.root === 'string' ? values.root : join(pathOf(values, 'data', '.weft', io.cwd), 'ca', 'root-cert.pem');
  if (typeof values.root !== 'string' && !existsSync(root))
    throw new InputError(`${root}: no such file; give the trusted roots with --root`);
  const atMs = typeof values.at === 'string' ? Date.parse(values.at) : Date.now();
  if (Number.isNaN(atMs)) throw new UsageError(`--at: expected a time, found ${values.at}`);
  const verdict = verifyChain(await certificates(chain, io), await certificates(root, io), atMs);
  io.stdout.write(values.output === 'json' ? `${JSON.stringify(verdict)}\n` : describe(verdict));
  return !verdict.valid && (values.output !== 'json' || values.fail === true) ? 1 : 0;
}

async function certificates(file: string, io: CommandIo): Promise<ReturnType<typeof readCertificates>> {
  const [input] = await readInputs([file], io);
  try {
    return readCertificates(input?.text ?? '');
  } catch (error) {
    throw new InputError(`${file}: ${(error as Error).message}`);
  }
}

function describe({ valid, spiffeId, links, problems }: ChainVerdict): string {
  const lines = links.map(({ names, subject, notAfter }) => `  ${names[0] ?? subject}, until ${notAfter}`);
  return `${[`${valid ? 'valid' : 'not valid'}: ${spiffeId ?? 'no identity'}`, ...lines, ...problems.map((each) => `  ! ${each}`)].join('\n')}\n`;
}
