import type { TrafficScope } from '../api/agent-api.ts';
import type { ChangeMarker, EmptyReason } from '../api/types.ts';
import type { TrafficLabels } from '../telemetry/traffic-labels.ts';
import type { AgentParts } from './agent-parts.ts';

/** The time a scope looks at. */
export interface TrafficWindow {
  readonly from: number;
  readonly to: number;
  readonly seconds: number;
  /** How much of it was recorded, which is what rates are taken over: an agent that has just started would show a tenth of the traffic otherwise. */
  readonly recordedSeconds: number;
}

export function windowOf(parts: AgentParts, { windowSeconds, at }: TrafficScope): TrafficWindow {
  const to = at ?? parts.now();
  const sinceStart = (to - parts.surroundings.startedAt) / 1000;
  return { from: to - windowSeconds * 1000, to, seconds: windowSeconds, recordedSeconds: Math.min(windowSeconds, Math.max(1, sinceStart)) };
}

/** Whether a series counts each call once: what the caller's side reports, and what arrives from callers that have no proxy. */
export function isCountedOnce({ reporter, sourceWorkload, sourcePrincipal }: TrafficLabels): boolean {
  return reporter === 'source' || (reporter === 'destination' && sourceWorkload === '' && sourcePrincipal === '');
}

/** Revisions of the window, as lines on charts. */
export function markersIn(parts: AgentParts, { from, to }: TrafficWindow): readonly ChangeMarker[] {
  return parts.revisions
    .list(100, null)
    .filter(({ at, origin }) => origin !== 'start' && at >= from && at <= to)
    .map(({ id, at, who, why }) => ({ revision: id, at, who, why }))
    .reverse();
}

/** Why there is nothing to show, from the most basic cause on. */
export function emptyReason(parts: AgentParts, what: { readonly isEmpty: boolean; readonly isFiltered: boolean }): EmptyReason | null {
  if (!what.isEmpty) return null;
  if (parts.config.current.mesh().workloads.length === 0) {
    return {
      kind: 'no-workloads',
      message: 'The configuration declares no workload.',
      hint: `Add a WorkloadEntry or Pod to ${parts.surroundings.directory}.`,
    };
  }
  if (parts.registry.connections().length === 0) {
    return {
      kind: 'no-proxies',
      message: 'No proxy is connected.',
      hint: 'Start the data plane (weft up), or a sidecar with weft sidecar.',
    };
  }
  if (parts.scraper.lastSuccess.size === 0) {
    return { kind: 'no-scrape', message: 'No proxy has given its metrics yet.', hint: 'Look at the metrics addresses on the Mesh page.' };
  }
  if (what.isFiltered) {
    return { kind: 'filtered-out', message: 'Nothing matches the namespaces chosen.', hint: 'Choose more namespaces, or all.' };
  }
  return {
    kind: 'no-traffic',
    message: 'There was no traffic in this time.',
    hint: 'Send a request through the gateway, or look at a longer time.',
  };
}
