import { explainCall } from '@weft/core/explain/explain-call';
import type { PartialCall } from '@weft/core/simulate/call';
import { completeCall } from '@weft/core/simulate/call';
import { simulateCall } from '@weft/core/simulate/simulate-call';
import { type CheckProxy, compileCheckProxy, nodeOf, type ProxyRequest, readCheckMesh, resolveCheckMesh } from './check-mesh.ts';
import { type CommandIo, UsageError } from './command.ts';
import { localKeys } from './local-keys.ts';
import { parseCheckOptions, readStdin, runBatch, sharedOptionsHelp } from './options.ts';
import { formatRouteAnswer, type RouteAnswer, routeAnswer } from './route-answer.ts';

export const help = `usage: weft route explain -f FILE… [--batch] < REQUEST

Says where a request goes from one proxy, and why: listener, route, cluster, what is done to the request, and every rule that was tried.
The request is one JSON object on stdin (with --batch one per line): {"proxy": {…}, "call": {…}}.

${sharedOptionsHelp}

example:
  echo '{"proxy": {"namespace": "default"}, "call": {"host": "reviews", "port": 9080, "path": "/"}}' | weft route explain -f mesh/ -o json
`;

/** A question about one proxy. */
interface RouteRequest {
  readonly proxy?: ProxyRequest;
  readonly call?: PartialCall;
}

/** Runs `weft route explain`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args);
  if (options.files.length === 0) throw new UsageError('-f is needed: a file or a directory');
  const mesh = resolveCheckMesh(await readCheckMesh(options, io));
  const proxies = new Map<string, CheckProxy>();
  const answer = (request: unknown): Promise<RouteAnswer> => {
    const { proxy = {}, call = {} } = (request ?? {}) as RouteRequest;
    const key = JSON.stringify(proxy);
    const compiled = proxies.get(key) ?? compileCheckProxy(mesh, nodeOf(proxy));
    proxies.set(key, compiled);
    return explainRoute(compiled, call);
  };
  if (options.batch) return runBatch(io, answer);
  const result = await answer(parseRequest(await readStdin(io)));
  io.stdout.write(options.output === 'text' ? formatRouteAnswer(result) : `${JSON.stringify(result, null, 2)}\n`);
  return 0;
}

/** Where one proxy sends a call, and why. */
export async function explainRoute(proxy: CheckProxy, partial: PartialCall): Promise<RouteAnswer> {
  const call = completeCall(partial);
  const result = await simulateCall(proxy.plan, call, { keys: localKeys, nowMs: Date.now() });
  return routeAnswer(proxy, call, result, explainCall(result));
}

function parseRequest(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`expected one JSON request on stdin: ${(error as Error).message}`);
  }
}
