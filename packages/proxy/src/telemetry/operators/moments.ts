import type { LogEntry } from '../log-entry.ts';
import type { Operator } from './operator.ts';

/** Milliseconds since the request came; null for what did not happen. */
export function elapsed(entry: LogEntry, at: number): number | null {
  return at === 0 ? null : Math.round(at - entry.startedMonotonic);
}

/** When the last byte went to the client; 0 when the response was broken off. */
export function sentAt(entry: LogEntry): number {
  if (entry.protocol === '') return 0;
  return entry.details.startsWith('upstream_reset_after') || /\bD[CR]\b/.test(entry.flags) ? 0 : entry.endedAt;
}

export function between(from: number, to: number, perMs: number): number | null {
  return from === 0 || to === 0 || to < from ? null : Math.round((to - from) * perMs);
}

/** Moments of a request by Envoy's names: downstream and upstream, received and sent, begin and end. */
const moments: Readonly<Record<string, (entry: LogEntry) => number>> = {
  DS_CX_BEG: (entry) => (entry.protocol === '' ? entry.startedMonotonic : 0),
  DS_CX_END: (entry) => (entry.protocol === '' || entry.flags.includes('DC') ? entry.endedAt : 0),
  DS_RX_BEG: (entry) => entry.startedMonotonic,
  // Requests are known once their head is complete.
  DS_RX_HDR_END: (entry) => (entry.protocol === '' ? 0 : entry.startedMonotonic),
  DS_RX_END: (entry) => entry.requestEndedAt,
  DS_TX_BEG: (entry) => entry.responseStartedAt || (entry.responseStatus === 0 ? 0 : entry.endedAt),
  DS_TX_END: sentAt,
  US_CX_BEG: ({ upstreamOpening }) => upstreamOpening?.beganAt ?? 0,
  US_CX_END: ({ upstreamOpening }) => upstreamOpening?.connectedAt ?? 0,
  US_HS_END: ({ upstreamOpening }) =>
    upstreamOpening !== null && upstreamOpening.readyAt > upstreamOpening.connectedAt ? upstreamOpening.readyAt : 0,
  US_TX_BEG: (entry) => (entry.upstreamProtocol === '' ? 0 : Math.max(entry.startedMonotonic, entry.upstreamOpening?.readyAt ?? 0)),
  US_TX_END: (entry) => (entry.upstreamProtocol === '' ? 0 : entry.requestEndedAt),
  US_RX_BEG: (entry) => entry.responseStartedAt,
  US_RX_BODY_BEG: (entry) => (entry.responseBytes > 0 ? entry.responseStartedAt : 0),
  US_RX_END: (entry) => (entry.responseStartedAt === 0 ? 0 : sentAt(entry)),
};

/** `FROM:TO:PRECISION`, e.g. `DS_RX_BEG:US_RX_BEG:us`. */
export function commonDuration(argument: string): Operator {
  const [from = '', to = '', precision = 'ms'] = argument.split(':');
  const perMs = precision === 'us' ? 1000 : precision === 'ns' ? 1_000_000 : 1;
  const [start, end] = [moments[from], moments[to]];
  if (start === undefined || end === undefined) return () => null;
  return (entry) => between(start(entry), end(entry), perMs);
}
