import { selectsLabels } from '../../base/labels.ts';
import type { RequestAuthentication, VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, texts } from '../fields.ts';
import { absence, fact, nameOf } from '../proof.ts';
import { gatewayWorkloads } from './gateway-selector.ts';

const claimKey = /^@request\.auth\.claims(?:\..+|(?:\[[^\]]+\])+)$/i;

/** Routes by claims of a token at gateways that verify no token. */
export const virtualServiceJwtClaimsAnalyzer: SetAnalyzer = {
  name: 'virtualservice.JWTClaimRouteAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const policies = context.set.ofKind('RequestAuthentication');
    for (const service of context.set.ofKind('VirtualService')) {
      const claim = claimMatch(service);
      if (claim !== null) checkGateways(service, claim, policies, context);
    }
  },
};

interface ClaimMatch {
  readonly key: string;
  readonly path: string;
}

function checkGateways(
  service: VirtualService,
  claim: ClaimMatch,
  policies: readonly RequestAuthentication[],
  context: AnalyzerContext,
): void {
  for (const [, name] of texts(object(service.spec).gateways)) {
    const [first = '', second] = name.split('/', 2);
    const gateway =
      name === 'mesh' ? null : context.set.get('Gateway', second === undefined ? service.ref.namespace : first, second ?? first);
    if (gateway === null) continue;
    for (const workload of gatewayWorkloads(gateway, context)) {
      if (policies.some((policy) => appliesTo(policy, workload.namespace, workload.labels, context))) continue;
      context.report({
        type: 'JwtClaimBasedRoutingWithoutRequestAuthN',
        resource: service,
        path: claim.path,
        identity: `${nameOf(gateway)} ${workload.name}`,
        message: `The route depends on ${claim.key}, but no RequestAuthentication applies to ${workload.name} of gateway ${nameOf(gateway)}: no token is verified there, so it never matches. Add a RequestAuthentication for the gateway.`,
        proof: [fact(service, claim.path, `matches ${claim.key}`), absence(`no RequestAuthentication selects ${workload.name}`)],
      });
    }
  }
}

function appliesTo(
  policy: RequestAuthentication,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  { exact, rootNamespace }: AnalyzerContext,
): boolean {
  if (policy.ref.namespace !== namespace && policy.ref.namespace !== (exact ? 'istio-system' : rootNamespace)) return false;
  return selectsLabels(labelsOf(object(object(policy.spec).selector).matchLabels), labels);
}

function claimMatch(service: VirtualService): ClaimMatch | null {
  for (const [ruleIndex, route] of objects(object(service.spec).http)) {
    for (const [index, match] of objects(route.match)) {
      for (const field of ['headers', 'withoutHeaders'] as const) {
        const key = Object.keys(object(match[field])).find((name) => claimKey.test(name));
        if (key !== undefined) return { key, path: `spec.http[${ruleIndex}].match[${index}].${field}["${key}"]` };
      }
    }
  }
  return null;
}
