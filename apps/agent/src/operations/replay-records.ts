import type { Mesh } from '@weft/core/mesh/mesh';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import { buildPlan } from '@weft/core/plan/build-plan';
import type { Plan } from '@weft/core/plan/plan';
import { type Call, completeCall } from '@weft/core/simulate/call';
import { type CallResult, simulateCall } from '@weft/core/simulate/simulate-call';
import type { ReplayGroup, SecurityDraftPreview } from '../api/config-types.ts';
import type { TrafficRecord } from '../api/types.ts';
import { refusalIn } from '../telemetry/read-record.ts';
import type { AgentParts } from './agent-parts.ts';

/** As many recorded requests are looked at; requests that are alike are decided once. */
const maxRecords = 5_000;

interface Verdict {
  readonly isAllowed: boolean;
  readonly refusedBy: TrafficRecord['refusedBy'];
}

/**
 * Recorded requests whose outcome a draft changes: each is decided by the receiving proxy's present plan and by the one it would have. Records hold no
 * headers, so rules about headers and tokens see none, before and after alike.
 */
export async function replayRecords(parts: AgentParts, draft: Mesh): Promise<SecurityDraftPreview['replay']> {
  const records = parts.records.find(({ reporter, protocol }) => reporter === 'destination' && protocol !== 'tcp', maxRecords);
  const nodes = new Map(parts.registry.connections().map(({ node }) => [node.id, node]));
  const plans = new Map<string, readonly [now: Plan, then: Plan] | null>();
  const verdicts = new Map<string, readonly [now: Verdict, then: Verdict]>();
  const groups = new Map<string, ReplayGroup>();
  let evaluated = 0;
  let unchanged = 0;
  for (const record of records) {
    const node = nodes.get(record.proxy);
    if (!node) continue;
    evaluated++;
    const pair = plansFor(parts, plans, node, draft);
    const verdict = pair === null ? null : await decide(verdicts, record, pair, parts.now());
    if (!verdict || verdict[0].isAllowed === verdict[1].isAllowed) unchanged++;
    else addTo(groups, record, verdict);
  }
  return { evaluated, unchanged, groups: [...groups.values()].sort((a, b) => b.count - a.count) };
}

/** Null when the draft changes nothing for the proxy. */
function plansFor(
  parts: AgentParts,
  plans: Map<string, readonly [Plan, Plan] | null>,
  node: ProxyNode,
  draft: Mesh,
): readonly [Plan, Plan] | null {
  const known = plans.get(node.id);
  if (known !== undefined) return known;
  const now = parts.pusher.snapshotOf(parts.config.current.mesh(), node);
  const then = parts.pusher.snapshotOf(draft, node);
  const pair = now === then ? null : ([buildPlan(now, null), buildPlan(then, null)] as const);
  plans.set(node.id, pair);
  return pair;
}

async function decide(
  verdicts: Map<string, readonly [Verdict, Verdict]>,
  record: TrafficRecord,
  [now, then]: readonly [Plan, Plan],
  nowMs: number,
): Promise<readonly [Verdict, Verdict]> {
  const { proxy, source, destination, method, path, authority, protocol, mtls } = record;
  const key = JSON.stringify([proxy, source.principal, destination.address, method, path, authority, protocol, mtls]);
  const known = verdicts.get(key);
  if (known) return known;
  const call = callOf(record);
  const ports = { keys: async () => null, nowMs };
  const pair = [verdictOf(await simulateCall(now, call, ports)), verdictOf(await simulateCall(then, call, ports))] as const;
  verdicts.set(key, pair);
  return pair;
}

/** A recorded request as a call on the proxy that received it. */
export function callOf({ source, destination, method, path, authority, protocol, mtls }: TrafficRecord): Call {
  const colon = destination.address.lastIndexOf(':');
  const sourceColon = source.address.lastIndexOf(':');
  return completeCall({
    mode: 'inbound',
    address: destination.address.slice(0, colon),
    port: Number(destination.address.slice(colon + 1)),
    protocol: protocol === 'grpc' ? 'http2' : 'http',
    tls: mtls ? 'mtls' : 'plaintext',
    host: authority,
    method,
    path,
    headers: protocol === 'grpc' ? { 'content-type': 'application/grpc' } : {},
    source: { ip: source.address.slice(0, sourceColon), principal: source.principal ?? '' },
  });
}

function verdictOf({ error, network, decision }: CallResult): Verdict {
  if (error !== null) return { isAllowed: false, refusedBy: null };
  if (network && !network.allowed) return { isAllowed: false, refusedBy: refusalIn(network.policy) };
  const isRefused = decision?.kind === 'localReply' && ['rbac', 'jwt', 'extAuthz'].includes(decision.reason);
  return isRefused ? { isAllowed: false, refusedBy: refusalIn(decision.details) } : { isAllowed: true, refusedBy: null };
}

function addTo(groups: Map<string, ReplayGroup>, record: TrafficRecord, [now, then]: readonly [Verdict, Verdict]): void {
  const source = record.source.workload ? `${record.source.namespace}/${record.source.workload}` : (record.source.principal ?? 'unknown');
  const destination = `${record.destination.namespace}/${record.destination.workload}`;
  const change = then.isAllowed ? ('newly-allowed' as const) : ('newly-denied' as const);
  const refusedBy = then.isAllowed ? now.refusedBy : then.refusedBy;
  const policy = refusedBy?.policy ?? null;
  const rule = refusedBy?.rule ?? null;
  const key = JSON.stringify([source, destination, change, policy, rule]);
  const before = groups.get(key);
  groups.set(key, { source, destination, change, policy, rule, count: (before?.count ?? 0) + 1, sample: before?.sample ?? record });
}
