import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact } from '../proof.ts';

/** HTTP filters put in by hand beside policies that are attached to routes: such a filter may change the route after the policy was checked. */
export const routeCacheAnalyzer: SetAnalyzer = {
  name: 'envoyfilter.RouteCacheAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, report }) {
    const policy = set.ofKind('AuthorizationPolicy').find(targetsRoute);
    if (!policy) return;
    for (const filter of set.ofKind('EnvoyFilter')) {
      const found = objects(object(filter.spec).configPatches).find(([, patch]) => {
        const context = object(patch.match).context;
        return patch.applyTo === 'HTTP_FILTER' && context !== 'SIDECAR_INBOUND' && context !== 'SIDECAR_OUTBOUND';
      });
      if (!found) continue;
      const path = `spec.configPatches[${found[0]}]`;
      report({
        type: 'EnvoyFilterMayClearRouteCache',
        resource: filter,
        path,
        message:
          'This HTTP filter may choose another route after a policy that is attached to an HTTPRoute was checked. Make sure that it does not clear the route cache.',
        proof: [fact(filter, path, 'adds an HTTP filter at gateways'), fact(policy, 'spec.targetRefs', 'is attached to an HTTPRoute')],
      });
    }
  },
};

function targetsRoute(policy: AuthorizationPolicy): boolean {
  const spec = object(policy.spec);
  const targets = [object(spec.targetRef), ...objects(spec.targetRefs).map(([, target]) => target)];
  return targets.some((target) => target.kind === 'HTTPRoute' && target.group === 'gateway.networking.k8s.io');
}
