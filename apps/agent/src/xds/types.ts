import type { XdsKind } from '../api/types.ts';

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
