import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { fact } from '../proof.ts';

interface Status {
  readonly conditions?: readonly {
    readonly type?: string;
    readonly status?: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
}

/** Conditions that a controller has set to False on a resource. */
export const conditionsAnalyzer: ResourceAnalyzer = {
  name: 'conditions.ConditionAnalyzer',
  scope: 'resource',
  inputs: ['Service', 'ServiceEntry', 'AuthorizationPolicy'],
  isDefault: true,
  check(resource, _context, report) {
    for (const [index, condition] of objects(object(resource.raw.status as Status | undefined).conditions)) {
      if (condition.status !== 'False') continue;
      const path = `status.conditions[${index}]`;
      const why = [text(condition.reason), text(condition.message)].filter((part) => part !== '').join(': ');
      report({
        type: 'NegativeConditionStatus',
        resource,
        path,
        message: `Condition ${text(condition.type)} is False${why === '' ? '' : ` (${why})`}.`,
        proof: [fact(resource, path, 'status is False')],
      });
    }
  },
};
