import { unverifiedClaims } from '@weft/core/engine/parse-jwt';
import { parseYaml } from '@weft/core/resource/parse';
import type { Resource } from '@weft/core/resource/resource';
import { simulateCall } from '@weft/core/simulate/simulate-call';
import { type AuthzRequest, callOf, headersAfter } from './authz-answer.ts';
import { type WorkloadRequest, workloadResources } from './authz-workload.ts';
import { type CheckMesh, compileCheckProxy, nodeOf, readCheckMesh, resolveCheckMesh } from './check-mesh.ts';
import { type CommandIo, UsageError } from './command.ts';
import { localKeys } from './local-keys.ts';
import { parseCheckOptions, readStdin, runBatch, sharedOptionsHelp } from './options.ts';

export const help = `usage: weft jwt check [-f FILE…] [--batch] < REQUEST

Says whether RequestAuthentication policies accept a token, and what they make of the request. Keys must stand in the policies: no network is used.
The request is one JSON object on stdin (with --batch one per line):
  {"jwt": "eyJ…", "rules": [{"issuer": "…", "jwks": "…"}], "workload": {…}, "request": {"headers": {…}, "path": "/"}, "now": 1700000000}
"rules" are jwtRules to use in place of the policies of -f; "now" is the time in seconds since 1970.

${sharedOptionsHelp}

example:
  echo '{"jwt": "'$TOKEN'", "workload": {"namespace": "shop", "labels": {"app": "cart"}}}' | weft jwt check -f policies.yaml -o json
`;

interface Question {
  readonly jwt?: string;
  readonly rules?: readonly object[];
  readonly workload?: WorkloadRequest;
  readonly request?: AuthzRequest;
  readonly now?: number;
}

/** The answer of `weft jwt check`. */
interface JwtAnswer {
  readonly valid: boolean;
  readonly status: number;
  /** Envoy's words for a refusal; null when there is none. */
  readonly reason: string | null;
  readonly principal: string | null;
  /** Claims as the token has them, verified or not; null when it is no token. */
  readonly claims: object | null;
  readonly requestHeadersAfter: Readonly<Record<string, string>>;
}

/** Runs `weft jwt check`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args);
  const given = await readCheckMesh(options, io);
  const answer = (question: unknown): Promise<JwtAnswer> => check(given, (question ?? {}) as Question);
  if (options.batch) return runBatch(io, answer);
  const result = await answer(parseRequest(await readStdin(io)));
  io.stdout.write(options.output === 'text' ? formatAnswer(result) : `${JSON.stringify(result, null, 2)}\n`);
  return !result.valid && (options.output === 'text' || options.fail) ? 1 : 0;
}

async function check(given: CheckMesh, question: Question): Promise<JwtAnswer> {
  const { workload = {}, jwt = '', now } = question;
  const request = { port: 8080, ...question.request, jwt };
  const policies = question.rules
    ? ruleResources(question.rules, workload)
    : given.resources.filter(({ ref }) => ref.kind === 'RequestAuthentication');
  const mesh = resolveCheckMesh({ ...given, resources: policies }, workloadResources(workload, request, false));
  const proxy = compileCheckProxy(mesh, nodeOf({ ...workload, type: 'sidecar', ip: workload.ip ?? '10.0.0.1' }));
  const call = callOf(proxy, request);
  const nowMs = now === undefined ? Date.now() : now * 1000;
  const result = await simulateCall(proxy.plan, call, { keys: localKeys, nowMs, trustsPrincipal: true });
  const { decision } = result;
  const isRefused = decision?.kind === 'localReply' && decision.reason === 'jwt';
  const token = jwt || (call.headers.authorization ?? '').replace(/^Bearer\s+/i, '');
  return {
    valid: !isRefused,
    status: isRefused ? decision.status : 200,
    reason: isRefused ? decision.body : null,
    principal: decision?.outcome.requestPrincipal || null,
    claims: unverifiedClaims(token),
    requestHeadersAfter: headersAfter(call, result),
  };
}

function ruleResources(rules: readonly object[], { namespace = 'default' }: WorkloadRequest): readonly Resource[] {
  const policy = {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'checked-rules', namespace },
    spec: { jwtRules: rules },
  };
  return parseYaml(JSON.stringify(policy), 'request').resources;
}

function formatAnswer({ valid, status, reason, principal }: JwtAnswer): string {
  return `${valid ? `accepted${principal === null ? '' : ` as ${principal}`}` : `refused ${status}: ${reason}`}\n`;
}

function parseRequest(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`expected one JSON request on stdin: ${(error as Error).message}`);
  }
}
