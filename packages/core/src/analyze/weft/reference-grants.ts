import type { ResourceReader } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';

/** One end of a reference between namespaces. */
export interface ReferenceEnd {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Whether a ReferenceGrant in the target's namespace lets a resource refer to it: any `from` of a grant together with any `to` of it. */
export function isGranted(set: ResourceReader, from: Omit<ReferenceEnd, 'name'>, to: ReferenceEnd): boolean {
  if (from.namespace === to.namespace) return true;
  return set.ofKind('ReferenceGrant').some((grant) => {
    if (grant.ref.namespace !== to.namespace) return false;
    const spec = object(grant.spec);
    const fits = objects(spec.from).some(
      ([, entry]) => text(entry.group) === from.group && entry.kind === from.kind && entry.namespace === from.namespace,
    );
    return (
      fits &&
      objects(spec.to).some(
        ([, entry]) => text(entry.group) === to.group && entry.kind === to.kind && (!entry.name || entry.name === to.name),
      )
    );
  });
}
