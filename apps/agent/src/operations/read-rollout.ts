import type { VirtualServiceRules } from '@weft/core/mesh/virtual-service';
import type { TrafficScope } from '../api/agent-api.ts';
import type { RolloutDetail } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import { resourceId } from '../store/resource-id.ts';
import { goldenSeries } from '../telemetry/golden-series.ts';
import type { AgentParts } from './agent-parts.ts';
import { toRevision } from './list-revisions.ts';
import { summarizeRollout } from './list-rollouts.ts';
import { hostOf } from './list-services.ts';
import { isCountedOnce, markersIn, windowOf } from './traffic-window.ts';

const shownRevisions = 20;

/** One rollout with the golden signals of each version. */
export function readRollout(parts: AgentParts, id: string, scope: TrafficScope): RolloutDetail {
  const { rules, index } = findRollout(parts, id);
  const window = windowOf(parts, scope);
  const rollout = summarizeRollout(parts, rules, index, window);
  const hosts = new Set(rollout.destinations.map(({ host }) => host));
  const byVersion = goldenSeries(parts.series, window, (labels) =>
    isCountedOnce(labels) && hosts.has(hostOf(labels)) ? labels.destinationVersion : null,
  );
  const resource = parts.config.current.set.get('VirtualService', rollout.namespace, rollout.name);
  const own = resourceId(rules.ref);
  return {
    at: window.to,
    windowSeconds: window.seconds,
    rollout,
    yaml: resource?.source.text ?? '',
    series: rollout.destinations.flatMap(({ version }) => {
      const series = byVersion.get(version);
      return series ? [{ version, series }] : [];
    }),
    markers: markersIn(parts, window),
    revisions: parts.revisions
      .list(200, null)
      .filter(({ added, changed, removed }) => [...added, ...changed, ...removed].includes(own))
      .slice(0, shownRevisions)
      .map(toRevision),
  };
}

/** The rule that a rollout's id names. @throws WeftError NOT_FOUND */
export function findRollout(parts: AgentParts, id: string): { readonly rules: VirtualServiceRules; readonly index: number } {
  for (const rules of parts.config.current.mesh().virtualServices) {
    const index = rules.http.findIndex(({ ref, path }) => `${ref.namespace}/${ref.name}/${path.replace(/^spec\./, '')}` === id);
    if (index >= 0) return { rules, index };
  }
  throw new WeftError('NOT_FOUND', `no rollout ${id}; expected namespace/name/http[n] of a VirtualService`);
}
