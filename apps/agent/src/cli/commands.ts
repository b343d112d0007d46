import type { CommandModule } from './command.ts';

/** One entry of the command table. */
export interface CommandEntry {
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  /** Module beside this file, loaded when the command is called. */
  readonly file: string;
  /** Whether it is a check of configuration that `POST /api/v1/check/<name>` also answers. */
  readonly isCheck: boolean;
}

const check = (name: string, file: string, summary: string): CommandEntry => ({ name, file, summary, isCheck: true });
const command = (name: string, file: string, summary: string): CommandEntry => ({ name, file, summary, isCheck: false });

/** Every command of `weft`, in the order of its help. */
export const commands: readonly CommandEntry[] = [
  command('up', './up.ts', 'run a whole mesh on this computer: agent, data plane, demo, console'),
  command('agent', './agent.ts', 'run the control plane for a directory of YAML'),
  command('proxy', './proxy.ts', 'run a proxy from an Envoy bootstrap file'),
  command('dataplane', './dataplane.ts', 'run the sidecars and gateways of all local workloads in one process'),
  command('sidecar', './sidecar.ts', 'run the sidecar of one workload'),
  command('run', './run.ts', 'run a local program in the mesh'),
  command('status', './status.ts', 'show the agent and its proxies'),
  command('apply', './apply.ts', 'apply resources to a running mesh'),
  command('diff', './diff.ts', 'show what applying resources would change'),
  command('undo', './undo.ts', 'take back a revision'),
  command('history', './history.ts', 'list the revisions'),
  command('cert issue', './cert-issue.ts', 'issue a certificate for a workload identity'),
  check('analyze', './analyze.ts', 'find mistakes in resources'),
  check('validate', './validate.ts', 'validate resources one by one'),
  check('route explain', './route-explain.ts', 'say where a request goes and why'),
  check('authz check', './authz-check.ts', 'say whether a request is allowed and why'),
  check('jwt check', './jwt-check.ts', 'say whether a token is accepted and why'),
  check('xds dump', './xds-dump.ts', 'print what a proxy is sent'),
  check('proxy route-check', './proxy-route-check.ts', 'test a route configuration'),
  check('gateway translate', './gateway-translate.ts', 'translate Gateway API resources'),
  check('inject', './inject.ts', 'add the sidecar to pods'),
  check('cel eval', './cel-eval.ts', 'evaluate a CEL expression'),
  check('spiffe parse', './spiffe-parse.ts', 'take a SPIFFE identity apart'),
  command('ca sign', './ca-sign.ts', 'sign a certificate request'),
  command('ca verify', './ca-verify.ts', 'verify a certificate chain'),
  check('metrics lint', './metrics-lint.ts', 'check a metrics page'),
  command('tap', './tap.ts', 'follow live requests'),
  command('top', './top.ts', 'show the busiest services'),
  command('explain', './explain.ts', 'explain a recorded request'),
];

/** The entry whose words `args` starts with (the longest one), and the arguments after them. */
export function findCommand(args: readonly string[]): { readonly entry: CommandEntry; readonly rest: readonly string[] } | null {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    const entry = args.length >= words ? commands.find((each) => each.name === name) : undefined;
    if (entry) return { entry, rest: args.slice(words) };
  }
  return null;
}

/** Loads a command's module. */
export async function loadCommand(entry: CommandEntry): Promise<CommandModule> {
  return (await import(new URL(entry.file, import.meta.url).href)) as CommandModule;
}
