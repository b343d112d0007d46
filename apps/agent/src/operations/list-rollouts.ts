import { resolveHost } from '@weft/core/base/hosts';
import type { HttpRouteSpec, VirtualServiceRules } from '@weft/core/mesh/virtual-service';
import { locate } from '@weft/core/resource/locate';
import type { TrafficScope } from '../api/agent-api.ts';
import type { RolloutDestination, RolloutList, RolloutSummary } from '../api/config-types.ts';
import { resourceId } from '../store/resource-id.ts';
import { TrafficSum } from '../telemetry/traffic-sum.ts';
import type { AgentParts } from './agent-parts.ts';
import { isSelected } from './counts.ts';
import { describeMatches } from './describe-route.ts';
import { hostOf } from './list-services.ts';
import { readConvergence } from './read-convergence.ts';
import { emptyReason, isCountedOnce, type TrafficWindow, windowOf } from './traffic-window.ts';

/** Every route that shares traffic out among versions. */
export function listRollouts(parts: AgentParts, scope: TrafficScope): RolloutList {
  const window = windowOf(parts, scope);
  const rollouts = parts.config.current
    .mesh()
    .virtualServices.filter(({ ref }) => isSelected(scope.namespaces, ref.namespace))
    .flatMap((rules) => rules.http.flatMap(({ spec }, index) => (isRollout(spec) ? [summarizeRollout(parts, rules, index, window)] : [])));
  const isFiltered = scope.namespaces.length > 0;
  return {
    at: window.to,
    windowSeconds: window.seconds,
    rollouts,
    empty: emptyReason(parts, { isEmpty: rollouts.length === 0, isFiltered }),
  };
}

/** One route with what is asked for beside what is seen. */
export function summarizeRollout(parts: AgentParts, rules: VirtualServiceRules, index: number, window: TrafficWindow): RolloutSummary {
  const rule = rules.http[index];
  if (!rule) throw new RangeError(`no http route ${index}`);
  const { ref, path, spec } = rule;
  const destinations = destinationsOf(parts, spec, ref.namespace, window);
  const named = new Set(destinations.map(({ subset }) => subset));
  const resource = parts.config.current.set.get('VirtualService', ref.namespace, ref.name);
  const place = resource ? locate(resource.source, path) : { file: '', line: 0 };
  const { acked, total } = readConvergence(parts, null);
  return {
    id: `${ref.namespace}/${ref.name}/${path.replace(/^spec\./, '')}`,
    resourceId: resourceId(ref),
    namespace: ref.namespace,
    name: ref.name,
    hosts: rules.hosts,
    routeName: spec.name ?? null,
    path,
    matches: describeMatches(spec),
    destinations,
    otherSubsets: subsetsOf(parts, destinations[0]?.host ?? '')
      .map(({ name }) => name)
      .filter((name) => !named.has(name)),
    convergence: { acked, total },
    file: place.file,
    line: place.line,
  };
}

/** The version that a destination's traffic goes to: the version label of its subset. */
export function versionOf(parts: AgentParts, host: string, subset: string | null): string {
  const labels = subsetsOf(parts, host).find(({ name }) => name === subset)?.labels ?? {};
  return labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version ?? subset ?? '';
}

function isRollout(spec: HttpRouteSpec): boolean {
  const destinations = spec.route ?? [];
  return destinations.length > 1 || (destinations.length === 1 && destinations[0]?.destination?.subset !== undefined);
}

function destinationsOf(parts: AgentParts, spec: HttpRouteSpec, namespace: string, window: TrafficWindow): readonly RolloutDestination[] {
  const { domain } = parts.config.current.settings;
  const routes = (spec.route ?? []).map(({ destination, weight }, index) => {
    const host = resolveHost(destination?.host ?? '', namespace, domain);
    const subset = destination?.subset ?? null;
    return { index, host, subset, port: destination?.port?.number ?? null, version: versionOf(parts, host, subset), weight: weight ?? 0 };
  });
  const weights = routes.reduce((total, { weight }) => total + weight, 0);
  const sums = routes.map(({ host, version }) => sumOfVersion(parts, host, version, window));
  const requests = sums.reduce((total, sum) => total + sum.requests, 0);
  return routes.map(({ weight, ...route }, index) => {
    const sum = sums[index] ?? new TrafficSum();
    return {
      ...route,
      requestedPercent: routes.length === 1 ? 100 : weights > 0 ? (100 * weight) / weights : 0,
      observedPercent: requests > 0 ? (100 * sum.requests) / requests : null,
      stats: sum.stats(window.recordedSeconds),
    };
  });
}

function sumOfVersion(parts: AgentParts, host: string, version: string, { from, to }: TrafficWindow): TrafficSum {
  const sum = new TrafficSum();
  parts.series.each(from, to, (labels, increases, recent) => {
    if (isCountedOnce(labels) && hostOf(labels) === host && labels.destinationVersion === version) sum.add(labels, increases, recent);
  });
  return sum;
}

function subsetsOf(
  parts: AgentParts,
  host: string,
): readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[] {
  const policies = [...parts.config.current.mesh().destinationPoliciesByNamespace.values()].flat();
  return policies.filter((policy) => policy.host === host).flatMap(({ subsets }) => subsets);
}
