import type { Snapshot } from '../snapshot/snapshot.ts';
import { buildCluster } from './build-cluster.ts';
import { buildLoadAssignment } from './build-endpoint.ts';
import { buildListener } from './build-listener.ts';
import { buildRouteTable } from './build-route-table.ts';
import { buildSecret } from './build-tls.ts';
import type { ListenerPlan } from './listener-plan.ts';
import type { Plan, PlanProblem } from './plan.ts';

/**
 * Makes a snapshot ready to run. What the previous plan built from the same object is taken over, so an update costs what it changed
 * and unchanged parts keep their identity.
 */
export function buildPlan(snapshot: Snapshot, previous: Plan | null): Plan {
  const listeners = reuse(snapshot.listeners, previous?.listeners ?? [], buildListener);
  const clusters = reuse(snapshot.clusters, [...(previous?.clusterByName.values() ?? [])], buildCluster);
  const tables = reuse(snapshot.routes, [...(previous?.routeTableByName.values() ?? [])], buildRouteTable);
  return {
    snapshot,
    listeners,
    listenerByName: byName(listeners),
    clusterByName: byName(clusters),
    assignmentByName: carry(snapshot.endpoints, previous?.snapshot.endpoints, previous?.assignmentByName, {
      nameOf: (json) => json.clusterName ?? '',
      build: buildLoadAssignment,
    }),
    routeTableByName: byName(tables),
    secretByName: carry(snapshot.secrets, previous?.snapshot.secrets, previous?.secretByName, {
      nameOf: (json) => json.name ?? '',
      build: buildSecret,
    }),
    problems: [
      ...clusters.flatMap((cluster) => problemsOf(clusterType, cluster)),
      ...listeners.flatMap((listener) => problemsOf(listenerType, listener)),
      ...tables.flatMap((table) => problemsOf(routeType, table)),
    ],
  };
}

function reuse<J extends object, P extends { readonly source: object }>(
  items: readonly J[],
  previous: readonly P[],
  build: (json: J) => P,
): P[] {
  const bySource = new Map(previous.map((plan) => [plan.source, plan]));
  return items.map((json) => bySource.get(json) ?? build(json));
}

function byName<P extends { readonly name: string }>(plans: readonly P[]): ReadonlyMap<string, P> {
  return new Map(plans.map((plan) => [plan.name, plan]));
}

interface Builder<J, P> {
  readonly nameOf: (json: J) => string;
  readonly build: (json: J) => P;
}

/** Plans by name; an item that is the same object as before keeps its plan. */
function carry<J extends object, P>(
  items: readonly J[],
  before: readonly J[] | undefined,
  plans: ReadonlyMap<string, P> | undefined,
  { nameOf, build }: Builder<J, P>,
): ReadonlyMap<string, P> {
  const unchanged = new Set(before);
  return new Map(
    items.map((json) => {
      const name = nameOf(json);
      return [name, (unchanged.has(json) ? plans?.get(name) : undefined) ?? build(json)];
    }),
  );
}

const clusterType = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const listenerType = 'type.googleapis.com/envoy.config.listener.v3.Listener';
const routeType = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

function problemsOf(typeUrl: string, { name, problems }: Pick<ListenerPlan, 'name' | 'problems'>): PlanProblem[] {
  return problems.map((message) => ({ typeUrl, name, message, fatal: true }));
}
