import type { VirtualServiceSpec } from '../resource/kinds.ts';
import type { ResourceRef } from '../resource/resource.ts';

export type HttpRouteSpec = NonNullable<VirtualServiceSpec['http']>[number];
export type TcpRouteSpec = NonNullable<VirtualServiceSpec['tcp']>[number];
export type TlsRouteSpec = NonNullable<VirtualServiceSpec['tls']>[number];

/** One entry of `http`, `tcp` or `tls`, short host names resolved, with the place it was written at. */
export interface Rule<S> {
  readonly spec: S;
  /** The resource the rule is written in; for delegated routes the delegate. */
  readonly ref: ResourceRef;
  /** `spec.http[1]`. */
  readonly path: string;
}

/** A VirtualService after host resolution and merging of its delegates. */
export interface VirtualServiceRules {
  readonly ref: ResourceRef;
  readonly createdAt: number | null;
  /** Fully qualified, lower-case. */
  readonly hosts: readonly string[];
  /** `mesh` or `namespace/name`. */
  readonly gateways: readonly string[];
  /** Namespaces that see the rules; `.` and `~` are already resolved. */
  readonly exportTo: readonly string[];
  readonly http: readonly Rule<HttpRouteSpec>[];
  readonly tcp: readonly Rule<TcpRouteSpec>[];
  readonly tls: readonly Rule<TlsRouteSpec>[];
  /** `gateway-api`: made from HTTPRoute and its like, with their order and path semantics. */
  readonly semantics: 'istio' | 'gateway-api';
  readonly hash: string;
}
