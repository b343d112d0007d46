import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { DiscoveryRequestSchema, DiscoveryResponseSchema, ResourceSchema } from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { StatusSchema } from '@weft/envoy-api/google/rpc/status_pb';
import {
  type DiscoveredResource,
  type DiscoveryProtocol,
  type DiscoveryResponse,
  healthTypeUrl,
  illCode,
  invalidArgument,
  type ProtocolOptions,
} from './discovery-protocol.ts';
import { readResource } from './read-resource.ts';
import { kindOf, type ResourceKind, typeUrlByKind } from './resource-kinds.ts';

interface TypeState {
  wanted: ReadonlySet<string> | null;
  /** Of the last response that was accepted; `''` before the first. */
  version: string;
  /** Of the last response at all. */
  nonce: string;
}

/** The state-of-the-world protocol: each request names everything wanted, each response is one version of a type. */
export class SotwProtocol implements DiscoveryProtocol {
  #options: ProtocolOptions;
  #states: Map<string, TypeState> = new Map();
  #isFirst = true;

  constructor(options: ProtocolOptions) {
    this.#options = options;
  }

  subscribe(kind: ResourceKind, wanted: ReadonlySet<string> | null): Uint8Array | null {
    const typeUrl = typeUrlByKind[kind];
    const state = this.#states.get(typeUrl);
    if (state === undefined) {
      if (wanted !== null && wanted.size === 0) return null;
      const fresh = { wanted, version: '', nonce: '' };
      this.#states.set(typeUrl, fresh);
      return this.#request(typeUrl, fresh, null);
    }
    if (isSame(state.wanted, wanted)) return null;
    state.wanted = wanted;
    return this.#request(typeUrl, state, null);
  }

  read(bytes: Uint8Array): DiscoveryResponse {
    const { typeUrl, nonce, versionInfo, resources } = fromBinary(DiscoveryResponseSchema, bytes);
    const kind = kindOf(typeUrl);
    return {
      typeUrl,
      nonce,
      version: versionInfo,
      resources: resources.map(({ typeUrl: type, value }) => unwrap(type, value, { typeUrl, version: versionInfo })),
      removed: [],
      isComplete: kind === 'clusters' || kind === 'listeners',
    };
  }

  answer({ typeUrl, nonce, version }: DiscoveryResponse, problem: string | null): Uint8Array {
    const state = this.#states.get(typeUrl) ?? { wanted: null, version: '', nonce: '' };
    state.nonce = nonce;
    if (problem === null) state.version = version;
    return this.#request(typeUrl, state, problem);
  }

  health(problem: string | null): Uint8Array {
    if (problem === null) return this.#encode({ typeUrl: healthTypeUrl });
    return this.#encode({ typeUrl: healthTypeUrl, errorDetail: create(StatusSchema, { code: illCode, message: problem }) });
  }

  #request(typeUrl: string, { wanted, version, nonce }: TypeState, problem: string | null): Uint8Array {
    return this.#encode({
      typeUrl,
      versionInfo: version,
      responseNonce: nonce,
      resourceNames: [...(wanted ?? [])],
      ...(problem === null ? {} : { errorDetail: create(StatusSchema, { code: invalidArgument, message: problem }) }),
    });
  }

  #encode(request: MessageInitShape<typeof DiscoveryRequestSchema>): Uint8Array {
    const message = create(DiscoveryRequestSchema, request);
    if (this.#isFirst || !this.#options.nodeOnFirstMessageOnly) message.node = fromJson(NodeSchema, this.#options.node);
    this.#isFirst = false;
    return toBinary(DiscoveryRequestSchema, message);
  }
}

const wrapperType = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

/** A resource stands in the response itself, or in a wrapper that gives it a time to live. */
function unwrap(typeUrl: string, value: Uint8Array, response: { typeUrl: string; version: string }): DiscoveredResource {
  if (typeUrl !== wrapperType) return { name: '', version: response.version, typeUrl, value, ttlMs: 0 };
  return { ...readResource(fromBinary(ResourceSchema, value), response.typeUrl), version: response.version };
}

function isSame(a: ReadonlySet<string> | null, b: ReadonlySet<string> | null): boolean {
  if (a === null || b === null) return a === b;
  return a.size === b.size && [...a].every((name) => b.has(name));
}
