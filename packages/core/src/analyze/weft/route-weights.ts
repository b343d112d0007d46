import type { VirtualService } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { Finding, ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, scalar, text } from '../fields.ts';
import { fact } from '../proof.ts';

interface WeightedDestination {
  readonly weight?: number;
  readonly headers?: object;
  readonly destination?: { readonly host?: string; readonly subset?: string; readonly port?: { readonly number?: number } };
}

/** Weights that do not do what they seem to: of a single destination, and of one destination written twice with the same headers. */
export const routeWeightsAnalyzer: ResourceAnalyzer = {
  name: 'virtualservice.WeightAnalyzer',
  scope: 'resource',
  inputs: ['VirtualService'],
  isDefault: true,
  check(resource, _context, report) {
    const spec = object((resource as VirtualService).spec);
    for (const field of ['http', 'tls', 'tcp'] as const) {
      for (const [index, rule] of objects<{ readonly route?: readonly WeightedDestination[] }>(spec[field])) {
        const route = objects(rule.route);
        checkSingle(resource, `spec.${field}[${index}].route`, route, report);
        checkRepeated(resource, `spec.${field}[${index}].route`, route, report);
      }
    }
  },
};

function checkSingle(
  resource: Resource,
  path: string,
  route: readonly (readonly [number, WeightedDestination])[],
  report: (finding: Finding) => void,
): void {
  const [only, ...others] = route;
  const weight = only?.[1].weight;
  if (others.length > 0 || typeof weight !== 'number' || weight === 100) return;
  report({
    type: 'SingleDestinationWeight',
    resource,
    path: `${path}[0].weight`,
    message: `The only destination gets every request, whatever its weight (${weight}). Remove the weight, or add the other destinations.`,
    proof: [fact(resource, `${path}[0].weight`, `is ${weight}`), fact(resource, path, 'has one destination')],
  });
}

function checkRepeated(
  resource: Resource,
  path: string,
  route: readonly (readonly [number, WeightedDestination])[],
  report: (finding: Finding) => void,
): void {
  const first = new Map<string, number>();
  for (const [index, { destination, headers }] of route) {
    const target = object(destination);
    const key = `${text(target.host)} ${text(target.subset)} ${scalar(object(target.port).number)} ${JSON.stringify(headers ?? {})}`;
    const known = first.get(key);
    if (known === undefined) first.set(key, index);
    else {
      report({
        type: 'RepeatedDestination',
        resource,
        path: `${path}[${index}].destination`,
        message: `This is the same destination as route[${known}]; their weights add up. Write it once.`,
        proof: [fact(resource, `${path}[${known}].destination`, 'is the same')],
      });
    }
  }
}
