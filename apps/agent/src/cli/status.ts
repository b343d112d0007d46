import type { MeshStatus } from '../api/types.ts';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { type CommandIo, UsageError } from './command.ts';
import { parseOptions } from './options.ts';
import { table } from './table.ts';

export const help = `weft status: show the agent and its proxies

  --agent URL        default ${defaultAgentUrl}
  -o json|table      default table

Example: weft status -o json
`;

export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, { agent: { type: 'string' }, output: { type: 'string', short: 'o' } });
  const output = values.output ?? 'table';
  if (output !== 'json' && output !== 'table') throw new UsageError(`-o: expected json or table, found ${output}`);
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const status = await ask(url, createAgentClient(url).mesh.status.query());
  io.stdout.write(output === 'json' ? `${JSON.stringify(toContract(status), null, 2)}\n` : describe(status));
  return 0;
}

/** The shape that scripts rely on, with the fields the API has beyond it. */
function toContract(status: MeshStatus): unknown {
  const { version, ready, revision } = status.agent;
  return {
    agent: { version, ready, revision },
    proxies: status.proxies.map(({ certificate, ...proxy }) => ({
      name: proxy.name,
      namespace: proxy.namespace,
      ip: proxy.ip,
      type: proxy.type,
      dataPlane: proxy.dataPlane,
      version: proxy.version,
      adminUrl: proxy.adminUrl,
      metricsUrl: proxy.metricsUrl,
      synced: proxy.synced,
      lastNack: proxy.lastNack,
      certificate: certificate && { spiffeId: certificate.spiffeId, notAfter: new Date(certificate.notAfter).toISOString() },
      id: proxy.id,
      connected: proxy.connected,
      ackedRevision: proxy.ackedRevision,
    })),
    console: status.console,
    gateway: status.gateway,
  };
}

function describe({ agent, proxies, console: web, gateway }: MeshStatus): string {
  const rows = proxies.map(({ name, namespace, type, dataPlane, connected, synced, certificate, metricsUrl }) => [
    `${name}.${namespace}`,
    type,
    dataPlane,
    connected ? 'yes' : 'no',
    ...Object.values(synced),
    certificate ? new Date(certificate.notAfter).toISOString().slice(0, 16) : '-',
    metricsUrl ?? '-',
  ]);
  const head = ['PROXY', 'TYPE', 'DATA PLANE', 'CONNECTED', 'CDS', 'EDS', 'LDS', 'RDS', 'SDS', 'CERTIFICATE UNTIL', 'METRICS'];
  const problems = agent.problems.map(({ file, line, message }) => `! ${file}${line > 0 ? `:${line}` : ''}: ${message}`);
  const lines = [
    `agent ${agent.version}, revision ${agent.revision}, ${agent.directory}`,
    `console ${web?.url ?? '-'}, gateway ${gateway.http ?? '-'} ${gateway.https ?? ''}`,
    ...problems,
    '',
    table([head, ...rows]),
  ];
  return `${lines.join('\n')}\n`;
}
