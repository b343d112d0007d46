import type { ResourceSet } from '../../resource/kinds.ts';

/** API group of the Gateway API. */
export const gatewayApiGroup = 'gateway.networking.k8s.io';

/** A kind of route by its group and name. */
export interface RouteKind {
  readonly group: string;
  readonly kind: string;
}

/** Where translation looks for things. */
export interface TranslationContext {
  readonly set: ResourceSet;
  readonly domain: string;
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Namespaces that are declared or that have routes. */
  readonly namespaces: ReadonlySet<string>;
}
