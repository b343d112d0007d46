import type { ChangeAuthor } from '../api/agent-api.ts';
import type { ApplyResult, ConfigPreview } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import { type EditedField, editFields } from '../store/edit-yaml.ts';
import { resourceId } from '../store/resource-id.ts';
import type { AgentParts } from './agent-parts.ts';
import { applyChanges } from './apply-changes.ts';
import { previewChanges } from './preview-changes.ts';
import { findRollout } from './read-rollout.ts';

/** What new weights would do, without applying them. */
export function previewWeights(parts: AgentParts, id: string, weights: readonly number[]): ConfigPreview {
  return previewChanges(parts, [weightChange(parts, id, weights)]);
}

/** Sets the weights of a route's destinations, in their order. */
export function applyWeights(
  parts: AgentParts,
  id: string,
  { weights, ...author }: ChangeAuthor & { readonly weights: readonly number[] },
): ApplyResult {
  const change = weightChange(parts, id, weights);
  const why = author.why || `weights of ${id}: ${weights.join('/')}`;
  return applyChanges(parts, { ...author, why, changes: [change], baseRevision: null });
}

function weightChange(parts: AgentParts, id: string, weights: readonly number[]): { kind: 'resource'; id: string; yaml: string } {
  const { rules, index } = findRollout(parts, id);
  const rule = rules.http[index];
  const resource = rule ? parts.config.current.set.get('VirtualService', rule.ref.namespace, rule.ref.name) : null;
  if (!rule || !resource) throw new WeftError('NOT_FOUND', `the VirtualService of rollout ${id} is gone`);
  const destinations = rule.spec.route ?? [];
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length !== destinations.length)
    throw new WeftError('INVALID', `expected ${destinations.length} weights, one per destination, found ${weights.length}`);
  if (sum !== 100) throw new WeftError('INVALID', `weights must add up to 100, these add up to ${sum}`);
  const http = Number(/http\[(\d+)\]/.exec(rule.path)?.[1]);
  const edits: EditedField[] = weights.map((value, route) => ({ path: ['spec', 'http', http, 'route', route, 'weight'], value }));
  return { kind: 'resource', id: resourceId(rule.ref), yaml: editFields(resource.source.text, edits) };
}
