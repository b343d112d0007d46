import type { Gateway, VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, texts } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { absence, fact, nameOf } from '../proof.ts';
import { createSelectorIndex } from '../selector-index.ts';
import type { Workload } from '../workload.ts';
import { gatewayWorkloads } from './gateway-selector.ts';

const claimKey = /^@request\.auth\.claims(?:\..+|(?:\[[^\]]+\])+)$/i;

/** Routes by claims of a token at gateways that verify no token. */
export const virtualServiceJwtClaimsAnalyzer: SetAnalyzer = {
  name: 'virtualservice.JWTClaimRouteAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const uncovered = createUncoveredWorkloads(context);
    for (const service of context.set.ofKind('VirtualService')) {
      const claim = claimMatch(service);
      if (claim !== null) checkGateways(service, claim, uncovered, context);
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
  uncovered: (gateway: Gateway) => readonly Workload[],
  context: AnalyzerContext,
): void {
  for (const [, name] of texts(object(service.spec).gateways)) {
    const [first = '', second] = name.split('/', 2);
    const gateway =
      name === 'mesh' ? null : context.set.get('Gateway', second === undefined ? service.ref.namespace : first, second ?? first);
    if (gateway === null) continue;
    const workloads = uncovered(gateway);
    // Istio tells of each workload; one is enough to act on.
    for (const workload of context.exact ? workloads : workloads.slice(0, 1)) {
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

/** Finds the workloads of a Gateway that no RequestAuthentication applies to, for each selector of Gateways once. */
function createUncoveredWorkloads(context: AnalyzerContext): (gateway: Gateway) => readonly Workload[] {
  const meshNamespace = context.exact ? 'istio-system' : context.rootNamespace;
  const policies = groupBy(context.set.ofKind('RequestAuthentication'), (policy) => policy.ref.namespace);
  const indexes = new Map(
    [...policies].map(([namespace, all]) => [
      namespace,
      createSelectorIndex(all, (policy) => labelsOf(object(object(policy.spec).selector).matchLabels)),
    ]),
  );
  const isCovered = ({ namespace, labels }: Workload): boolean =>
    [namespace, meshNamespace].some((name) => indexes.get(name)?.isSelected(labels) ?? false);
  const known = new Map<readonly Workload[], readonly Workload[]>();
  return (gateway) => {
    const workloads = gatewayWorkloads(gateway, context);
    const found = known.get(workloads) ?? workloads.filter((workload) => !isCovered(workload));
    known.set(workloads, found);
    return found;
  };
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
