import type { VirtualService } from '../../resource/kinds.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact } from '../proof.ts';

type Share = { readonly percentage?: { readonly value?: number }; readonly percent?: number };

/** Faults injected into a rule without a match, that is into everybody's requests: usually left over from a test. */
export const defaultRouteFaultsAnalyzer: ResourceAnalyzer = {
  name: 'virtualservice.DefaultRouteFaultAnalyzer',
  scope: 'resource',
  inputs: ['VirtualService'],
  isDefault: true,
  check(resource, _context, report) {
    for (const [index, rule] of objects(object((resource as VirtualService).spec).http)) {
      if (objects(rule.match).length > 0) continue;
      for (const kind of ['delay', 'abort'] as const) {
        const share = shareOf(object(object(rule.fault)[kind]));
        if (share <= 0) continue;
        const path = `spec.http[${index}].fault.${kind}`;
        report({
          type: 'FaultOnDefaultRoute',
          resource,
          path,
          message: `This rule has no match: ${share} % of all requests are ${kind === 'delay' ? 'delayed' : 'aborted'} on purpose. Give the rule a match that only test requests meet, or remove the fault.`,
          proof: [fact(resource, `spec.http[${index}].match`, 'is not set'), fact(resource, path, `applies to ${share} %`)],
        });
      }
    }
  },
};

/** Percent of the requests; a fault without a percentage applies to none. */
function shareOf(fault: Share): number {
  const value = object(fault.percentage).value ?? fault.percent ?? 0;
  return typeof value === 'number' ? value : 0;
}
