import type { HeaderChange, LocalReplyDecision, ShadowVerdict } from '@weft/core/engine/decision';
import { pathOf } from '@weft/core/engine/match-route';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { RbacPlan, RbacRulesPlan } from '@weft/core/plan/rbac-plan';
import { type Call, completeCall } from '@weft/core/simulate/call';
import { type CallResult, type SimulationPorts, simulateCall } from '@weft/core/simulate/simulate-call';
import type { CheckProxy } from './check-mesh.ts';

/** A request to a workload, as its proxy sees it. */
export interface AuthzRequest {
  readonly port?: number;
  readonly protocol?: string;
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sourceIp?: string;
  readonly remoteIp?: string;
  readonly destinationIp?: string;
  /** Identity of the client with or without `spiffe://`; without one the connection is plain text. */
  readonly principal?: string;
  readonly sni?: string;
  readonly jwt?: string;
  /** Overrides the mesh's `pathNormalization`. */
  readonly pathNormalization?: string;
}

/** The answer of `weft authz check`. */
export interface AuthzAnswer {
  readonly decision: 'allow' | 'deny';
  readonly status: number;
  readonly layer: 'custom' | 'jwt' | 'deny' | 'allow' | 'implicit-deny' | 'mtls' | 'none';
  /** `namespace/name` of the policy that decided. */
  readonly policy: string | null;
  readonly rule: number | null;
  readonly dryRun: readonly { readonly policy: string; readonly would: 'allow' | 'deny' }[];
  readonly normalizedPath: string;
  readonly requestHeadersAfter: Readonly<Record<string, string>>;
}

/** Asks a workload's proxy about a request. */
export async function answerAuthz(proxy: CheckProxy, request: AuthzRequest, ports: SimulationPorts): Promise<AuthzAnswer> {
  const call = callOf(proxy, request);
  const result = await simulateCall(proxy.plan, call, { ...ports, trustsPrincipal: true });
  const verdict = verdictOf(result);
  return {
    ...verdict,
    dryRun: dryRunOf(result),
    normalizedPath: pathOf(result.request?.path ?? call.path),
    requestHeadersAfter: headersAfter(call, result),
  };
}

/** The request as a call on the proxy of the workload. */
export function callOf({ view }: CheckProxy, request: AuthzRequest): Call {
  const { principal = '', protocol = 'http' } = request;
  const grpc = { 'content-type': 'application/grpc' };
  return completeCall({
    mode: view.node.type === 'sidecar' ? 'inbound' : 'gateway',
    address: request.destinationIp ?? view.node.ip,
    port: request.port ?? 80,
    protocol: protocol === 'tcp' ? 'tcp' : protocol === 'grpc' || protocol === 'http2' ? 'http2' : 'http',
    tls: principal === '' ? 'plaintext' : 'mtls',
    sni: request.sni ?? '',
    host: request.host ?? '',
    method: request.method ?? (protocol === 'grpc' ? 'POST' : 'GET'),
    path: request.path ?? '/',
    headers: protocol === 'grpc' ? { ...grpc, ...request.headers } : (request.headers ?? {}),
    source: { ip: request.sourceIp ?? '', remoteIp: request.remoteIp ?? '', principal },
    jwt: request.jwt ?? '',
  });
}

type Verdict = Pick<AuthzAnswer, 'decision' | 'status' | 'layer' | 'policy' | 'rule'>;

function verdictOf(result: CallResult): Verdict {
  const { error, decision, network, chain } = result;
  if (error === 'no_filter_chain' || error === 'tls_error' || error === 'mtls_error') return denied(0, 'mtls');
  if (error === 'no_listener' || error === 'multiple_filter_chains' || error === 'protocol_error') return denied(400, 'none');
  if (network && !network.allowed) return { ...denied(403, layerOfDenial(network.policy)), ...policyOf(network.policy) };
  if (decision?.kind === 'localReply' && isRefusal(decision)) return refusal(decision);
  const policy = decision ? decision.outcome.rbacPolicy : (network?.policy ?? '');
  const layer = result.assumed.includes('extAuthz') ? 'custom' : hasAllowRules(chain) ? 'allow' : 'none';
  return { decision: 'allow', status: decision?.kind === 'localReply' ? decision.status : 200, layer, ...policyOf(policy) };
}

