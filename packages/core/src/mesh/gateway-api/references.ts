import type { ResourceSet } from '../../resource/kinds.ts';

/** One end of a reference between namespaces. */
export interface ReferenceEnd {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/**
 * Whether a reference is permitted: within one namespace always, across namespaces when some ReferenceGrant of the target's namespace lists who
 * refers and what is referred to. Entries of `from` and `to` are alternatives.
 */
export function isReferencePermitted(set: ResourceSet, from: ReferenceEnd, to: ReferenceEnd & { readonly name: string }): boolean {
  if (from.namespace === to.namespace) return true;
  return set.ofKind('ReferenceGrant').some((grant) => {
    if (grant.ref.namespace !== to.namespace) return false;
    const fromFits = (grant.spec?.from ?? []).some(
      (entry) => (entry?.group ?? '') === from.group && entry?.kind === from.kind && entry.namespace === from.namespace,
    );
    const toFits = (grant.spec?.to ?? []).some(
      (entry) => (entry?.group ?? '') === to.group && entry?.kind === to.kind && (!entry.name || entry.name === to.name),
    );
    return fromFits && toFits;
  });
}
