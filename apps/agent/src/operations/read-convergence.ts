import type { Convergence } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { ProxyRecord } from '../push/proxy-connection.ts';
import type { AgentParts } from './agent-parts.ts';

/** How far a revision (the newest, when null) has come to the proxies. A proxy that has a later revision has this one too. */
export function readConvergence(parts: AgentParts, revision: number | null): Convergence {
  const wanted = revision ?? parts.config.revision;
  const stored = parts.revisions.read(wanted);
  if (!stored && wanted !== parts.config.revision) throw new WeftError('NOT_FOUND', `no revision ${wanted}`);
  const at = stored?.at ?? parts.surroundings.startedAt;
  const proxies = parts.registry.list().map((record) => progressOf(record, wanted, at));
  const count = (...states: readonly string[]) => proxies.filter(({ state }) => states.includes(state)).length;
  const [acked, nacked, pending] = [count('acked', 'unchanged'), count('nacked'), count('pending', 'sent')];
  const durations = proxies.flatMap(({ durationMs }) => durationMs ?? []);
  return {
    revision: wanted,
    at,
    total: acked + nacked + pending,
    acked,
    nacked,
    pending,
    durationMs: pending === 0 && durations.length > 0 ? Math.max(...durations) : null,
    proxies,
  };
}

function progressOf(record: ProxyRecord, revision: number, at: number): Convergence['proxies'][number] {
  const { node, connection, ackedRevision, ackedAt, sentRevision, sentAt, refused, lastNack } = record;
  const base = { id: node.id, name: node.name, namespace: node.namespace, durationMs: null, message: null };
  if (!connection) return { ...base, state: 'disconnected' };
  const hasIt = ackedRevision !== null && ackedRevision >= revision;
  if (refused.size > 0 && (sentRevision ?? 0) >= revision) return { ...base, state: 'nacked', message: lastNack?.message ?? null };
  if (hasIt) {
    const wasSent = sentAt !== null && sentAt >= at && ackedAt !== null && ackedAt >= at;
    return wasSent ? { ...base, state: 'acked', durationMs: ackedAt - at } : { ...base, state: 'unchanged' };
  }
  return { ...base, state: sentRevision !== null && sentRevision >= revision ? 'sent' : 'pending' };
}