function denied(status: number, layer: AuthzAnswer['layer']): Verdict {
  return { decision: 'deny', status, layer, policy: null, rule: null };
}

function isRefusal({ reason }: LocalReplyDecision): boolean {
  return reason === 'rbac' || reason === 'jwt' || reason === 'extAuthz' || reason === 'header';
}

function refusal({ reason, status, outcome, details }: LocalReplyDecision): Verdict {
  if (reason === 'jwt') return denied(status, 'jwt');
  if (reason === 'extAuthz') return denied(status, 'custom');
  if (reason !== 'rbac') return denied(status, 'none');
  const policy = details.endsWith('[none]') ? '' : outcome.rbacPolicy;
  return { ...denied(status, layerOfDenial(policy)), ...policyOf(policy) };
}

function layerOfDenial(policy: string): AuthzAnswer['layer'] {
  return policy === '' ? 'implicit-deny' : 'deny';
}

/** `ns[foo]-policy[bar]-rule[1]` → `foo/bar`, 1. */
function policyOf(name: string): Pick<AuthzAnswer, 'policy' | 'rule'> {
  const found = /ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\]/.exec(name);
  return found ? { policy: `${found[1]}/${found[2]}`, rule: Number(found[3]) } : { policy: null, rule: null };
}

function hasAllowRules(chain: FilterChainPlan | null): boolean {
  return rbacFilters(chain).some(({ rbac }) => rbac.rules?.action === 'ALLOW');
}

function rbacFilters(chain: FilterChainPlan | null): readonly { readonly name: string; readonly rbac: RbacPlan }[] {
  const network = (chain?.networkFilters ?? []).flatMap((filter) => (filter.kind === 'rbac' ? [filter] : []));
  const http = (chain?.http?.filters ?? []).flatMap(({ name, config }) =>
    config.kind === 'rbac' && config.rbac ? [{ name, rbac: config.rbac }] : [],
  );
  return [...network, ...http];
}

/** Dry-run policies only: shadow rules also serve CUSTOM actions, under a prefix of their own. */
function dryRunOf({ chain, network, decision }: CallResult): AuthzAnswer['dryRun'] {
  const shadows: readonly ShadowVerdict[] = [...(network?.shadows ?? []), ...(decision?.outcome.shadows ?? [])];
  const found = shadows
    .filter(({ statPrefix }) => statPrefix.includes('dry_run'))
    .flatMap(({ filter, verdict, policy, statPrefix }) => {
      const rules = rbacFilters(chain).find(({ name, rbac }) => name === filter && rbac.shadowRulesStatPrefix === statPrefix)?.rbac
        .shadowRules;
      const would = verdict === 'denied' ? ('deny' as const) : ('allow' as const);
      return namesOf(policy, rules ?? null).map((name) => ({ policy: name, would }));
    });
  return [...new Map(found.map((entry) => [entry.policy, entry])).values()].sort((a, b) => (a.policy < b.policy ? -1 : 1));
}

/** The policy that matched, or all of the set when none did: together they gave the verdict. */
function namesOf(policy: string, rules: RbacRulesPlan | null): readonly string[] {
  const names = policy === '' ? (rules?.policies ?? []).map(({ name }) => name) : [policy];
  return names.flatMap((name) => policyOf(name).policy ?? []);
}

/** The headers that go on after filters changed them. */
export function headersAfter(call: Call, { decision }: CallResult): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { ...call.headers };
  if (call.jwt !== '') headers.authorization ??= `Bearer ${call.jwt}`;
  for (const change of decision?.outcome.headerChanges ?? []) apply(headers, change);
  return headers;
}

function apply(headers: Record<string, string>, change: HeaderChange): void {
  const before = headers[change.name];
  if (change.op === 'remove') delete headers[change.name];
  else headers[change.name] = change.op === 'append' && before !== undefined ? `${before},${change.value}` : change.value;
}
