import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatSpiffe } from '@weft/core/base/spiffe';
import { CsrError, openAuthority } from '../ca/authority.ts';
import { pathOf } from './agent-options.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions, readInputs } from './options.ts';
import { answerSpiffe } from './spiffe-parse.ts';

export const help = `usage: weft ca sign --csr FILE|- --id SPIFFE-ID [options]

Signs a certificate request with a mesh's certificate authority, and prints the chain: leaf, intermediates, root. Names in the request are ignored: the
certificate is for the identity that is given here. Who can read the authority's key can do this.

  --csr FILE|-             the request (PKCS #10, PEM)
  --id ID                  identity, as spiffe://cluster.local/ns/shop/sa/cart; or --namespace and --service-account
  -n, --namespace NS       namespace of the identity, in trust domain cluster.local
  --service-account SA     service account of the identity
  --ttl-hours N            default 24, at most 2160
  --ca-dir DIR             a plugged-in authority: ca-cert.pem, ca-key.pem, root-cert.pem, cert-chain.pem
  --data DIR               the data directory of an agent, whose authority signs (default .weft)
  -o json|text             default text: the chain as PEM

example:
  weft ca sign --csr cart.csr --namespace shop --service-account cart > cart-chain.pem
`;

const hourMs = 3_600_000;

/** Runs `weft ca sign`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    csr: { type: 'string' },
    id: { type: 'string' },
    namespace: { type: 'string', short: 'n' },
    'service-account': { type: 'string' },
    'ttl-hours': { type: 'string' },
    'ca-dir': { type: 'string' },
    data: { type: 'string' },
    output: { type: 'string', short: 'o' },
  });
  if (typeof values.csr !== 'string') throw new UsageError('expected --csr FILE');
  const spiffeId = identityOf(values);
  const ttlHours = Number(values['ttl-hours'] ?? 24);
  if (!(ttlHours > 0)) throw new UsageError(`--ttl-hours: expected a number above 0, found ${values['ttl-hours']}`);
  const [request] = await readInputs([values.csr], io);
  const pluggedIn = typeof values['ca-dir'] === 'string' ? pathOf(values, 'ca-dir', '', io.cwd) : null;
  const directory = join(pathOf(values, 'data', '.weft', io.cwd), 'ca');
  // A new authority that no proxy trusts would help nobody.
  if (pluggedIn === null && !existsSync(directory))
    throw new InputError(`${directory}: there is no certificate authority; see --data and --ca-dir`);
  try {
    const authority = await openAuthority({ directory, pluggedIn, now: Date.now });
    const { chain, serial, notBefore, notAfter } = await authority.sign(request?.text ?? '', spiffeId, ttlHours * hourMs);
    const answer = { spiffeId, serial, notBefore: new Date(notBefore).toISOString(), notAfter: new Date(notAfter).toISOString(), chain };
    io.stdout.write(values.output === 'json' ? `${JSON.stringify(answer)}\n` : chain.join(''));
    return 0;
  } catch (error) {
    if (error instanceof CsrError) throw new InputError(`${values.csr}: ${error.message}`);
    throw error;
  }
}

function identityOf({ id, namespace, 'service-account': serviceAccount }: Readonly<Record<string, unknown>>): string {
  const named =
    typeof namespace === 'string' && typeof serviceAccount === 'string'
      ? formatSpiffe({ trustDomain: 'cluster.local', namespace, serviceAccount })
      : null;
  const spiffeId = typeof id === 'string' ? id : named;
  if (spiffeId === null) throw new UsageError('expected --id, or --namespace and --service-account');
  const { valid, error } = answerSpiffe(spiffeId);
  if (!valid) throw new UsageError(`--id: ${error}`);
  return spiffeId;
}
