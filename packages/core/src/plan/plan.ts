import type { Snapshot } from '../snapshot/snapshot.ts';
import type { ClusterPlan, LoadAssignmentPlan } from './cluster-plan.ts';
import type { ListenerPlan } from './listener-plan.ts';
import type { RouteTable } from './route-plan.ts';
import type { SecretPlan } from './tls-plan.ts';

/** Something in a snapshot that this data plane cannot do; a proxy answers it with a NACK or reports it. */
export interface PlanProblem {
  readonly typeUrl: string;
  readonly name: string;
  readonly message: string;
  /** True when the resource cannot be used at all. */
  readonly fatal: boolean;
}

/**
 * A snapshot made ready to run: defaults filled in, durations in ms, matchers compiled, domains and filter chains indexed.
 * Plans of unchanged resources are the same objects as in the plan before, so identity tells what an update changed.
 */
export interface Plan {
  readonly snapshot: Snapshot;
  readonly listeners: readonly ListenerPlan[];
  readonly listenerByName: ReadonlyMap<string, ListenerPlan>;
  readonly clusterByName: ReadonlyMap<string, ClusterPlan>;
  /** EDS assignments by resource name; clusters with inline endpoints are not in here. */
  readonly assignmentByName: ReadonlyMap<string, LoadAssignmentPlan>;
  readonly routeTableByName: ReadonlyMap<string, RouteTable>;
  readonly secretByName: ReadonlyMap<string, SecretPlan>;
  readonly problems: readonly PlanProblem[];
}
