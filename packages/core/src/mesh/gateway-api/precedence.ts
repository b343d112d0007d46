import type { Resource } from '../../resource/resource.ts';

/** The Gateway API's order of resources that compete: the oldest first, then by namespace and name, unlike Istio's own resources, which go by name first. */
export function comparePrecedence(a: Resource, b: Resource): number {
  const [left, right] = [`${a.ref.namespace}/${a.ref.name}`, `${b.ref.namespace}/${b.ref.name}`];
  return (a.createdAt ?? 0) - (b.createdAt ?? 0) || (left < right ? -1 : left > right ? 1 : 0);
}
