/** Address of a service's page; `key` is `namespace/hostname`. */
export function serviceHref(key: string): string {
  return `/services/${encodeURIComponent(serviceSlug(key))}`;
}

/** `shop/catalog.shop.svc.cluster.local` as `shop~catalog.shop.svc.cluster.local`, which needs no escaping in a path. */
function serviceSlug(key: string): string {
  return key.replace('/', '~');
}

export function serviceKeyOf(slug: string): string {
  return slug.replace('~', '/');
}

/** Address of a resource in the editor. */
export function resourceHref(id: string): string {
  return `/configuration?resource=${encodeURIComponent(id)}`;
}

export function policyHref(id: string): string {
  return `/security?policy=${encodeURIComponent(id)}`;
}

export function revisionHref(id: number): string {
  return `/configuration?view=history&revision=${id}`;
}

export interface ResourceIdParts {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Takes `VirtualService/default/order-service` apart. */
export function partsOfResourceId(id: string): ResourceIdParts {
  const [kind = '', namespace = '', ...rest] = id.split('/');
  return { kind, namespace, name: rest.join('/') };
}
