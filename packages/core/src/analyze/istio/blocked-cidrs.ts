import type { SetAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact, list, nameOf } from '../proof.ts';

const variable = 'BLOCKED_CIDRS_IN_JWKS_URIS';

/** A control plane that fetches signing keys from any address that a RequestAuthentication names. */
export const blockedCidrsAnalyzer: SetAnalyzer = {
  name: 'authn.BlockedCIDRsAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, report }) {
    const policies = set.ofKind('RequestAuthentication');
    if (policies.length === 0) return;
    for (const deployment of set.ofKind('Deployment')) {
      if (deployment.labels.app !== 'istiod') continue;
      const containers = objects(object(object(object(deployment.spec).template).spec).containers);
      if (containers.some(([, container]) => objects(container.env).some(([, env]) => env.name === variable && env.value))) continue;
      report({
        type: 'JwksUriFetchUnrestricted',
        resource: deployment,
        path: 'spec.template.spec.containers',
        message: `istiod fetches signing keys from whatever address ${list(policies.map(nameOf))} name. Set ${variable} to the internal networks that it must not reach.`,
        proof: policies.slice(0, 5).map((policy) => fact(policy, 'spec.jwtRules', 'has istiod fetch keys')),
      });
    }
  },
};
