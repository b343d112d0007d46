import type { MeshConfig } from '@weft/core/resource/mesh-config';
import { type AuthzAnswer, type AuthzRequest, answerAuthz } from './authz-answer.ts';
import { isGatewayWorkload, type WorkloadRequest, workloadResources } from './authz-workload.ts';
import { type CheckMesh, type CheckProxy, compileCheckProxy, nodeOf, readCheckMesh, resolveCheckMesh } from './check-mesh.ts';
import { type CommandIo, UsageError } from './command.ts';
import { localKeys } from './local-keys.ts';
import { parseCheckOptions, readStdin, runBatch, sharedOptionsHelp } from './options.ts';

export const help = `usage: weft authz check -f FILE… [--batch] < REQUEST

Says whether a workload would accept a request, which layer and which policy decided, and what dry-run policies would have said.
The request is one JSON object on stdin (with --batch one per line): {"workload": {…}, "request": {…}}.

${sharedOptionsHelp}

example:
  echo '{"workload": {"namespace": "shop", "labels": {"app": "cart"}, "ports": [{"port": 8080, "protocol": "HTTP"}]},
         "request": {"port": 8080, "method": "GET", "path": "/", "principal": "cluster.local/ns/shop/sa/web"}}' | weft authz check -f policies.yaml
`;

interface Question {
  readonly workload?: WorkloadRequest;
  readonly request?: AuthzRequest;
}

/** Runs `weft authz check`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args);
  if (options.files.length === 0) throw new UsageError('-f is needed: a file or a directory');
  const given = await readCheckMesh(options, io);
  const proxies = new Map<string, CheckProxy>();
  const answer = (asked: unknown): Promise<AuthzAnswer> => {
    const { workload = {}, request = {} } = (asked ?? {}) as Question;
    const key = JSON.stringify([workload, request.pathNormalization, request.port]);
    const proxy = proxies.get(key) ?? proxyOf(given, workload, request);
    proxies.set(key, proxy);
    return answerAuthz(proxy, request, { keys: localKeys, nowMs: Date.now() });
  };
  if (options.batch) return runBatch(io, answer);
  const result = await answer(parseRequest(await readStdin(io)));
  io.stdout.write(options.output === 'text' ? formatAnswer(result) : `${JSON.stringify(result, null, 2)}\n`);
  const isFinding = result.decision === 'deny' && (options.output === 'text' || options.fail);
  return isFinding ? 1 : 0;
}

/** The proxy beside the workload; one that would not listen on the port as a gateway is judged as a sidecar. */
function proxyOf(given: CheckMesh, workload: WorkloadRequest, request: AuthzRequest): CheckProxy {
  const meshConfig = withNormalization(given.meshConfig, request.pathNormalization);
  const build = (type: 'sidecar' | 'router'): CheckProxy => {
    const mesh = resolveCheckMesh(given, workloadResources(workload, request, type === 'router'), meshConfig);
    return compileCheckProxy(mesh, nodeOf({ ...workload, type, ip: workload.ip ?? request.destinationIp ?? '10.0.0.1' }));
  };
  if (!isGatewayWorkload(given.resources, workload)) return build('sidecar');
  const gateway = build('router');
  const listens = gateway.plan.listeners.some((listener) => listener.addresses.some((at) => at.kind === 'tcp' && at.port === request.port));
  return listens ? gateway : build('sidecar');
}

function withNormalization(meshConfig: MeshConfig, normalization: string | undefined): MeshConfig {
  if (normalization === undefined) return meshConfig;
  return { ...meshConfig, pathNormalization: { ...meshConfig.pathNormalization, normalization } } as MeshConfig;
}

function formatAnswer({ decision, status, layer, policy, rule, dryRun, normalizedPath }: AuthzAnswer): string {
  const by = policy === null ? layer : `${layer}: ${policy}${rule === null ? '' : ` rule ${rule}`}`;
  const lines = [
    `${decision} ${status} (${by}) path ${normalizedPath}`,
    ...dryRun.map((entry) => `dry run: ${entry.policy} would ${entry.would}`),
  ];
  return `${lines.join('\n')}\n`;
}

function parseRequest(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`expected one JSON request on stdin: ${(error as Error).message}`);
  }
}
