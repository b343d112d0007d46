import type { KindKey } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { type Indexed, object, objects, text } from '../fields.ts';
import { fact } from '../proof.ts';

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Status {
  readonly conditions?: readonly Condition[];
  readonly parents?: readonly { readonly conditions?: readonly Condition[] }[];
}

const servedTypes = ['Accepted', 'Programmed', 'ResolvedRefs'];

/** The conditions of each kind that say something is wrong when they are False. */
const typesByKind: ReadonlyMap<string, readonly string[]> = new Map([
  ['Service', ['istio.io/WaypointBound']],
  ['ServiceEntry', ['istio.io/WaypointBound']],
  ['AuthorizationPolicy', ['ZtunnelAccepted', 'WaypointAccepted']],
  ['Gateway', servedTypes],
  ['HTTPRoute', servedTypes],
  ['GRPCRoute', servedTypes],
]);

/** Conditions by which a controller says that a resource does not work, or only in part. */
export const conditionsAnalyzer: ResourceAnalyzer = {
  name: 'conditions.ConditionAnalyzer',
  scope: 'resource',
  inputs: ['Service', 'ServiceEntry', 'AuthorizationPolicy', 'KubernetesGateway', 'HTTPRoute', 'GRPCRoute'] satisfies readonly KindKey[],
  isDefault: true,
  check(resource, _context, report) {
    const types = typesByKind.get(resource.ref.kind) ?? [];
    for (const [path, condition] of conditionsOf(resource)) {
      const type = text(condition.type);
      const isNegative = condition.status === 'False' && types.includes(type);
      const isPartial =
        resource.ref.kind === 'AuthorizationPolicy' && type === 'WaypointAccepted' && condition.reason === 'PartiallyInvalid';
      if (!isNegative && !isPartial) continue;
      const why = [text(condition.reason), text(condition.message)].filter((part) => part !== '').join(': ');
      report({
        type: 'NegativeConditionStatus',
        resource,
        path,
        identity: `${type} ${why}`,
        message: `Condition ${type} is ${isNegative ? 'False' : 'only partly met'}${why === '' ? '' : ` (${why})`}.`,
        proof: [fact(resource, path, isNegative ? 'status is False' : 'reason is PartiallyInvalid')],
      });
    }
  },
};

/** The conditions of a resource itself, or of a route at each of its parents, with their paths. */
function conditionsOf(resource: Resource): readonly (readonly [path: string, condition: Condition])[] {
  const status = object(resource.raw.status as Status | undefined);
  const isRoute = resource.ref.kind === 'HTTPRoute' || resource.ref.kind === 'GRPCRoute';
  const at = (base: string, conditions: readonly Indexed<Condition>[]) =>
    conditions.map(([index, condition]) => [`${base}.conditions[${index}]`, condition] as const);
  if (!isRoute) return at('status', objects(status.conditions));
  return objects(status.parents).flatMap(([index, parent]) => at(`status.parents[${index}]`, objects(parent.conditions)));
}
