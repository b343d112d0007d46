import type { XdsKind } from '../api/types.ts';

const prefix = 'type.googleapis.com/envoy.config.';

/** The resource types that are pushed, in the order they are pushed in: what refers to something comes after it. */
export const pushOrder: readonly XdsKind[] = ['cds', 'eds', 'lds', 'rds', 'sds'];

export const typeUrlByKind: Readonly<Record<XdsKind, string>> = {
  cds: `${prefix}cluster.v3.Cluster`,
  eds: `${prefix}endpoint.v3.ClusterLoadAssignment`,
  lds: `${prefix}listener.v3.Listener`,
  rds: `${prefix}route.v3.RouteConfiguration`,
  sds: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
};

const kindByTypeUrl: ReadonlyMap<string, XdsKind> = new Map(pushOrder.map((kind) => [typeUrlByKind[kind], kind]));

/** The kind of a type URL; null for types that are not served. */
export const kindOf = (typeUrl: string): XdsKind | null => kindByTypeUrl.get(typeUrl) ?? null;

/** One resource ready to be sent. Equal versions mean equal bytes. */
export interface EncodedResource {
  readonly name: string;
  readonly version: string;
  /** The message itself, without its `Any`. */
  readonly bytes: Uint8Array;
  /** For clusters that get their endpoints by EDS: the name asked for. */
  readonly endpointsName?: string;
}

/** All resources of one type for one proxy. */
export interface EncodedType {
  /** Equal versions mean equal resources. */
  readonly version: string;
  readonly resources: ReadonlyMap<string, EncodedResource>;
}

/** What one proxy is to have. */
export interface EncodedSnapshot {
  /** Revision of the configuration it was made from. */
  readonly revision: number;
  readonly types: Readonly<Record<XdsKind, EncodedType>>;
}
