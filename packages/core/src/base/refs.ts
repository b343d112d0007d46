/** What names a resource, whatever the version it is written in. */
export interface RefLike {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The key of a resource, `group/Kind/namespace/name`; versions of a kind are the same resource. */
export function refKey(ref: RefLike): string {
  return `${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** How Istio names a resource in messages: `Kind namespace/name`, or `Kind name` when it has no namespace. */
export function formatRef(ref: RefLike): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}
