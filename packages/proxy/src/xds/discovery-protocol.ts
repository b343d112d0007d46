import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { ResourceKind } from './resource-kinds.ts';

/** What Istio's proxies tell of their application's health. */
export const healthTypeUrl = 'type.googleapis.com/istio.v1.HealthInformation';
/** The code that Istio's agent gives for an application that is ill. */
export const illCode = 500;
/** gRPC's code that a refusal carries. */
export const invalidArgument = 3;

/** One resource of a response. */
export interface DiscoveredResource {
  readonly name: string;
  readonly version: string;
  readonly typeUrl: string;
  /** Null for a heartbeat, which only renews the time to live. */
  readonly value: Uint8Array | null;
  /** 0 = lives until it is removed. */
  readonly ttlMs: number;
}

/** A response, whichever of the two protocols it came by. */
export interface DiscoveryResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly DiscoveredResource[];
  readonly removed: readonly string[];
  /** State of the world: what is not in here and is asked for whole does not exist. */
  readonly isComplete: boolean;
}

/** What the messages of a stream hold besides the subscription. */
export interface ProtocolOptions {
  readonly node: NodeJson;
  readonly nodeOnFirstMessageOnly: boolean;
  /** Versions of what is known already, by name. */
  readonly versions: (kind: ResourceKind) => ReadonlyMap<string, string>;
}

/**
 * The messages of one xDS stream from first to last, without its transport
 * (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). Nonces live as long as the stream.
 */
export interface DiscoveryProtocol {
  /** What to send now that these names are wanted (null = all); null when the server knows already. */
  subscribe(kind: ResourceKind, wanted: ReadonlySet<string> | null): Uint8Array | null;
  /** Reads a response; throws on bytes that are none. */
  read(bytes: Uint8Array): DiscoveryResponse;
  /** Accepts the response, or refuses it with the reason. */
  answer(response: DiscoveryResponse, problem: string | null): Uint8Array;
  /** Says how the application is: null = well. It is no question, and gets no response. */
  health(problem: string | null): Uint8Array;
}
