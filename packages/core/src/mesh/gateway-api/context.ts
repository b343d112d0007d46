import type { ResourceSet } from '../../resource/kinds.ts';
import type { Rule } from '../virtual-service.ts';
import type { Finding } from './condition.ts';

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

/** The rules of a route, and what is wrong with them. */
export interface TranslatedRules<S> {
  readonly rules: readonly Rule<S>[];
  readonly problems: readonly Finding[];
}
