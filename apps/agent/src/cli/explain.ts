import type { Mesh } from '@weft/core/mesh/mesh';
import { parseNode } from '@weft/core/mesh/parse-node';
import type { PartialCall } from '@weft/core/simulate/call';
import type { LocalWorkload } from '../api/config-types.ts';
import type { TrafficRecord } from '../api/types.ts';
import { sidecarBootstrap } from '../dataplane/sidecar-bootstrap.ts';
import { callOf } from '../operations/replay-records.ts';
import { gatewayListenerPort } from '../push/loopback-listeners.ts';
import { ask, createAgentClient, defaultAgentUrl } from './agent-client.ts';
import { readAgentMesh } from './agent-mesh.ts';
import { type CheckProxy, compileCheckProxy, nodeOf } from './check-mesh.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions } from './options.ts';
import { recordLine } from './record-line.ts';
import { formatRouteAnswer, type RouteAnswer } from './route-answer.ts';
import { explainRoute } from './route-explain.ts';

export const help = `usage: weft explain RECORD [options]
       weft explain [--from NS/WORKLOAD] [--method GET] [-H 'name: value'] URL

Says where a request of a running mesh goes and why, by the configuration that is in force now: listener, route, cluster, policies, and every rule that
was tried. RECORD is the number that weft tap shows, or a request id (x-request-id); its headers are not recorded, so rules see none.

  --from NS/WORKLOAD   who calls (default: a workload of namespace default)
  --method METHOD      default GET
  -H 'name: value'     header; repeatable
  --agent URL          default ${defaultAgentUrl}
  -o json|text         default text

example:
  weft explain --from shop/web-v1 -H 'x-canary: 1' http://orders.shop/api/list
`;

/** As many of the newest records are searched. */
const maxRecords = 2_000;

/** A mesh that runs, and who is in it. */
interface RunningMesh {
  readonly mesh: Mesh;
  readonly workloads: readonly LocalWorkload[];
}

/** Runs `weft explain`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    agent: { type: 'string' },
    from: { type: 'string' },
    method: { type: 'string' },
    header: { type: 'string', short: 'H', multiple: true },
    output: { type: 'string', short: 'o' },
  });
  const [what] = positionals;
  if (what === undefined || positionals.length > 1) throw new UsageError('expected one record, or one URL');
  const call = what.includes('://') ? typedCall(what, values) : null;
  const url = typeof values.agent === 'string' ? values.agent : defaultAgentUrl;
  const client = createAgentClient(url);
  const workloads = await ask(url, client.dataPlane.workloads.query());
  const isJson = values.output === 'json';
  if (call !== null) {
    const from = callerOf(values.from, workloads);
    const mesh = await readAgentMesh(url, client);
    const answer = await explainRoute(compileCheckProxy(mesh, nodeOf(from)), call);
    io.stdout.write(isJson ? `${JSON.stringify(answer)}\n` : formatRouteAnswer(answer));
    return 0;
  }
  const { records } = await ask(url, client.requests.recent.query({ limit: maxRecords }));
  const found = records.filter(({ id, requestId }) => String(id) === what || requestId === what);
  if (found.length === 0) throw new InputError(`no record ${what} among the ${records.length} newest; weft tap shows their numbers`);
  const running = { mesh: await readAgentMesh(url, client), workloads };
  for (const record of found) {
    const explanation = await explainRecord(record, running);
    if (isJson) io.stdout.write(`${JSON.stringify({ record, explanation })}\n`);
    else
      io.stdout.write(`${recordLine(record)}\n${explanation ? formatRouteAnswer(explanation) : 'The proxy that recorded it is gone.\n'}`);
  }
  return 0;
}

/** What the proxy that recorded a request does with such a one now; null for TCP, and for a proxy that is not there any more. */
async function explainRecord(record: TrafficRecord, running: RunningMesh): Promise<RouteAnswer | null> {
  const [, , name] = record.proxy.split('~');
  const workload = running.workloads.find((each) => `${each.name}.${each.namespace}` === name);
  if (!workload || record.protocol === 'tcp') return null;
  if (record.reporter === 'destination') return explainRoute(receiverOf(running.mesh, workload), callOf(record));
  const type = record.reporter === 'gateway' ? 'router' : 'sidecar';
  const caller = compileCheckProxy(running.mesh, nodeOf({ ...callerRequest(workload), type }));
  const port = type === 'router' ? (gatewayListenerPort(caller.snapshot.listeners, 'http') ?? 80) : portOfCluster(record.upstreamCluster);
  const protocol = record.protocol === 'grpc' ? 'http2' : 'http';
  const mode = type === 'router' ? 'gateway' : 'outbound';
  return explainRoute(caller, { mode, port, protocol, host: record.authority, method: record.method, path: record.path });
}

/** The proxy as it really is, with its listeners on loopback. */
function receiverOf(mesh: Mesh, workload: LocalWorkload): CheckProxy {
  const node = parseNode(sidecarBootstrap(workload, { admin: 0, xdsHost: '127.0.0.1', xds: 0 }).node ?? {});
  if (!node) throw new InputError(`${workload.namespace}/${workload.name} is no proxy`);
  return compileCheckProxy(mesh, node);
}

function typedCall(url: string, { method, header }: Readonly<Record<string, unknown>>): PartialCall {
  if (!URL.canParse(url)) throw new UsageError(`not a URL: ${url}`);
  const { protocol, hostname, host, port, pathname, search } = new URL(url);
  const defaultPort = protocol === 'https:' ? 443 : 80;
  return {
    port: port === '' ? defaultPort : Number(port),
    protocol: protocol === 'tcp:' ? 'tcp' : protocol === 'grpc:' ? 'http2' : 'http',
    tls: protocol === 'https:' ? 'tls' : 'plaintext',
    sni: protocol === 'https:' ? hostname : '',
    host,
    method: typeof method === 'string' ? method : 'GET',
    path: `${pathname || '/'}${search}`,
    headers: Object.fromEntries(((header as readonly string[] | undefined) ?? []).map(headerOf)),
  };
}

function headerOf(text: string): readonly [name: string, value: string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new UsageError(`-H: expected 'name: value', found ${text}`);
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

function callerOf(from: unknown, workloads: readonly LocalWorkload[]) {
  if (typeof from !== 'string') return { namespace: 'default' };
  const [namespace, name] = from.includes('/') ? from.split('/') : ['default', from];
  const workload = workloads.find((each) => each.namespace === namespace && (each.name === name || each.workloadName === name));
  if (!workload) {
    throw new InputError(
      `--from: no workload ${namespace}/${name}; there are ${workloads.map((each) => `${each.namespace}/${each.name}`).join(', ')}`,
    );
  }
  return { ...callerRequest(workload), type: workload.type };
}

function callerRequest({ namespace, name, labels, serviceAccount, cluster, network }: LocalWorkload) {
  return { namespace, name, labels, serviceAccount, cluster, network };
}

/** `outbound|80|v1|host` → 80. */
function portOfCluster(name: string): number {
  return Number(name.split('|')[1]) || 80;
}
