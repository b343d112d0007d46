import type { Position, ResourceRef } from '../resource/resource.ts';
import type { MessageLevel, MessageType } from './message-types.ts';

/** One fact that a message rests on: a field of a resource, or the absence of one. */
export interface Proof {
  /** Null when the fact is about the whole set, as "no such Service". */
  readonly resource: ResourceRef | null;
  /** Field path in that resource, or `''`. */
  readonly path: string;
  readonly fact: string;
}

/** A diagnostic about a resource: what is wrong, where, why we say so, and what to do. */
export interface Message {
  /** `IST0101`: Istio's code where the matter is Istio's, else ours, `WFT1401`. */
  readonly code: string;
  readonly type: MessageType;
  readonly level: MessageLevel;
  /** Istio's name of the resource: `Kind namespace/name`, or `Kind name` when it has no namespace. */
  readonly origin: string;
  readonly message: string;
  /** Field path of what is wrong, `spec.http[0].route[0].destination.host`. */
  readonly path: string;
  readonly resource: ResourceRef;
  /** Where `path` stands in the user's text; found when it is first read. */
  readonly reference: Position;
  readonly proof: readonly Proof[];
  readonly documentationUrl: string;
  /** Cluster of the resource, or `''` in a mesh of one cluster. */
  readonly cluster: string;
}
