import { webcrypto } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestCertificate } from '../ca/request-certificate.ts';
import { openTokenKey } from '../ca/tokens.ts';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { pathOf, portOf } from './agent-options.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions } from './options.ts';

export const help = `weft cert issue: issue a certificate for a workload identity, for joining by hand

Writes key.pem (made here, it never leaves this computer), cert-chain.pem and root-cert.pem. Only who can read the agent's data directory can do this.

  --namespace NS           namespace of the identity
  --service-account SA     service account of the identity
  --out DIR                where to write
  --ttl-hours N            default 24
  --data DIR               the agent's data directory (default .weft)
  --xds-port N             the agent's xDS port (default 15010)
  --agent URL              default ${defaultAgentUrl}

Example: weft cert issue --namespace shop --service-account cart --out certs
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    agent: { type: 'string' },
    namespace: { type: 'string', short: 'n' },
    'service-account': { type: 'string' },
    out: { type: 'string' },
    'ttl-hours': { type: 'string' },
    data: { type: 'string' },
    'xds-port': { type: 'string' },
  });
  const { namespace, 'service-account': serviceAccount } = values;
  if (typeof namespace !== 'string' || typeof serviceAccount !== 'string' || typeof values.out !== 'string') {
    throw new UsageError('expected --namespace, --service-account and --out');
  }
  const ttlHours = Number(values['ttl-hours'] ?? 24);
  if (!(ttlHours > 0)) throw new UsageError(`--ttl-hours: expected a number above 0, found ${values['ttl-hours']}`);
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  await ask(url, createAgentClient(url).mesh.status.query());
  const { privateKeyPem, chain } = await requestCertificate({
    address: `127.0.0.1:${portOf(values, 'xds-port', 15_010)}`,
    tokenKey: openTokenKey(join(pathOf(values, 'data', '.weft', io.cwd), 'token-key')),
    subject: { namespace, serviceAccount },
    ttlSeconds: Math.round(ttlHours * 3_600),
    crypto: webcrypto.subtle,
  }).catch((error: Error) => {
    throw new InputError(`the agent refused: ${error.message}`);
  });
  const directory = pathOf(values, 'out', '', io.cwd);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'key.pem'), privateKeyPem, { mode: 0o600 });
  writeFileSync(join(directory, 'cert-chain.pem'), chain.slice(0, -1).join(''));
  writeFileSync(join(directory, 'root-cert.pem'), chain.at(-1) ?? '');
  io.stdout.write(`${join(directory, 'cert-chain.pem')}\n`);
  return 0;
}
